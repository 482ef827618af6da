"""Steps that perform nothing: `sleep` and `set`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradual_agent.recording.step_record import StepRecord
from gradual_agent.users.flow.node import Node, Performer
from gradual_common.templates.compiled import Compiled
from gradual_common.think_times.think_time import ThinkTime


class Pause(Node):
    """A deliberate wait, before the next step of its user.

    It is added to the think time that is due, so that both are one wait.
    """

    __slots__ = ("_fixed", "_wait_at")

    def __init__(self, length: ThinkTime | None) -> None:
        self._fixed = length.fixed if length else 0
        self._wait_at = length.compile() if length else None

    def add_to(self, user: Performer) -> None:
        """Let the user wait before its next step; takes one draw of the slot's stream unless it is always the same."""
        if self._fixed is None:
            assert self._wait_at is not None, "a length is always the same or drawn"
            user.wait += self._wait_at(user.random.unit())
        else:
            user.wait += self._fixed

    async def run(self, user: Performer) -> bool:
        """As a step of its own."""
        self.add_to(user)
        return True


class SetValues(Node):
    """Variables that are computed, in order: each may read the ones before it."""

    __slots__ = ("_record", "_values")

    def __init__(self, values: Mapping[str, Compiled], record: StepRecord) -> None:
        self._values = tuple(values.items())
        self._record = record

    async def run(self, user: Performer) -> bool:
        """Set them; at the first that cannot be computed the step has failed, and the rest is not set."""
        if user.wait and not await user.rest():
            return False
        scope: dict[str, Any] = user.scope
        try:
            for name, value in self._values:
                scope[name] = value.render(scope)
        except Exception as error:
            return user.fail(self._record, error)
        return True
