"""The users of one agent and what records them, as the agent sees them. Instants on the agent's clock, ns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from gradual_common.protocol.batch import Applied, Batch
from gradual_common.protocol.messages import Job, Rows
from gradual_common.protocol.samples import Exemplar, SampleColumns

EndCallback = Callable[[int, int, int, bool], None]
"""Told (group, ordinal, tenure, finished) when a user has ended."""


class Crew(Protocol):
    """Made when the job arrives; told what to do by the pool, and when to seal by the intervals."""

    @property
    def begun(self) -> int:
        """Requests begun so far."""
        ...

    def provide(self, rows: Rows) -> None:
        """Store data rows of slots."""
        ...

    def schedule(self, start: int, interval: int, levels: Sequence[tuple[int, int]]) -> None:
        """Where interval 0 begins, and the (instant, number) of the levels in force and ahead."""
        ...

    def start(self, group: int, ordinal: int, tenure: int) -> None:
        """Seat a user."""
        ...

    def stop(self, group: int, ordinal: int, deadline: int, *, hands_over: bool) -> None:
        """Tell a user to end, at the latest at `deadline`; told again, the earlier deadline holds.

        One that `hands_over` is active until it has finished its iteration.
        """
        ...

    def cut(self) -> None:
        """End every user at once; nobody is told."""
        ...

    def note_level(self, applied: Applied) -> None:
        """A level was put in force; its instants are run time."""
        ...

    def note_loop_lag(self, lag: int) -> None:
        """The loop ran `lag` ns late."""
        ...

    def seal(self, interval: int, offset: int, late_starts: int, last: bool) -> Batch:
        """Everything up to the end of `interval` that is not sealed yet; `offset` is run time − agent clock."""
        ...

    def take_samples(self, offset: int) -> tuple[list[SampleColumns], list[Exemplar]]:
        """Single samples and failed exchanges since the last time; `offset` is run time − agent clock."""
        ...


CrewFactory = Callable[[Job, EndCallback], Crew]
