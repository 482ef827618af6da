"""Branches: `if` and `choose`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Sequence
from decimal import Decimal
from itertools import accumulate
from math import ceil, gcd

from gradual_agent.recording.step_record import StepRecord
from gradual_agent.users.flow.node import Node, Performer, ended
from gradual_common.schedule.slots import slot_order
from gradual_common.templates.templates import Condition

MAX_ROUND = 10_000
"""Passes after which a choice in turn begins again, if the weights have no shorter round."""


class IfHolds(Node):
    """One of two branches, by a condition."""

    __slots__ = ("_condition", "_else", "_record", "_then")

    def __init__(self, condition: Condition, then: Node, otherwise: Node, record: StepRecord) -> None:
        self._condition = condition
        self._then = then
        self._else = otherwise
        self._record = record

    def run(self, user: Performer) -> Awaitable[bool]:
        """Evaluate the condition; one that cannot be evaluated is a failure, and neither branch is performed."""
        # Where nothing is to be waited for, the branch itself is returned: a coroutine around it would take 0.2 µs.
        if user.wait:
            return self._rest_and_run(user)
        try:
            chosen = self._then if self._condition.holds(user.scope) else self._else
        except Exception as error:
            return ended(user.fail(self._record, error))
        return chosen.run(user)

    async def _rest_and_run(self, user: Performer) -> bool:
        return await user.rest() and await self.run(user)


class ChosenAtRandom(Node):
    """One of several branches, each with a probability by its weight."""

    __slots__ = ("_branches", "_edges")

    def __init__(self, branches: Sequence[Node], weights: Sequence[float]) -> None:
        total = sum(weights)
        self._branches = tuple(branches)
        # A share is rounded to a multiple of 2⁻³².
        self._edges = [ceil(edge / total * 2**32) for edge in accumulate(weights)][:-1]

    def run(self, user: Performer) -> Awaitable[bool]:
        """Perform one branch; takes half a word of the slot's stream."""
        return self._branches[bisect_right(self._edges, user.random.half())].run(user)


class ChosenInTurn(Node):
    """One of several branches, dealt in turn, so that a round holds the weights exactly.

    The branches of a round are spread by Webster's method (`schedule.slots`). Each user begins one place later than the
    user in the slot before it: so the weights hold over the users of one instant, too.
    """

    __slots__ = ("_branches", "_round")

    def __init__(self, branches: Sequence[Node], weights: Sequence[float]) -> None:
        self._branches = tuple(branches)
        self._round = round_of(weights)

    def run(self, user: Performer) -> Awaitable[bool]:
        """Perform one branch."""
        place = (user.ordinal + user.passes_of(self)) % len(self._round)
        return self._branches[self._round[place]].run(user)


def round_of(weights: Sequence[float]) -> list[int]:
    """The branches of one round in order, each as often as its weight says: [2, 1] → [0, 1, 0]."""
    exact = [Decimal(str(weight)) for weight in weights]
    scale = 10 ** max(0, *(-int(weight.as_tuple().exponent) for weight in exact))
    whole = [int(weight * scale) for weight in exact]
    divisor = gcd(*whole)
    whole = [weight // divisor for weight in whole]
    return slot_order(whole, min(sum(whole), MAX_ROUND))
