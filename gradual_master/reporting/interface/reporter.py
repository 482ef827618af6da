"""What a reporter is called with, and when, and what it has at hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from gradual_master.reporting.interface.request_metrics import RequestMetrics
from gradual_master.reporting.interface.samples import Request, SampleBlock
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary


class Reporter:
    """Follows a run. `arg` is ARG of `-o NAME=ARG`.

    Its methods are called one after the other, in a thread of its own. Whatever it raises is logged, and it is left
    out from then; the run and the other reporters go on.
    """

    arg: str | None = None

    speaks_last: ClassVar[bool] = False
    """Whether its end comes after that of all others, and before it what they wrote (`hear_of_files`)."""

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
        """Called before any load is sent: say here what would make reporting fail, as ReporterError."""

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule is about to begin."""

    def on_interval(self, interval: IntervalRecord) -> None:
        """An interval is closed; they come in order."""

    def on_news(self, news: News) -> None:
        """Something happened to the fleet while the schedule ran."""

    def on_request_complete(self, request: Request) -> None:
        """One request is complete. Agents send single requests only when some reporter overrides this."""

    def on_samples(self, block: SampleBlock) -> None:
        """Some requests are complete, as columns: for whoever can take many at once."""
        for request in block.requests():
            self.on_request_complete(request)

    def on_test_complete(self, summary: Summary) -> None:
        """The run is over and judged."""

    def hear_of_files(self, files: Sequence[Path]) -> None:
        """What all others wrote; called only on a reporter that speaks last."""

    def close(self) -> None:
        """The very end, in any case: also of a run that never began. Let go of files, sockets, the terminal."""

    @classmethod
    def wants_samples(cls) -> bool:
        """Whether it follows single requests."""
        overridden = (cls.on_request_complete, cls.on_samples)
        return overridden != (Reporter.on_request_complete, Reporter.on_samples)
