"""The label that every report puts to response times."""

import pytest
from simulated_run import simulated_run

from gradual_master.reporting.console.reporter import render_text
from gradual_master.reporting.html.page import render_report
from gradual_master.reporting.markdown.reporter import render_markdown
from gradual_master.reporting.text.closed_model_label import closed_model_label, show_time
from gradual_master.results.summary.closed_model import ClosedModel


def test_the_label_names_users_think_time_and_the_longest_stall() -> None:
    assert closed_model_label(ClosedModel(12.04, 0.5, 2.3105)) == (
        "closed model: N = 12 users, Z = 500 ms, longest stall 2.31 s"
    )
    assert closed_model_label(None) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0"),
        (0.000_25, "0.25 ms"),
        (0.004_213, "4.21 ms"),
        (0.999_6, "1 s"),
        (1.0, "1 s"),
        (250.4, "250 s"),
        (999.7, "1,000 s"),
        (4000.0, "4,000 s"),
    ],
)
def test_times_have_three_digits(seconds: float, shown: str) -> None:
    assert show_time(seconds) == shown


def test_every_report_for_people_has_it() -> None:
    summary = simulated_run(seconds=24, actions=2)
    label = closed_model_label(summary.analysis.closed_model)
    assert label.startswith("closed model: N = ")
    for text in (render_text(summary, 80), render_markdown(summary), render_report(summary)):
        assert label in text
