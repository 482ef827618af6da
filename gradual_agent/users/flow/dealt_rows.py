"""An iteration that uses up a row of each data set with `per: iteration`.

It wraps the behaviour of groups that have such a set; other groups pay nothing for it. While no row is there, the user
thinks: that is no time of the system, but it is a part of the iteration's time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from gradual_agent.coordination.supplies import NONE_YET, USED_UP, AgentSupply
from gradual_agent.users.flow.node import Node
from gradual_common.plan.model.plan import DataSet


class RowUser(Protocol):
    """The user, as this node sees it."""

    ordinal: int

    def now(self) -> int:
        """The agent's clock, ns."""

    async def await_row(self, supply: AgentSupply) -> bool:
        """Wait until a row may be there; False if the user must end."""

    def use_row(self, name: str, row: dict[str, Any]) -> None:
        """Let templates read the row in this iteration."""

    def run_out(self, reason: str, *, aborts: bool) -> bool:
        """No row is left: the slot ends for good, or the whole run ends."""


class WithRows(Node):
    """Takes the rows, then performs an iteration. `keep` gets each row, so that failures can be masked by it."""

    __slots__ = ("_body", "_keep", "_sources")

    def __init__(
        self,
        body: Any,
        sources: Mapping[str, tuple[DataSet, AgentSupply]],
        keep: Callable[[int, str, dict[str, Any]], None],
    ) -> None:
        self._body = body
        self._sources = tuple((name, data, supply) for name, (data, supply) in sources.items())
        self._keep = keep

    async def run(self, user: Any) -> bool:
        """Perform it; whether the next iteration may follow."""
        for name, data, supply in self._sources:
            row = supply.take(user.now())
            while row is NONE_YET:
                if not await user.await_row(supply):
                    return False
                row = supply.take(user.now())
            if row is USED_UP:
                reason = f"the rows of {name!r} ({data.file}) are used up"
                return bool(user.run_out(reason, aborts=data.on_exhausted == "abort"))
            self._keep(user.ordinal, name, row)
            user.use_row(name, row)
        return bool(await self._body.run(user))
