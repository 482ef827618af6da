"""Reporters at work: each in a thread of its own, behind a queue that never makes the run wait.

    run ──post──▶ queue ──▶ thread ──▶ reporter          (one queue, one thread, one reporter)

Whatever a reporter does, blocks in or raises concerns itself only. One that raises is named with its error and called
no more, for what it counted is no longer whole; one that is too slow misses what finds no room, and learns how much;
one that does not come to an end is left behind. A report that could not be written is a warning in the verdict, and
exit code 3.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Queue

import structlog

from gradual_common.process.exit_codes import of_lost_results
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.interface.samples import SampleBlock
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

MOST_SAMPLES = 400_000
"""Single samples that wait for one reporter, about 12 MB: 20 s of 20,000 a second."""

MOST_EVENTS = 1000
"""Intervals and news that wait for one reporter: more than a quarter of an hour of them."""

END_TIMEOUT_S = 60.0
"""How long the end of a run waits for one reporter."""

ABORT_TIMEOUT_S = 5.0
"""How long it does when the run was given up."""


class ReporterThread:
    """One reporter with its queue and its thread.

    The run's event loop posts calls and must never wait for a reporter, so the queue itself has no bound and `put`
    waits for nobody. Its bound are two counts, one of events and one of samples, for a second brings one interval but
    may bring 20,000 samples: a call that finds no room is not posted, and counted as dropped. What waits is what was
    posted less what was taken. The loop alone writes the one count and the thread alone the other, so that neither
    needs a lock; a count of taken calls that is read too early is too low, which drops a call more and never keeps
    one too many.
    """

    def __init__(self, reporter: Reporter, most_samples: int = MOST_SAMPLES, most_events: int = MOST_EVENTS) -> None:
        self.reporter = reporter
        self.name = type(reporter).__name__
        # What is only like a reporter, of no class of ours, may follow a run too: it has the six methods of its events.
        self._is_derived = isinstance(reporter, Reporter)
        self.wants_samples = self._is_derived and reporter.wants_samples()
        self.ends_last = self._is_derived and reporter.ends_last
        self.dropped_samples = 0
        self.dropped_events = 0
        self.loss: str | None = None
        """What could not be written, once it has ended."""
        self._most_samples = most_samples
        self._most_events = most_events
        self._posted_samples = self._posted_events = 0
        self._taken_samples = self._taken_events = 0
        self._queue: Queue[tuple[Callable[[], object], int, int] | None] = Queue()
        """Calls, each with how many events and how many samples it takes of the room; None is the end."""
        self._has_failed = False
        self._log = structlog.get_logger("gradual.reporting")
        # A thread that is left behind must not keep the process.
        self._thread = threading.Thread(target=self._work, name=f"reporter {self.name}", daemon=True)
        self._thread.start()

    def post(self, call: Callable[[], object]) -> None:
        """Let the thread make a call when its turn comes, if there is room for it."""
        if self._posted_events - self._taken_events < self._most_events:
            self._put_event(call)
        else:
            self.dropped_events += 1

    def post_samples(self, block: SampleBlock) -> None:
        """Let the reporter have samples, if there is room for them."""
        count = len(block)
        if self._posted_samples - self._taken_samples + count <= self._most_samples:
            self._posted_samples += count
            self._queue.put((partial(self.reporter.on_samples, block), 0, count))
        else:
            self.dropped_samples += count

    def missing(self, summary: Summary) -> int:
        """How many of the requests it does not get: there was no room, or they were lost on the way from an agent."""
        if not self.wants_samples:
            return 0
        return max(self.dropped_samples, summary.totals.requests - self._posted_samples)

    def finish(self, summary: Summary, files: Sequence[Path]) -> None:
        """The last call; there is always room for that. `files`: what those before it wrote."""
        self._put_event(partial(self._complete, summary, self.missing(summary), files))

    async def ended(self, timeout_s: float) -> bool:
        """Nothing more comes: wait for the thread's end; whether it came."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, timeout_s)
        return not self._thread.is_alive()

    @property
    def written(self) -> Sequence[Path]:
        """What it wrote, once it has ended; nothing is said of what a reporter that failed may have left."""
        return self.reporter.written if self._is_derived and not self._has_failed else ()

    def _put_event(self, call: Callable[[], object]) -> None:
        self._posted_events += 1
        self._queue.put((call, 1, 0))

    def _work(self) -> None:
        """What the thread does, to its end."""
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
            self.loss = describe_loss(self.name, error)
            self._log.error(self.loss)
        except BaseException:  # SystemExit, too: rich raises it where standard output is gone
            self._has_failed = True
            self._log.exception(f"reporter {self.name} failed and is left out")

    def _complete(self, summary: Summary, missing: int, files: Sequence[Path]) -> None:
        if missing:
            self.reporter.metrics.dropped += missing
        if self.ends_last:
            self.reporter.receive_files(files)
        self.reporter.on_test_complete(summary)


def prepare_all(reporters: Sequence[Reporter]) -> None:
    """Let each get ready; ReporterError from the first that cannot, and nothing that others took is kept."""
    try:
        for reporter in reporters:
            reporter.prepare()
    except BaseException:
        for reporter in reporters:
            reporter.close()
        raise


class ReporterThreads:
    """All reporters of a run. Nothing but the end waits for any of them."""

    def __init__(self, reporters: Sequence[Reporter], timeout_s: float = END_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._threads = [ReporterThread(reporter) for reporter in reporters]
        self._log = structlog.get_logger("gradual.reporting")

    @property
    def want_samples(self) -> bool:
        """Whether any of them follows single requests."""
        return any(thread.wants_samples for thread in self._threads)

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule is about to begin."""
        for thread in self._threads:
            thread.post(partial(thread.reporter.on_test_start, run))

    def on_interval(self, interval: IntervalRecord) -> None:
        """An interval is closed."""
        for thread in self._threads:
            thread.post(partial(thread.reporter.on_interval, interval))

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
        """Let each have the summary and end, one after the other, so that what they print stands in their order.

        The summary, with what could not be written; whoever ends last gets it so, too.
        """
        files: list[Path] = []
        losses: list[str] = []
        for thread in sorted(self._threads, key=lambda thread: thread.ends_last):
            self._warn_of_missing(thread, thread.missing(summary))
            thread.finish(with_losses(summary, losses), tuple(files))
            if await self._has_ended(thread, self._timeout_s):
                files += thread.written
            losses += [thread.loss] if thread.loss is not None else []
        self._threads = []
        return with_losses(summary, losses)

    async def close(self) -> None:
        """The run is given up: let all of them end."""
        for thread in self._threads:
            await self._has_ended(thread, min(ABORT_TIMEOUT_S, self._timeout_s))
        self._threads = []

    async def _has_ended(self, thread: ReporterThread, timeout_s: float) -> bool:
        has_ended = await thread.ended(timeout_s)
        if not has_ended:
            self._log.error(f"reporter {thread.name} is still busy after {timeout_s:g} s and is left behind")
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
    place = f" {error.filename}" if isinstance(error.filename, str) else ""
    return f"a report is missing: {reporter} could not write{place}: {error.strerror or error}"


def with_losses(summary: Summary, losses: Sequence[str]) -> Summary:
    """The same, with a warning for each missing report, and exit code 3: a pipeline that goes on without it must know.

    What was measured is judged as before.
    """
    if not losses:
        return summary
    verdict, run = summary.verdict, summary.run
    code = of_lost_results(verdict.code)
    return replace(
        summary,
        verdict=replace(verdict, code=code, warnings=(*verdict.warnings, *losses)),
        run=replace(run, exit_code=code),
    )
