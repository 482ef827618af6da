"""Writes the HTML report at the end of a run."""

from __future__ import annotations

from pathlib import Path

from gradual_master.reporting.interface.files import FileReporter, write_whole
from gradual_master.results.summary.sections import Summary


class HtmlReporter(FileReporter):
    """`-o html` or `-o html=PATH`: writes the report when the run is judged."""

    option = "html"
    default = "report.html"

    @staticmethod
    def render(summary: Summary) -> str:
        """The page. Bokeh, which draws its charts, takes most of a second to load: no command waits for it to begin."""
        from gradual_master.reporting.html.page import render_report  # noqa: PLC0415 - see above

        return render_report(summary)


def write_html_report(summary: Summary, path: str | Path = HtmlReporter.default) -> None:
    """Write the report of a run to `path`; OSError when it cannot be written.

    A summary without a history (one that was read back from a file) gives a report without the parts that need it.
    """
    write_whole(Path(path), HtmlReporter.render(summary))
