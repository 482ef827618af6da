"""Intervals are placed on a scale with zero in its middle."""

import pytest
from compared_summaries import document, documents, level

from gradual_master.analysis.comparison.runs import AaVariation
from gradual_master.comparing.summaries import compare_summaries
from gradual_master.reporting.charts.comparison_intervals import IntervalPlot, interval_plots


def plots_of(factor: float = 1.0, variation: AaVariation | None = None) -> dict[str, IntervalPlot]:
    stored = None if variation is None else dict.fromkeys(("mean", "throughput"), variation)
    runs = 1 if stored else 5
    found = compare_summaries(documents("a", runs=runs), documents("b", factor, runs), stored)
    assert found.result is not None
    return {plot.row.metric: plot for plot in interval_plots(found.result)}


def test_zero_is_in_the_middle_and_slower_runs_are_to_the_right() -> None:
    plot = plots_of(1.15)["mean response"]
    assert plot.reach == "20 %"
    assert plot.change == pytest.approx(50 * (1 + 15 / 20), abs=0.1)
    assert plot.low is not None
    assert plot.high is not None
    assert 50 < plot.same_high < plot.low < plot.change < plot.high < 100
    assert (plot.is_open_low, plot.is_open_high) == (False, False)
    assert plots_of(1.15)["throughput"].change == pytest.approx(50 * (1 - 13 / 20), abs=0.2)


def test_the_band_is_what_counts_as_no_change() -> None:
    plots = plots_of()
    assert plots["mean response"].reach == "10 %"
    assert (plots["mean response"].same_low, plots["mean response"].same_high) == (25, 75)
    assert plots["error rate"].reach == "1 pp"
    assert (plots["error rate"].same_low, plots["error rate"].same_high) == (25, 75)


def test_an_interval_that_leaves_the_drawing_is_open_there() -> None:
    plot = plots_of(1.0, AaVariation(0.9, 2))["mean response"]
    assert plot.reach == "200 %"
    assert (plot.high, plot.is_open_high, plot.is_open_low) == (100, True, False)


def test_without_an_interval_there_is_only_the_change() -> None:
    found = compare_summaries([document("a")], [document("b", levels=[level(10, 2), level(20, 2)])])
    assert found.result is not None
    plot = interval_plots(found.result)[1]
    assert (plot.change, plot.low, plot.high) == (100, None, None)
    assert plot.describes == "mean response: inconclusive, +100.0 %, 95 % interval -"
