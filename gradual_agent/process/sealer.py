"""When this agent's batches are sealed: one at the end of each interval, and the last one when all users have ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradual_agent.coordination.events import Sealed
from gradual_agent.coordination.outbox import Intervals
from gradual_agent.coordination.session import Session
from gradual_agent.master_link.samples import SampleLink
from gradual_common.clock import NEVER
from gradual_common.protocol.messages import Orders

if TYPE_CHECKING:
    from gradual_agent.process.plan_run import PlanRun  # Heavy: loaded after the Hello.


class BatchSealer:
    """Seals what the plan measured, and gives each batch to `give`.

    `queue` runs a task after those that wait. The session takes each batch before the next one is sealed, so whether
    its outbox is full is known every time.
    """

    def __init__(
        self,
        session: Session,
        samples: SampleLink,
        clock: Callable[[], int],
        queue: Callable[[Callable[[], None]], None],
        give: Callable[[Sealed], None],
    ) -> None:
        self._session = session
        self._samples = samples
        self._clock = clock
        self._queue = queue
        self._give = give
        self._run: PlanRun | None = None
        self._intervals: Intervals | None = None
        """None before orders with levels, and after the last batch."""
        self._is_over = False
        """Whether the last batch is sealed."""

    @property
    def next_deadline(self) -> int:
        """The run time at which an interval ends, ns; `NEVER` while none is to be sealed."""
        # A full outbox takes no batch, so the end of an interval is no reason to wake.
        if self._intervals is None or self._session.outbox.is_full:
            return NEVER
        return self._intervals.end_of(self._intervals.next)

    @property
    def _offset(self) -> int:
        return self._session.offset or 0

    def _run_time(self) -> int:
        return self._clock() + self._offset

    def schedule(self, run: PlanRun, orders: Orders) -> None:
        """Give the recorder its boundaries on the agent's clock, by the present orders and offset."""
        offset, welcome = self._session.offset, self._session.welcome
        if offset is None or welcome is None or self._is_over or not orders.levels:
            return
        self._run = run
        if self._intervals is None or self._intervals.start != orders.start:
            self._intervals = Intervals(orders.start, welcome.interval, self._run_time())
        levels = [(level.apply_at - offset, level.number) for level in orders.levels]
        run.schedule(orders.start - offset, welcome.interval, levels)

    def seal_ended(self) -> None:
        """Seal every interval that has ended, while the outbox has room; after a pause there are many."""
        if self._seal_next():
            self._queue(self.seal_ended)

    def seal_last(self) -> None:
        """All users have ended: seal everything that is left."""
        if self._seal_next():
            self._queue(self.seal_last)
            return
        if self._intervals is None:
            return
        intervals, self._intervals, self._is_over = self._intervals, None, True
        # Sent at once: nothing follows it.
        self._seal(intervals.next, self._clock(), last=True)

    def _seal_next(self) -> bool:
        """Seal one interval. With a full outbox, its measurements go into the next batch that finds room."""
        intervals, welcome = self._intervals, self._session.welcome
        if intervals is None or self._session.outbox.is_full or not intervals.take_ended(self._run_time()):
            return False
        assert welcome is not None, "orders come after the welcome"
        # Agents send at different offsets after the end of an interval, so that the master does not get all batches of
        # a large fleet at once.
        interval = intervals.next - 1
        self._seal(interval, intervals.end_of(interval) - self._offset + welcome.batch_offset, last=False)
        return True

    def _seal(self, interval: int, send_at: int, *, last: bool) -> None:
        assert self._run is not None, "intervals come with the run"
        batch = self._run.seal(interval, self._offset, last)
        self._samples.send(*self._run.take_samples(self._offset))
        self._give(Sealed(batch, send_at))
