"""The reporters that come with Gradual, each loaded when it is asked for, and what a reporter is."""

from __future__ import annotations

from functools import partial
from pkgutil import resolve_name

from gradual_master.reporting.base import BaseReporter
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.notebook import render_html
from gradual_master.reporting.running.lookup import Loader
from gradual_master.results.summary.sections import Summary, show_by

__all__ = ["BUILT_IN", "BaseReporter", "Reporter"]

_PLACES = {
    "console": "console.reporter:ConsoleReporter",
    "json": "jsonfile:JsonReporter",
    "html": "html.reporter:HtmlReporter",
    "csv": "csv.reporter:CsvReporter",
    "junit": "junit:JunitReporter",
    "markdown": "markdown.reporter:MarkdownReporter",
    "prometheus": "prometheus.reporter:PrometheusReporter",
    "otlp": "otlp.reporter:OtlpReporter",
    "parquet": "parquet.reporter:ParquetReporter",
}

BUILT_IN: dict[str, Loader] = {name: partial(resolve_name, f"{__name__}.{place}") for name, place in _PLACES.items()}
"""By the NAME of `-o NAME[=ARG]`."""


def _show(summary: Summary) -> str:
    from gradual_master.reporting.console import render_text  # noqa: PLC0415 - for those who print a summary

    return render_text(summary)


show_by(_show, render_html)
