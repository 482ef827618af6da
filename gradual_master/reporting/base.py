"""What a reporter of one's own is derived from: a reporter with what other reporters can do at hand."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from gradual_master.reporting.html.reporter import write_html_report
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.results.summary.sections import Summary


class BaseReporter(Reporter):
    """Derive a reporter from this class and override what it is to follow. `arg` is ARG of `-o NAME=ARG`.

    A derived class need not call `super().__init__`. Its methods are called one after the other, in a thread of their
    own: they may take their time, and what they raise is shown and ends this reporter only. One that is too slow for
    the requests that come is not shown all of them; `metrics.dropped` and the log say how many it missed,
    those among them that were lost on their way from an agent.
    """

    def generate_html_report(self, summary: Summary, path: str | PathLike[str] = "report.html") -> None:
        """Write the HTML report to `path`, relative to the working folder; a file that is there is replaced.

        OSError when it cannot be written.
        """
        write_html_report(summary, Path(path))
        self.written.append(Path(path))

    def send_slack_notification(self, summary: Summary, url: str | None = None) -> bool:
        """Post the result to a webhook, by default that of `GRADUAL_SLACK_WEBHOOK`; whether it was taken."""
        from gradual_master.reporting.slack import send_notification  # noqa: PLC0415 - urllib, for those who send one

        return send_notification(summary, url)
