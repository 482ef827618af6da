"""Writes the HTML report at the end of a run. What draws it is loaded then, not when a command begins."""

from __future__ import annotations

from pathlib import Path

from gradual_master.reporting.interface.base import BaseReporter
from gradual_master.reporting.interface.files import check_writable, write_whole
from gradual_master.results.summary.sections import Summary

DEFAULT_PATH = "report.html"


class HtmlReporter(BaseReporter):
    """`-o html` or `-o html=PATH`: writes the report, replacing a file that is there."""

    def prepare(self) -> None:
        """Make sure that the file can be written."""
        path = self.arg or DEFAULT_PATH
        check_writable(Path(path), f"-o html={path}")

    def on_test_complete(self, summary: Summary) -> None:
        """Write the file, in one step."""
        self.generate_html_report(summary, self.arg or DEFAULT_PATH)


def write_html_report(summary: Summary, path: str | Path = DEFAULT_PATH) -> None:
    """Write the report of a run to `path`; OSError when it cannot be written.

    A summary without a history (one that was read back from a file) gives a report without the parts that need it.
    """
    from gradual_master.reporting.html.page import render_report  # noqa: PLC0415 - bokeh takes most of a second to load

    write_whole(Path(path), render_report(summary))
