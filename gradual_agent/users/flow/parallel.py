"""Steps that one user performs at the same time, as a browser does.

The user counts once, as in a request, until the last of them has ended. What one of the steps sets is seen by the
others only then; `response` is that of the step that is listed last, whichever ended last.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradual_agent.users.flow.node import Node
from gradual_agent.users.flow.values import Pause
from gradual_agent.users.lanes import LaneSet
from gradual_agent.users.step_runner import StepRunner


class Simultaneous(Node):
    """Parts that are performed at the same time, at most `connections` of them."""

    __slots__ = ("_after", "_connections", "_parts")

    def __init__(self, parts: Sequence[Node], connections: int, after: Pause) -> None:
        self._parts = tuple(parts)
        self._connections = connections
        self._after = after

    async def run(self, user: StepRunner) -> bool:
        """Perform them all; whether the next part may follow."""
        if user.wait and not await user.rest():
            return False
        goes_on = await user.perform_together(user.lanes or LaneSet(user), self._parts, self._connections)
        self._after.add_to(user)
        return goes_on
