"""The built-in reporters, each imported when it is used, and the base class for own reporters."""

from __future__ import annotations

from functools import partial
from os import PathLike
from pathlib import Path
from pkgutil import resolve_name

from gradual_master.reporting.html.reporter import write_html_report
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.notebook import render_html
from gradual_master.reporting.running.lookup import Loader
from gradual_master.results.summary.sections import Summary, show_by

__all__ = ["BUILT_IN", "BaseReporter", "Reporter"]

_CLASSES = {
    "console": "console.reporter:ConsoleReporter",
    "json": "jsonfile:JsonReporter",
    "html": "html.reporter:HtmlReporter",
    "csv": "csvfiles:CsvReporter",
    "junit": "junit:JunitReporter",
    "openmetrics": "openmetrics:OpenMetricsReporter",
    "markdown": "markdown.reporter:MarkdownReporter",
    "prometheus": "prometheus.reporter:PrometheusReporter",
    "otlp": "otlp.reporter:OtlpReporter",
    "parquet": "parquet.reporter:ParquetReporter",
}

BUILT_IN: dict[str, Loader] = {name: partial(resolve_name, f"{__name__}.{path}") for name, path in _CLASSES.items()}
"""By the NAME of `-o NAME[=ARG]`."""


class BaseReporter(Reporter):
    """Base class of own reporters: override the methods for the events to follow. `arg` is ARG of `-o NAME=ARG`.

    A derived class need not call `super().__init__`. Its methods are called one after the other, in a thread of their
    own, so they may be slow. An exception is logged and ends this reporter only. A reporter that is too slow for the
    rate of requests misses some; `metrics.dropped` and the log say how many, with those that were lost on the way from
    an agent.
    """

    def generate_html_report(self, summary: Summary, path: str | PathLike[str] = "report.html") -> None:
        """Write the HTML report to `path`, relative to the working folder; an existing file is replaced.

        OSError when it cannot be written.
        """
        write_html_report(summary, Path(path))
        self.written.append(Path(path))

    def send_slack_notification(self, summary: Summary, url: str | None = None) -> bool:
        """Post the result to a webhook, by default that of `GRADUAL_SLACK_WEBHOOK`; returns whether it was accepted."""
        from gradual_master.reporting.slack import send_notification  # noqa: PLC0415 - loads urllib

        return send_notification(summary, url)


def _show(summary: Summary) -> str:
    from gradual_master.reporting.console.reporter import render_text  # noqa: PLC0415 - loads rich

    return render_text(summary)


show_by(_show, render_html)
