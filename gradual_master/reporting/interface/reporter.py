"""The interface of reporters: the methods that the run calls, and the metrics that a reporter may keep."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.interface.samples import Request, SampleBlock
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

BUFFERED_LATENCIES = 4096
"""Latencies that wait before they go into the histogram together."""

MAX_LATENCY_S = 2**62 / NS_PER_S
"""146 years: what a histogram's integers can hold."""


class RequestMetrics:
    """What a reporter of single requests counts, in bounded memory: latencies (to within 0.55 %) and status codes."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.dropped = 0
        """Requests that this reporter did not get, because it was too slow or they were lost on their way from an
        agent; what it counts lacks them."""
        self._latencies = Histogram()
        self._new = array("d")

    def record_latency(self, seconds: float) -> None:
        """Count one latency; ValueError for NaN and for values below 0 or above `MAX_LATENCY_S`.

        Measured, with the histogram: 0.3 µs.
        """
        if not 0 <= seconds < MAX_LATENCY_S:
            raise ValueError(f"a latency is a number of seconds from 0 on, not {seconds}")
        self._new.append(seconds)
        if len(self._new) == BUFFERED_LATENCIES:
            self._settle()

    def record_status(self, code: int) -> None:
        """Count one status code; 0 means no response."""
        self.statuses[code] += 1

    @property
    def count(self) -> int:
        """How many latencies were recorded."""
        return self._latencies.count + len(self._new)

    def percentile(self, p: float) -> float | None:
        """The latency, s, that `p` percent stayed at or below; None before the first. ValueError outside [0, 100]."""
        if not 0 <= p <= 100:
            raise ValueError(f"a percentile lies in [0, 100], not at {p}")
        self._settle()
        ns = self._latencies.quantile(p / 100)
        return None if ns is None else ns / NS_PER_S

    def _settle(self) -> None:
        # A numpy call costs some microseconds, for one latency or for thousands. So latencies are buffered, and go into
        # the histogram together when the buffer is full or a percentile is read.
        self._latencies.add_many(np.rint(np.frombuffer(self._new) * NS_PER_S).astype(np.int64))
        self._new = array("d")


class Reporter:
    """Follows a run. `arg` is ARG of `-o NAME=ARG`.

    Its methods are called one after the other, in a thread of its own. An exception is logged, and no method but
    `close` is called after it; the run and the other reporters go on.
    """

    arg: str | None = None

    ends_last: ClassVar[bool] = False
    """Whether it ends after all others; it then gets the files that they wrote (`receive_files`)."""

    is_required: bool = True
    """Whether a run is not done (exit code 3) if what it writes is lost; else that is only a warning."""

    def __init__(self, arg: str | None = None) -> None:
        self.arg = arg

    @cached_property
    def metrics(self) -> RequestMetrics:
        """`record_latency(seconds)`, `record_status(code)`, `percentile(p)`, `count`, `statuses`."""
        return RequestMetrics()

    @cached_property
    def written(self) -> list[Path]:
        """The files and folders that it has written, for the console to name."""
        return []

    def prepare(self) -> None:
        """Called before any load is generated: raise ReporterError here for what would make reporting fail."""

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule is about to start."""

    def on_interval(self, interval: IntervalRecord) -> None:
        """An interval is closed; they come in order."""

    def on_news(self, news: News) -> None:
        """Something happened to the fleet while the schedule ran."""

    def on_schedule(self, schedule: Schedule) -> None:
        """A search for capacity has chosen the next level; the schedule until then, with it."""

    def on_request_complete(self, request: Request) -> None:
        """One request is complete. Agents send single requests only when some reporter overrides this."""

    def on_samples(self, block: SampleBlock) -> None:
        """Some requests are complete, as columns; by default calls `on_request_complete` for each."""
        for request in block.requests():
            self.on_request_complete(request)

    def on_test_complete(self, summary: Summary) -> None:
        """The run is over and judged."""

    def receive_files(self, files: Sequence[Path]) -> None:
        """The files that all others wrote; called only on a reporter with `ends_last`."""

    def close(self) -> None:
        """Always the last call, also for a run that never started. Close files and sockets, release the terminal."""

    @classmethod
    def wants_samples(cls) -> bool:
        """Whether it follows single requests."""
        overridden = (cls.on_request_complete, cls.on_samples)
        return overridden != (Reporter.on_request_complete, Reporter.on_samples)
