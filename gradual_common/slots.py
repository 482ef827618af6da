"""Slot order: how many users each group has at a target, and which slot comes next.

Webster's method (Sainte-Laguë): seat k of a group with weight w has the claim (2k − 1)/w, and the smallest claims are
seated first, ties in file order. All seats thus stand in one order that does not depend on the total, so the method is
house-monotone: one user more adds a seat and moves none. At a total of Σw every group has exactly its weight.

Source: M. L. Balinski, H. P. Young, "Fair Representation", 2nd ed., Brookings 2001, chapter 9 and appendix A.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from gradual_common.schedule import Schedule

EXACT_CLAIMS = 2**52
"""While 2·seats·weight is below it, claims that differ do so by more than an ulp: doubles tell them apart."""


def apportion(weights: Sequence[int], total: int) -> tuple[int, ...]:
    """Seats per weight; they sum to `total`. O(n log n) in the number of weights, whatever the total.

    Raises ValueError for a negative weight or total, and for a positive total over weights that are all zero.
    """
    seats = _check_weights(weights, total)
    if total == 0:
        return (0,) * len(weights)
    # Rounding the quotas is Webster's method at the divisor Σw/total; the sum is off by at most half the weights.
    counts = [(2 * weight * total + seats) // (2 * seats) for weight in weights]
    surplus = sum(counts) - total
    if surplus > 0:
        _remove_last(weights, counts, surplus)
    elif surplus < 0:
        _add_next(weights, counts, -surplus)
    return tuple(counts)


def raise_order(weights: Sequence[int], total: int) -> tuple[int, ...]:
    """The weight that gains each of the seats 1 … `total`: the first n of them count up to `apportion(weights, n)`."""
    return tuple(group for group, _ in _order(weights, [0] * len(weights), apportion(weights, total)))


def slot_order(schedule: Schedule) -> tuple[tuple[int, int], ...]:
    """Every slot (group, ordinal) of a schedule in the order in which it is first raised.

    Whatever is raised before a change stands before what that change raises; within one change the order is
    Webster's over the users that it brings.
    """
    order: list[tuple[int, int]] = []
    peak = [0] * len(schedule.groups)
    for change in schedule.changes:
        reached = [max(before, users) for before, users in zip(peak, change.users, strict=True)]
        if reached != peak:
            order.extend(_order(change.users, peak, reached))
            peak = reached
    return tuple(order)


def _check_weights(weights: Sequence[int], total: int) -> int:
    """Σ weights; raises ValueError when there is nothing to share among."""
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"weights {list(weights)} and total {total}: none may be negative")
    seats = sum(weights)
    if total > 0 and seats == 0:
        raise ValueError(f"{total} users cannot be shared among weights that are all zero")
    return seats


def _add_next(weights: Sequence[int], counts: list[int], missing: int) -> None:
    """Seat the `missing` smallest claims that have no seat yet."""
    heap = [(Fraction(2 * counts[i] + 1, weight), i) for i, weight in enumerate(weights) if weight > 0]
    heapq.heapify(heap)
    for _ in range(missing):
        _, i = heap[0]
        counts[i] += 1
        heapq.heapreplace(heap, (Fraction(2 * counts[i] + 1, weights[i]), i))


def _remove_last(weights: Sequence[int], counts: list[int], surplus: int) -> None:
    """Take away the `surplus` largest claims that have a seat; of equal ones the last in order."""
    heap = [(Fraction(1 - 2 * counts[i], weight), -i) for i, weight in enumerate(weights) if counts[i] > 0]
    heapq.heapify(heap)
    for _ in range(surplus):
        _, negative = heap[0]
        i = -negative
        counts[i] -= 1
        heapq.heapreplace(heap, (Fraction(1 - 2 * counts[i], weights[i]), negative))


def _order(weights: Sequence[int], low: Sequence[int], high: Sequence[int]) -> list[tuple[int, int]]:
    """The seats (i, low[i]) … (i, high[i] − 1) of every i, smallest claim first."""
    spans = [(i, np.arange(low[i], high[i], dtype=np.int64)) for i in range(len(weights)) if high[i] > low[i]]
    if not spans:
        return []
    owners = np.concatenate([np.full(len(seats), i, dtype=np.int64) for i, seats in spans])
    seats = np.concatenate([seats for _, seats in spans])
    if 2 * max(high) * max(weights) >= EXACT_CLAIMS:
        raise ValueError(f"{max(high)} seats of weight {max(weights)} are too many to put in order")
    claims = (2 * seats + 1) / np.asarray(weights, dtype=np.int64)[owners]
    order = np.lexsort((owners, claims))
    return list(zip(owners[order].tolist(), seats[order].tolist(), strict=True))
