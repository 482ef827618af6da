"""What a reporter is told, and when, and what it has at hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import ClassVar, Protocol

from gradual_master.reporting.interface.request_metrics import RequestMetrics
from gradual_master.reporting.interface.samples import Request, SampleBlock
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary


class Reporter(Protocol):
    """Anything that follows a run, in a thread of its own. Whatever it raises is logged, and it is left out from then.

    The run and the other reporters go on.
    """

    def prepare(self) -> None:
        """Called before any load is sent; a ReporterError ends the command here."""

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule is about to begin."""

    def on_interval(self, interval: IntervalRecord) -> None:
        """An interval is closed; they come in order."""

    def on_news(self, news: News) -> None:
        """Something happened to the fleet while the schedule ran."""

    def on_test_complete(self, summary: Summary) -> None:
        """The run is over and judged."""

    def close(self) -> None:
        """The very end, in any case."""


class BaseReporter:
    """Derive a reporter from this class and override what it is to follow. `arg` is ARG of `-o NAME=ARG`.

    A derived class need not call `super().__init__`. Its methods are called one after the other, in a thread of their
    own: they may take their time, and what they raise is shown and ends this reporter only. One that is too slow for
    the requests that come is not shown all of them; `metrics.dropped` and the log say how many it missed,
    those among them that were lost on their way from an agent.
    """

    arg: str | None = None

    speaks_last: ClassVar[bool] = False
    """Whether it is told of the run's end after all others, and before that what they wrote (`hear_of_files`)."""

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

    # ── What is told ───────────────────────────────────────────────────────────────────────────────────────────────

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
        """What all others wrote; only a reporter that speaks last is told."""

    def close(self) -> None:
        """The very end, in any case: also of a run that never began. Let go of files, sockets, the terminal."""

    @classmethod
    def wants_samples(cls) -> bool:
        """Whether it follows single requests."""
        overridden = (cls.on_request_complete, cls.on_samples)
        return overridden != (BaseReporter.on_request_complete, BaseReporter.on_samples)

    # ── What is at hand ────────────────────────────────────────────────────────────────────────────────────────────

    def generate_html_report(self, summary: Summary, path: str | PathLike[str] = "report.html") -> None:
        """Write the HTML report to `path`, relative to the working folder; a file that is there is replaced.

        OSError when it cannot be written.
        """
        from gradual_master.reporting.html.reporter import write_html_report  # noqa: PLC0415 - it derives from this

        write_html_report(summary, Path(path))
        self.written.append(Path(path))

    def send_slack_notification(self, summary: Summary, url: str | None = None) -> bool:
        """Post the result to a webhook, by default that of `GRADUAL_SLACK_WEBHOOK`; whether it was taken."""
        from gradual_master.reporting.slack import send_notification  # noqa: PLC0415 - for those who send one

        return send_notification(summary, url)
