"""Reporters at work: each in a thread of its own, behind a queue that never makes the run wait.

    run ──post──▶ queue ──▶ thread ──▶ reporter          (one queue, one thread, one reporter)

Whatever a reporter does, blocks in or raises concerns itself only. One that raises is named with its error and told
nothing more, for what it counted is no longer whole; one that is too slow misses what finds no room, and is told how
much; one that does not come to an end is left behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from gradual_master.reporting.interface.base import BaseReporter, Reporter
from gradual_master.reporting.interface.samples import SampleBlock
from gradual_master.reporting.running.missing_reports import describe_loss, with_losses
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

MOST_SAMPLES = 400_000
"""Single samples that wait for one reporter, about 12 MB: 20 s of 20,000 a second."""

MOST_EVENTS = 1000
"""Intervals and news that wait for one reporter: more than a quarter of an hour of them."""

PATIENCE_S = 60.0
"""How long the end of a run waits for one reporter."""

GIVE_UP_S = 5.0
"""How long it does when the run was given up."""


@dataclass(frozen=True, slots=True)
class _Task:
    """Something to be told; `samples` is what it takes of the room for samples."""

    tell: Callable[[], object]
    samples: int = 0


class ReporterThread:
    """One reporter with its queue and its thread."""

    def __init__(self, reporter: Reporter, most_samples: int = MOST_SAMPLES, most_events: int = MOST_EVENTS) -> None:
        self.reporter = reporter
        self.name = type(reporter).__name__
        self.dropped_samples = 0
        self.dropped_events = 0
        self._most_samples = most_samples
        self._most_events = most_events
        self._tasks: deque[_Task | None] = deque()
        self._samples = 0
        self._events = 0
        self._taken_samples = 0
        self._has_failed = False
        self.loss: str | None = None
        """What could not be written, once it has ended."""
        self._changed = threading.Condition()
        self._log = structlog.get_logger("gradual.reporting")
        # A thread that is left behind must not keep the process.
        self._thread = threading.Thread(target=self._work, name=f"reporter {self.name}", daemon=True)
        self._thread.start()

    @property
    def wants_samples(self) -> bool:
        """Whether it follows single requests."""
        return isinstance(self.reporter, BaseReporter) and self.reporter.wants_samples()

    # ── What the run does: never waits ─────────────────────────────────────────────────────────────────────────────

    def post(self, tell: Callable[[], object]) -> None:
        """Let the reporter be told when its turn comes."""
        with self._changed:
            if self._events >= self._most_events:
                self.dropped_events += 1
                return
            self._events += 1
            self._put(_Task(tell))

    def post_samples(self, block: SampleBlock) -> None:
        """Let it be shown samples, if there is room for them."""
        reporter = self.reporter
        if not isinstance(reporter, BaseReporter):
            return
        with self._changed:
            if self._samples + len(block) > self._most_samples:
                self.dropped_samples += len(block)
                return
            self._samples += len(block)
            self._taken_samples += len(block)
            self._put(_Task(lambda: reporter.on_samples(block), len(block)))

    @property
    def speaks_last(self) -> bool:
        """Whether its end comes after that of the others."""
        return isinstance(self.reporter, BaseReporter) and self.reporter.speaks_last

    @property
    def written(self) -> Sequence[Path]:
        """What it wrote, once it has ended; nothing is said of what a reporter that failed may have left."""
        return self.reporter.written if isinstance(self.reporter, BaseReporter) and not self._has_failed else ()

    def missing(self, summary: Summary) -> int:
        """How many of the requests it is not shown: there was no room, or they were lost on the way from an agent."""
        if not self.wants_samples:
            return 0
        return max(self.dropped_samples, summary.totals.requests - self._taken_samples)

    def finish(self, summary: Summary, files: Sequence[Path] = ()) -> None:
        """The last that it is told; there is always room for that. `files`: what those before it wrote."""
        missing = self.missing(summary)
        with self._changed:
            self._events += 1
            self._put(_Task(lambda: self._complete(summary, missing, files)))

    def end(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._put(None)

    def _put(self, task: _Task | None) -> None:
        self._tasks.append(task)
        self._changed.notify()

    async def ended(self, patience_s: float) -> bool:
        """Wait for the thread's end; whether it came."""
        await asyncio.to_thread(self._thread.join, patience_s)
        return not self._thread.is_alive()

    # ── What the thread does ───────────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        while (task := self._next()) is not None:
            if not self._has_failed:
                self._try(task.tell)
        self._try(self.reporter.close)

    def _next(self) -> _Task | None:
        with self._changed:
            while not self._tasks:
                self._changed.wait()
            task = self._tasks.popleft()
            if task is not None:
                self._samples -= task.samples
                self._events -= task.samples == 0
            return task

    def _try(self, tell: Callable[[], object]) -> None:
        try:
            tell()
        except OSError as error:
            self._has_failed = True
            self.loss = describe_loss(self.name, error)
            self._log.error(self.loss)
        except BaseException:  # SystemExit, too: rich raises it where standard output is gone
            self._has_failed = True
            self._log.exception(f"reporter {self.name} failed and is left out")

    def _complete(self, summary: Summary, missing: int, files: Sequence[Path]) -> None:
        if missing and isinstance(self.reporter, BaseReporter):
            self.reporter.metrics.dropped += missing
        if self.speaks_last and isinstance(self.reporter, BaseReporter):
            self.reporter.hear_of_files(files)
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

    def __init__(self, reporters: Iterable[Reporter], patience_s: float = PATIENCE_S) -> None:
        self._hosts = [ReporterThread(reporter) for reporter in reporters]
        self._patience_s = patience_s
        self._log = structlog.get_logger("gradual.reporting")

    @property
    def want_samples(self) -> bool:
        """Whether any of them follows single requests."""
        return any(host.wants_samples for host in self._hosts)

    def start(self, run: RunFacts) -> None:
        """The schedule is about to begin."""
        self._post(lambda reporter: reporter.on_test_start(run))

    def tell_interval(self, interval: IntervalRecord) -> None:
        """An interval is closed."""
        self._post(lambda reporter: reporter.on_interval(interval))

    def tell_news(self, news: News) -> None:
        """Something happened to the fleet."""
        self._post(lambda reporter: reporter.on_news(news))

    def show(self, block: SampleBlock) -> None:
        """Some requests are complete."""
        for host in self._hosts:
            if host.wants_samples:
                host.post_samples(block)

    def _post(self, tell: Callable[[Reporter], Any]) -> None:
        for host in self._hosts:
            host.post(lambda reporter=host.reporter: tell(reporter))  # type: ignore[misc]  # bound in the loop

    async def complete(self, summary: Summary) -> Summary:
        """Tell all of them of the end, one after the other, so that what they print stands in their order.

        The summary, with what could not be written; whoever speaks last is told so too.
        """
        files: list[Path] = []
        losses: list[str] = []
        for host in sorted(self._hosts, key=lambda host: host.speaks_last):
            if missing := host.missing(summary):
                self._say_missing(host, missing)
            host.finish(with_losses(summary, losses), tuple(files))
            if await self._close(host, self._patience_s):
                files += host.written
            losses += [host.loss] if host.loss is not None else []
        self._hosts = []
        return with_losses(summary, losses)

    async def close(self) -> None:
        """The run is given up: let all of them end."""
        for host in self._hosts:
            await self._close(host, min(GIVE_UP_S, self._patience_s))
        self._hosts = []

    async def _close(self, host: ReporterThread, patience_s: float) -> bool:
        """Let it end; whether it did."""
        host.end()
        has_ended = await host.ended(patience_s)
        if not has_ended:
            self._log.error(f"reporter {host.name} is still busy after {patience_s:g} s and is left behind")
        elif host.dropped_events:
            self._log.warning(f"reporter {host.name} was too slow and missed {host.dropped_events} intervals and news")
        return has_ended

    def _say_missing(self, host: ReporterThread, missing: int) -> None:
        if host.dropped_samples:
            self._log.warning(
                f"reporter {host.name} was too slow and was not shown {host.dropped_samples:,} of the requests"
            )
        if lost := missing - host.dropped_samples:
            self._log.warning(f"{lost:,} requests were lost on their way to reporter {host.name}; the totals have them")
