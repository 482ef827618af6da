"""Slot order: how many users each group has at a target, and which group gains the next one.

Webster's method (Sainte-Laguë): slot k of a group with weight w has the claim (2k − 1)/w, and the smallest claims are
filled first, ties in file order. So the order of the slots does not depend on the total, and the method is
house-monotone: one user more adds a slot and moves none. At a total of Σw every group has exactly its weight.

Source: M. L. Balinski, H. P. Young, "Fair Representation", 2nd ed., Brookings 2001, chapter 9 and appendix A.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice


def apportion(weights: Sequence[int], total: int) -> tuple[int, ...]:
    """Slots per weight; they sum to `total`. O(n log n) in the number of weights, for every total.

    Raises ValueError for a negative weight or total, and for a positive total over weights that are all zero.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"weights {list(weights)} and total {total}: none may be negative")
    weight_sum = sum(weights)
    if total > 0 and weight_sum == 0:
        raise ValueError(f"{total} users cannot be shared among weights that are all zero")
    if total == 0:
        return (0,) * len(weights)
    # Why Webster, and not the largest remainders: with those a group can lose a user when one is added (the Alabama
    # paradox), and a ramp would stop users on its way up. Webster's order of slots does not depend on the total, so
    # the level of 10 users is a part of the level of 11, independent of the levels that follow.
    #   Filling the slots one by one would take `total` steps. Webster's method is also: there is a divisor d for which
    # all the quotas w/d, rounded, add up to the total. Σw/total is close to that d. Rounded at it, each count is off
    # by a half at most, and the sum by half the number of weights; these few users are then given to the smallest
    # claims, or taken from the largest, which is what the right divisor would have done.
    #   All in integers and fractions: with floats a tie between two groups would go by rounding errors, and not by
    # their order in the file.
    counts = [(2 * weight * total + weight_sum) // (2 * weight_sum) for weight in weights]
    surplus = sum(counts) - total
    if surplus > 0:
        _remove_last(weights, counts, surplus)
    for gaining in islice(_next_slots(weights, counts), max(0, -surplus)):
        counts[gaining] += 1
    return tuple(counts)


def slot_order(weights: Sequence[int], total: int) -> list[int]:
    """The weight that gains each of the first `total` slots, in order; at Σw each weight has gained itself."""
    return list(islice(_next_slots(weights, [0] * len(weights)), total))


def _next_slots(weights: Sequence[int], counts: Sequence[int]) -> Iterator[int]:
    """The group that gains each slot after `counts`, without end: the smallest claim first."""
    claims = [(Fraction(2 * counts[i] + 1, weight), i) for i, weight in enumerate(weights) if weight > 0]
    heapq.heapify(claims)
    while claims:
        claim, i = claims[0]
        yield i
        heapq.heapreplace(claims, (claim + Fraction(2, weights[i]), i))


def _remove_last(weights: Sequence[int], counts: list[int], surplus: int) -> None:
    """Take away the `surplus` largest claims that have a slot; of equal ones the last in order."""
    heap = [(Fraction(1 - 2 * counts[i], weight), -i) for i, weight in enumerate(weights) if counts[i] > 0]
    heapq.heapify(heap)
    for _ in range(surplus):
        _, negative = heap[0]
        i = -negative
        counts[i] -= 1
        heapq.heapreplace(heap, (Fraction(1 - 2 * counts[i], weights[i]), negative))
