"""The comparison with a baseline in the reports of a run: on the console, in HTML, Markdown, JUnit and JSON."""

import json
from dataclasses import replace
from functools import cache

import pytest
from stored_runs import measured_summary

from gradual_master.analysis.comparison.runs import AaVariation
from gradual_master.comparing.against import Baseline, compare_with
from gradual_master.comparing.reading import read_run
from gradual_master.reporting.console.reporter import render_text
from gradual_master.reporting.html.page import render_report
from gradual_master.reporting.junit import render_junit
from gradual_master.reporting.markdown.reporter import render_markdown
from gradual_master.results.summary.reading import read_summary
from gradual_master.results.summary.sections import Summary

NAME = "main_<b>"


@cache
def compared(factor: float = 1.2, fingerprint: int = 8) -> Summary:
    runs = tuple(read_run(measured_summary(number).to_dict()) for number in range(1))
    variations = dict.fromkeys(("throughput", "mean", "p50", "p95", "p99", "error_rate"), AaVariation(0.002, 5))
    slow = measured_summary(9, factor)
    slow = replace(slow, run=replace(slow.run, fingerprint={"cpus": fingerprint}))
    return compare_with(slow, Baseline(NAME, runs, variations))


def test_the_console_has_a_row_per_metric_and_the_regression_as_reason() -> None:
    lines = render_text(compared(), width=80).splitlines()
    start = lines.index(f"Compared with the baseline {NAME}")
    p95 = next(line for line in lines[start:] if line.startswith("p95 response"))
    assert p95.split()[2:] == ["90", "ms", "108", "ms", "+20.0", "%", "+19.1", "to", "+20.9", "%", "worse"]
    assert any(line.startswith("  - Worse: throughput") for line in lines)
    assert any(line.startswith(f"  - regression against the baseline {NAME}: p95") for line in lines)
    assert start < next(place for place, line in enumerate(lines) if line.startswith("Totals"))


def test_a_wide_console_says_how_many_runs_would_decide() -> None:
    lines = render_text(compared(), width=120).splitlines()
    (error_rate,) = [line for line in lines if line.startswith("error rate")]
    assert error_rate.endswith("inconclusive  about 5")


def test_the_page_draws_each_interval_and_shows_names_as_they_are() -> None:
    page = render_report(compared())
    assert page.count('<svg class="against"') == 6
    assert "Compared with the baseline main_&lt;b&gt;" in page
    assert '<a href="#comparison">Comparison</a>' in page
    assert "p95 response: worse, +20.0 %" in page
    assert NAME not in page


def test_markdown_has_the_table_and_what_it_is_from() -> None:
    text = render_markdown(compared())
    assert "**Compared with the baseline**" in text
    assert "| ❌ p95 response | 90 ms | 108 ms | &#43;20.0 % |" in text
    assert "Worse: throughput" in text
    assert "<b>" not in text


def test_junit_has_the_regression_as_a_failure() -> None:
    assert "regression against the baseline main_&lt;b&gt;: p95 of the response time" in render_junit(compared())


@pytest.mark.parametrize("render", [render_text, render_report, render_markdown])
def test_every_report_says_why_a_run_was_not_compared(render: object) -> None:
    assert callable(render)
    text = render(compared(1.0, 2)).replace("\n", " ")
    assert "ompared with the baseline" in text
    assert "on another machine than" in " ".join(text.split())


def test_a_run_without_a_baseline_has_no_word_of_one() -> None:
    plain = measured_summary(9)
    assert "baseline" not in render_text(plain)
    assert 'id="comparison"' not in render_report(plain)
    assert "baseline" not in render_markdown(plain)


def test_a_comparison_is_read_back_from_the_summary() -> None:
    for summary in (compared(), compared(1.0, 2)):
        assert read_summary(json.loads(json.dumps(summary.to_dict()))) == summary
