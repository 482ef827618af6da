"""The recorder of one agent: the frames of its steps and groups, closed on time and sealed into batches.

A closed frame waits until `seal` turns it, with its neighbours of the same interval, into columns. See `frames` for
what a frame is, `step_record` and `group_meter` for what is measured in it, `sealing` for the columns.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence

from gradual_agent.recording.frames import ClosedFrame
from gradual_agent.recording.group_meter import GroupMeter
from gradual_agent.recording.metric_record import MetricRecords
from gradual_agent.recording.sealing import columns_of
from gradual_agent.recording.single_samples import SampleLog
from gradual_agent.recording.step_record import StepRecord
from gradual_agent.recording.transaction_record import TransactionRecord
from gradual_common.clock import NEVER
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Applied, Batch, Frame, Health
from gradual_common.protocol.messages import DRAIN_LEVEL


class Recorder:
    """Everything that one agent measures."""

    def __init__(self, index: SeriesIndex, clock: Callable[[], int], log: SampleLog | None = None) -> None:
        self.index = index
        self.boundary = NEVER
        """The end of the open frame on the agent's clock, ns."""
        self.begun = 0
        """Requests begun so far, over all frames."""
        self.log = log
        """Every single sample, if a reporter wants them; else None."""
        self.steps = [
            StepRecord(self, step.number, index.failures)
            if log is None
            else log.record_of(self, step.number, index.failures)
            for step in index.steps
        ]
        self.groups = [GroupMeter(self) for _ in index.groups]
        self.transactions = [TransactionRecord(self, series.number) for series in index.transactions]
        self.metrics = MetricRecords(self, index.metrics, clock)
        self.unread_meter = GroupMeter(self)
        """Takes requests and think times of stopping users; never read, so the step code treats all users alike."""
        self._loop_lags = array("q")
        self._start_lags = array("q")
        self._clock = clock
        self._start = 0
        self._length = 0
        self._levels: list[tuple[int, int]] = []
        self._level = DRAIN_LEVEL
        self._interval = 0
        self._frame_start = 0
        self._closed: list[ClosedFrame] = []
        self._applied: list[Applied] = []
        self._batches = 0
        self._sealed_until: int | None = None

    def schedule(self, start: int, interval: int, levels: Sequence[tuple[int, int]]) -> None:
        """Interval k covers `start` + k·`interval` on; `levels` are (instant, number); all in agent time.

        A later call keeps the open frame: a corrected start moves only the frames after it. A level whose instant has
        passed starts now, as its users are started and stopped now.
        """
        now = self._clock()
        has_started = self._length > 0 and now >= self._frame_start
        self._start, self._length = start, interval
        self._levels = sorted(levels)
        if has_started:
            self._forget_past_levels(now)
        else:
            self._open_first(now)
        self._set_boundary()

    def _open_first(self, now: int) -> None:
        """The first frame starts with its interval, even if the agent joins in the middle of it."""
        self._interval = max(0, (now - self._start) // self._length)
        self._frame_start = self._start + self._interval * self._length
        self._level = self._levels[0][1] if self._levels else DRAIN_LEVEL
        self._enter_levels(max(now, self._frame_start))

    def _enter_levels(self, now: int) -> None:
        """Take the last of the levels that have started."""
        while self._levels and self._levels[0][0] <= now:
            self._level = self._levels.pop(0)[1]

    def _forget_past_levels(self, now: int) -> None:
        """Keep only the last of the levels that have started; if it is not the open frame's, it starts now."""
        # - The level in force is usually that of the open frame. Then nothing is done: a new start would split the
        #   frame, and with it every histogram of the interval.
        # - An agent that was paused, or got its orders late, did not apply the level at its instant. The pool applies
        #   it now, from the same orders, so it starts now here too: a frame holds what was measured while the users of
        #   one level were active, even where the schedule says otherwise.
        # - The level cannot start before the open frame, which may have been opened for a start that has moved since.
        latest = None
        while self._levels and self._levels[0][0] <= now:
            latest = self._levels.pop(0)[1]
        if latest is not None and latest != self._level:
            self._levels.insert(0, (max(now, self._frame_start), latest))

    def _set_boundary(self) -> None:
        boundary = self._start + (self._interval + 1) * self._length
        if self._levels:
            boundary = min(boundary, self._levels[0][0])
        self.boundary = max(boundary, self._frame_start)

    def roll(self, now: int) -> None:
        """Close every frame that has ended by `now`."""
        while now >= self.boundary:
            end = self.boundary
            self._close(end)
            # The frame ended with its interval, or before it, at the start of a level.
            if end >= self._start + (self._interval + 1) * self._length:
                self._interval += 1
            self._enter_levels(end)
            self._set_boundary()

    def _close(self, end: int) -> None:
        """Close the open frame; a frame without length is dropped, and its counts go into the next."""
        if end == self._frame_start:
            return
        groups = [meter.take(end) for meter in self.groups]
        steps = [frame for record in self.steps if (frame := record.take()) is not None]
        transactions = [(record.number, *row) for record in self.transactions for row in record.take()]
        metrics = self.metrics.take()
        closed = ClosedFrame(self._interval, self._level, self._frame_start, end, groups, steps, transactions, metrics)
        self._closed.append(closed)
        if self.log is not None:
            self.log.close_frame(self._level)
        self._frame_start = end

    def loop_lag(self, lag: int) -> None:
        """The loop ran `lag` ns late. Not counted before the schedule starts, as the agent then prepares the plan."""
        if self._length and self._clock() >= self._start:
            self._loop_lags.append(max(0, lag))

    def start_late(self, lag: int) -> None:
        """A user continued `lag` ns after the end of its think time."""
        self._start_lags.append(max(0, lag))

    def note_level(self, applied: Applied) -> None:
        """A level was applied; its instants are run time."""
        self._applied.append(applied)

    def seal(self, interval: int, offset: int, health: Health, last: bool = False) -> Batch:
        """Everything up to the end of `interval` that is not sealed yet; up to now in the last batch.

        `offset`: run time − agent clock. Batches are numbered 1, 2, ….
        """
        frames = self._take_frames(interval, last)
        self._batches += 1
        batch = Batch(
            number=self._batches,
            interval=interval,
            last=last,
            frames=tuple(self._in_run_time(frames, offset)),
            health=health,
            applied=tuple(self._applied),
            **columns_of(self.index, frames, self._loop_lags, self._start_lags),
        )
        self._applied = []
        self._loop_lags, self._start_lags = array("q"), array("q")
        return batch

    def _take_frames(self, interval: int, last: bool) -> list[ClosedFrame]:
        if not self._length:
            return []
        until = max(self._clock(), self._frame_start) if last else self._start + (interval + 1) * self._length
        self.roll(until)
        if last:
            self._close(until)
        frames = [frame for frame in self._closed if last or frame.interval <= interval]
        self._closed = self._closed[len(frames) :]
        return frames

    def _in_run_time(self, frames: Sequence[ClosedFrame], offset: int) -> Iterator[Frame]:
        """The frames in run time; each starts where the last one ended."""
        # The offset may change between two batches. Frames would then overlap or leave a gap.
        for frame in frames:
            start = frame.start + offset if self._sealed_until is None else self._sealed_until
            self._sealed_until = max(start, frame.end + offset)
            yield Frame(frame.level, start, self._sealed_until)
