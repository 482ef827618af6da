"""Calls reporters, each in a thread of its own with a queue, so that the run never waits for a reporter.

    run ──post──▶ queue ──▶ thread ──▶ reporter          (one queue, one thread, one reporter)

A reporter cannot harm the run or another reporter:

- one that raises is logged with its error and is not called again, since its counts are no longer complete;
- one that is too slow misses the calls that its queue has no room for, and gets their number (`metrics.dropped`);
- one that does not end in time is abandoned: its thread is a daemon.

A report that could not be written is a warning in the verdict, and exit code 3, unless nobody asked for it (the user's
own store).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Queue

import structlog

from gradual_common.process.exit_codes import of_lost_results
from gradual_common.schedule.schedule import Schedule
from gradual_master.errors import StoreError
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.interface.samples import SampleBlock
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

MAX_QUEUED_SAMPLES = 400_000
"""Single samples in the queue of one reporter: about 12 MB, 20 s at 20,000 samples per second."""

MAX_QUEUED_EVENTS = 1000
"""Intervals and news in the queue of one reporter: more than 15 minutes, with one interval per second."""

END_TIMEOUT_S = 60.0
"""How long the end of a run waits for one reporter."""

ABORT_TIMEOUT_S = 5.0
"""How long it waits when the run was aborted."""

NO_CHANGES: Mapping[int, int] = {}
"""Of exit codes: each is the usual one."""


class ReporterThread:
    """One reporter with its queue and its thread.

    The run's event loop posts calls and must never wait for a reporter. So `Queue` has no size limit, and `put` never
    blocks. The limits are two counts, one for events and one for samples, since a second brings one interval but may
    bring 20,000 samples. A call that has no room is counted as dropped.

    Queued = posted − taken. Only the event loop writes the posted counts, and only the thread writes the taken counts,
    so neither needs a lock. A stale taken count is too low: it can only drop one call too many, and never exceeds the
    limit.
    """

    def __init__(
        self, reporter: Reporter, max_samples: int = MAX_QUEUED_SAMPLES, max_events: int = MAX_QUEUED_EVENTS
    ) -> None:
        self.reporter = reporter
        self.name = type(reporter).__name__
        # An object that is not derived from `Reporter` may follow a run too, if it has the six methods of its events.
        self._is_derived = isinstance(reporter, Reporter)
        self.wants_samples = self._is_derived and reporter.wants_samples()
        self.ends_last = self._is_derived and reporter.ends_last
        self.dropped_samples = 0
        self.dropped_events = 0
        self.loss: str | None = None
        """Which report could not be written; set by the thread before it ends."""
        self.is_required = not self._is_derived or reporter.is_required
        self._max_samples = max_samples
        self._max_events = max_events
        self._posted_samples = self._posted_events = 0
        self._taken_samples = self._taken_events = 0
        self._queue: Queue[tuple[Callable[[], object], int, int] | None] = Queue()
        """Calls, each with the number of its events and of its samples; None ends the thread."""
        self._has_failed = False
        self._log = structlog.get_logger("gradual.reporting")
        # A daemon, so that an abandoned thread does not keep the process alive.
        self._thread = threading.Thread(target=self._work, name=f"reporter {self.name}", daemon=True)
        self._thread.start()

    def post(self, call: Callable[[], object]) -> None:
        """Queue a call for the thread; drop it when the queue is full."""
        if self._posted_events - self._taken_events < self._max_events:
            self._put_event(call)
        else:
            self.dropped_events += 1

    def post_samples(self, block: SampleBlock) -> None:
        """Queue samples for the reporter; drop them when the queue is full."""
        count = len(block)
        if self._posted_samples - self._taken_samples + count <= self._max_samples:
            self._posted_samples += count
            self._queue.put((partial(self.reporter.on_samples, block), 0, count))
        else:
            self.dropped_samples += count

    def missing(self, summary: Summary) -> int:
        """How many requests the reporter misses: its queue was full, or an agent's batch of them was lost."""
        if not self.wants_samples:
            return 0
        return max(self.dropped_samples, summary.totals.requests - self._posted_samples)

    def finish(self, summary: Summary, files: Sequence[Path]) -> None:
        """Queue the last call, for which there is always room. `files`: written by the reporters that ended before."""
        self._put_event(partial(self._complete, summary, self.missing(summary), files))

    async def ended(self, timeout_s: float) -> bool:
        """Tell the thread to end after the queued calls, and wait for it; returns whether it has ended."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, timeout_s)
        return not self._thread.is_alive()

    @property
    def written(self) -> Sequence[Path]:
        """The files that it wrote, once it has ended; none of a reporter that failed, since they may be incomplete."""
        return self.reporter.written if self._is_derived and not self._has_failed else ()

    def _put_event(self, call: Callable[[], object]) -> None:
        self._posted_events += 1
        self._queue.put((call, 1, 0))

    def _work(self) -> None:
        """The thread's main function."""
        for call, events, samples in iter(self._queue.get, None):
            self._taken_events += events
            self._taken_samples += samples
            if not self._has_failed:
                self._try(call)
        self._try(self.reporter.close)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except OSError as error:
            self._has_failed = True
            self._lose(describe_loss(self.name, error))
        except StoreError as error:
            self._has_failed = True
            self._lose(f"the run is not stored: {error}")
        except BaseException:  # SystemExit, too: rich raises it where standard output is gone
            self._has_failed = True
            self._log.exception(f"reporter {self.name} failed and is left out")

    def _lose(self, loss: str) -> None:
        self.loss = loss
        self._log.log(logging.ERROR if self.is_required else logging.WARNING, loss)

    def _complete(self, summary: Summary, missing: int, files: Sequence[Path]) -> None:
        if missing:
            self.reporter.metrics.dropped += missing
        if self.ends_last:
            self.reporter.receive_files(files)
        self.reporter.on_test_complete(summary)


def prepare_all(reporters: Sequence[Reporter]) -> None:
    """Prepare every reporter; when one raises ReporterError, all of them are closed."""
    try:
        for reporter in reporters:
            reporter.prepare()
    except BaseException:
        for reporter in reporters:
            reporter.close()
        raise


class ReporterThreads:
    """All reporters of a run. Only `complete` and `close` wait for them."""

    def __init__(
        self,
        reporters: Sequence[Reporter],
        timeout_s: float = END_TIMEOUT_S,
        exit_codes: Mapping[int, int] = NO_CHANGES,
    ) -> None:
        self._exit_codes = exit_codes
        self._timeout_s = timeout_s
        self._threads = [ReporterThread(reporter) for reporter in reporters]
        self._log = structlog.get_logger("gradual.reporting")

    @property
    def want_samples(self) -> bool:
        """Whether any of them follows single requests."""
        return any(thread.wants_samples for thread in self._threads)

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule is about to start."""
        for thread in self._threads:
            thread.post(partial(thread.reporter.on_test_start, run))

    def on_interval(self, interval: IntervalRecord) -> None:
        """An interval is closed."""
        for thread in self._threads:
            thread.post(partial(thread.reporter.on_interval, interval))

    def on_schedule(self, schedule: Schedule) -> None:
        """A search has chosen a level."""
        for thread in self._threads:
            if isinstance(thread.reporter, Reporter):
                thread.post(partial(thread.reporter.on_schedule, schedule))

    def on_news(self, news: News) -> None:
        """Something happened to the fleet."""
        for thread in self._threads:
            thread.post(partial(thread.reporter.on_news, news))

    def on_samples(self, block: SampleBlock) -> None:
        """Some requests are complete."""
        for thread in self._threads:
            if thread.wants_samples:
                thread.post_samples(block)

    async def complete(self, summary: Summary) -> Summary:
        """Give the summary to each reporter and wait for its end; returns the summary with a warning per lost report.

        One reporter after the other, so that their output on the terminal does not mix.
        """
        # Those with `ends_last` (the console) come last: they show which files the others wrote, and which are missing.
        files: list[Path] = []
        losses: list[str] = []
        warnings: list[str] = []
        for thread in sorted(self._threads, key=lambda thread: thread.ends_last):
            self._warn_of_missing(thread, thread.missing(summary))
            thread.finish(with_losses(summary, losses, self._exit_codes, warnings), tuple(files))
            if await self._has_ended(thread, self._timeout_s):
                files += thread.written
            if thread.loss is not None:
                (losses if thread.is_required else warnings).append(thread.loss)
        self._threads = []
        return with_losses(summary, losses, self._exit_codes, warnings)

    async def close(self) -> None:
        """The run was aborted: end all of them."""
        for thread in self._threads:
            await self._has_ended(thread, min(ABORT_TIMEOUT_S, self._timeout_s))
        self._threads = []

    async def _has_ended(self, thread: ReporterThread, timeout_s: float) -> bool:
        has_ended = await thread.ended(timeout_s)
        if not has_ended:
            self._log.error(f"reporter {thread.name} did not finish within {timeout_s:g} s and was abandoned")
        elif dropped := thread.dropped_events:
            self._log.warning(f"reporter {thread.name} was too slow and missed {dropped} intervals and news")
        return has_ended

    def _warn_of_missing(self, thread: ReporterThread, missing: int) -> None:
        name, dropped = thread.name, thread.dropped_samples
        if dropped:
            self._log.warning(f"reporter {name} was too slow and was not shown {dropped:,} of the requests")
        if lost := missing - dropped:
            self._log.warning(f"{lost:,} requests were lost on their way to reporter {name}; the totals have them")


def describe_loss(reporter: str, error: OSError) -> str:
    """Which report is missing, and why."""
    file = f" {error.filename}" if isinstance(error.filename, str) else ""
    return f"a report is missing: {reporter} could not write{file}: {error.strerror or error}"


def with_losses(
    summary: Summary,
    losses: Sequence[str],
    exit_codes: Mapping[int, int] = NO_CHANGES,
    warnings: Sequence[str] = (),
) -> Summary:
    """The summary with a warning for each missing report, and exit code 3, so that a CI pipeline notices.

    `exit_codes` has the codes that the command ends with instead of the usual ones. The status of the verdict and its
    code are unchanged by it. `warnings`: of what is missing that nobody asked for; they change no code.
    """
    if not losses and not warnings:
        return summary
    verdict, run = summary.verdict, summary.run
    all_warnings = (*verdict.warnings, *losses, *warnings)
    if not losses:
        return replace(summary, verdict=replace(verdict, warnings=all_warnings))
    code = of_lost_results(verdict.code)
    return replace(
        summary,
        verdict=replace(verdict, code=code, warnings=all_warnings),
        run=replace(run, exit_code=exit_codes.get(code, code)),
    )
