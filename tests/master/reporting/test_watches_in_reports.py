"""The system's own metrics in every report, whether they had values to the end or not."""

from dataclasses import replace

import pytest
from simulated_run import simulated_run

from gradual_master.reporting.console.reporter import render_text
from gradual_master.reporting.html.page import render_report
from gradual_master.reporting.markdown.reporter import render_markdown
from gradual_master.results.measures.watches import WatchRow
from gradual_master.results.summary.sections import Summary

WATCHES = (
    WatchRow("db_cpu", "%", 24, 0, 61.5, 40.0, 97.25, 97.25, None, None),
    WatchRow("queue", "jobs", 0, 24, None, None, None, None, 75.0, "it was refused"),
)


@pytest.fixture(scope="module")
def summary() -> Summary:
    run = simulated_run(seconds=24, actions=2)
    levels = tuple(replace(level, watch={"db_cpu": 83.4, "queue": None}) for level in run.levels)
    return replace(run, watches=WATCHES, levels=levels)


def test_the_html_report_has_a_section_and_a_column_of_levels(summary: Summary) -> None:
    page = render_report(summary)
    assert all(text in page for text in ('id="watches"', "db_cpu %", "83.4", "1:15", "it was refused"))


def test_the_console_has_a_table_and_a_column_of_levels(summary: Summary) -> None:
    text = render_text(summary, 160)
    assert all(part in text for part in ("System", "db_cpu", "61.5", "83.4", "1:15"))


def test_the_markdown_report_has_a_table_and_a_column_of_levels(summary: Summary) -> None:
    page = render_markdown(summary)
    assert all(part in page for part in ("System", "61.5", "83.4", "1:15"))


def test_a_run_without_watches_has_none_of_it(summary: Summary) -> None:
    plain = replace(summary, watches=())
    assert 'id="watches"' not in render_report(plain)
    assert "System" not in render_text(plain, 160)
