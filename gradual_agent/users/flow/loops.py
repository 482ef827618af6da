"""Loops: `repeat` and `while`."""

from __future__ import annotations

from gradual_agent.recording.step_record import StepRecord
from gradual_agent.users.flow.node import Node, Performer
from gradual_common.errors import TemplateError
from gradual_common.plan.model.step_values import MAX_PASSES
from gradual_common.templates.compiled import Compiled
from gradual_common.templates.templates import Condition

PASSES_PER_TURN = 256
"""After so many passes a loop gives the event loop a turn: steps that never wait must not stop all other users."""


class Repeated(Node):
    """Steps that are performed a number of times: always the same one, or one from a range."""

    __slots__ = ("_body", "_high", "_low")

    def __init__(self, body: Node, low: int, high: int) -> None:
        self._body = body
        self._low = low
        self._high = high

    async def run(self, user: Performer) -> bool:
        """Perform the passes. A range takes one draw of the slot's stream."""
        passes = self._low if self._low == self._high else user.random.integer(self._low, self._high)
        return await repeat(user, self._body, passes)


class RepeatedBy(Node):
    """Steps that are performed as often as an expression says."""

    __slots__ = ("_body", "_passes", "_record")

    def __init__(self, body: Node, passes: Compiled, record: StepRecord) -> None:
        self._body = body
        self._passes = passes
        self._record = record

    async def run(self, user: Performer) -> bool:
        """Evaluate the expression once, and perform the passes; a value that is no number of passes is a failure."""
        if not await user.rest():
            return False
        try:
            passes = read_passes(self._passes.render(user.scope))
        except TemplateError as error:
            return user.fail(self._record, error)
        return await repeat(user, self._body, passes)


def read_passes(value: object) -> int:
    """The value of an expression as a number of passes; TemplateError for anything else."""
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_PASSES:
        raise TemplateError(f"repeat is {value!r:.60}; a whole number from 0 to {MAX_PASSES:,} is expected")
    return value


async def repeat(user: Performer, body: Node, passes: int) -> bool:
    """Perform `passes` passes of a loop."""
    perform, argument = body.bind(user)
    for number in range(1, passes + 1):
        if not await perform(argument):
            return False
        if number % PASSES_PER_TURN == 0 and not await user.rest():
            return False
    return True


class WhileHolds(Node):
    """Steps that are performed as long as a condition holds, up to a number of passes."""

    __slots__ = ("_body", "_condition", "_most", "_record")

    def __init__(self, body: Node, condition: Condition, most: int, record: StepRecord) -> None:
        self._body = body
        self._condition = condition
        self._most = most
        self._record = record

    async def run(self, user: Performer) -> bool:
        """Evaluate the condition before each pass. A condition that cannot be evaluated is a failure and ends it."""
        perform, argument = self._body.bind(user)
        for number in range(1, self._most + 1):
            # The wait after the last step comes before the condition: it may depend on the time.
            if (user.wait or number % PASSES_PER_TURN == 0) and not await user.rest():
                return False
            try:
                if not self._condition.holds(user.scope):
                    return True
            except Exception as error:
                return user.fail(self._record, error)
            if not await perform(argument):
                return False
        return True
