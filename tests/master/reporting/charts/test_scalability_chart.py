"""The chart of the fitted law draws what the analysis found, and nothing that it did not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bokeh.core.validation import check_integrity
from bokeh.document import Document
from made_levels import made_levels

from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.result import Estimate, Scalability
from gradual_master.reporting.charts.parts import Chart
from gradual_master.reporting.charts.scalability import BOUND, curve_source, measured_source, scalability_chart

USERS = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0)
PEAKED, FLAT = Usl(2.0, 0.02, 0.0002), Usl(2.0, 0.02, 0.0)


@pytest.fixture(scope="module")
def found() -> Scalability:
    return analyse_scalability(made_levels(PEAKED, USERS, noise=0.03))


def drawn(found: Scalability) -> Chart:
    chart = scalability_chart(found)
    assert chart is not None
    return chart


def labels(chart: Chart) -> list[str]:
    return [key.label for key in chart.keys]


def float32(values: Any) -> list[float]:
    return np.asarray(values, dtype=np.float32).tolist()


def test_the_levels_and_the_law_are_drawn_as_they_were_found(found: Scalability) -> None:
    measured, curve = measured_source(found).data, curve_source(found).data
    assert measured["users"].tolist() == list(USERS)
    assert measured["measured"].tolist() == float32([row.throughput_rps for row in found.residuals])
    assert measured["fitted"].tolist() == float32([row.fitted_rps for row in found.residuals])
    assert curve["law"].tolist() == float32([point.throughput_rps for point in found.band])
    assert np.all(curve["low"] <= curve["law"])
    assert np.all(curve["law"] <= curve["high"])
    assert (curve["users"][0], curve["users"][-1]) == (USERS[0], USERS[-1]), "nothing is extrapolated"


def test_every_key_has_something_to_show_and_hide(found: Scalability) -> None:
    chart = drawn(found)
    assert {key.name for key in chart.keys} == {each.name for each in chart.figure.renderers}
    assert labels(chart) == [
        "measured level",
        "fitted law",
        "95 % interval of the law",
        "bounds without queueing",
        "peak of the law",
    ]


def test_a_law_without_intervals_has_no_band(found: Scalability) -> None:
    without = replace(found, band=tuple(replace(point, low_rps=None, high_rps=None) for point in found.band))
    assert "95 % interval of the law" not in labels(drawn(without))


def test_a_peak_that_was_not_reached_and_an_unknown_limit_are_not_drawn() -> None:
    growing = analyse_scalability(made_levels(FLAT, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), noise=0.01))
    assert labels(drawn(growing)) == ["measured level", "fitted law", "95 % interval of the law"]
    assert not drawn(growing).is_log


def test_nothing_is_drawn_outside_the_measured_users(found: Scalability) -> None:
    assert found.bounds is not None
    far = replace(found, bounds=replace(found.bounds, n_star=320.0, max_throughput_rps=80.0))
    (line,) = (each for each in drawn(far).figure.renderers if each.name == BOUND.name)
    assert line.data_source.data == {"x": [0.0, 160.0, 160.0], "y": [0.0, 40.0, 40.0]}
    below = replace(found, peak="uncertain", n_peak=Estimate(3.0, 1.0, 20.0))
    assert "peak of the law" not in labels(drawn(below))


def test_what_was_not_fitted_is_not_drawn() -> None:
    assert scalability_chart(None) is None
    assert scalability_chart(analyse_scalability(made_levels(PEAKED, USERS[:5]))) is None


def test_bokeh_finds_nothing_wrong_with_it(found: Scalability) -> None:
    document = Document()
    document.add_root(drawn(found).figure)
    issues = check_integrity(document.models)
    assert issues.error == []
    assert issues.warning == []
