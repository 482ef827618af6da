"""The HTML report: one file with everything in it, which opens offline, prints, and shows the whole run."""

from gradual_master.reporting.html.reporter import HtmlReporter, write_html_report

__all__ = ["HtmlReporter", "write_html_report"]
