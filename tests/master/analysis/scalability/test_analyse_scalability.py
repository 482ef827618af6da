"""The whole analysis: from levels to a result that JSON can carry."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from made_levels import CISCO, RAYTRACER, SPECSDM91, levels_of, made_levels

from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import MeasuredLevel
from gradual_master.analysis.scalability.wording import scalability_sentences
from gradual_master.errors import AnalysisError

LAW = Usl(20.0, 0.03, 0.0005)
USERS = np.linspace(1.0, 80.0, 12).tolist()


@pytest.mark.parametrize(
    ("users", "reason"),
    [
        ((), "6 levels are needed, none was measured"),
        ((10.0,), "6 levels are needed, 1 was measured"),
        ((1.0, 2.0, 3.0, 4.0), "6 levels are needed, 4 were measured"),
        ((1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.01), "6 levels are needed, 5 were measured"),
    ],
)
def test_too_few_levels_are_a_reason_and_no_fit(users: tuple[float, ...], reason: str) -> None:
    found = analyse_scalability(made_levels(LAW, users))
    assert (found.reason, found.values) == (reason, len(users))
    assert (found.gamma, found.model, found.peak_reached, found.band) == (None, None, None, ())


def test_six_levels_are_enough() -> None:
    found = analyse_scalability(made_levels(LAW, (1.0, 10.0, 20.0, 40.0, 60.0, 80.0)))
    assert found.reason is None
    assert found.gamma is not None


def test_bad_data_are_an_error_before_they_are_counted() -> None:
    with pytest.raises(AnalysisError, match="throughput"):
        analyse_scalability([MeasuredLevel(1.0, float("nan"))])


def test_a_peak_inside_the_measured_range_was_reached() -> None:
    found = analyse_scalability(made_levels(LAW, USERS, noise=0.03))
    assert (found.peak, found.peak_reached, found.model) == ("measured", True, "usl")
    assert found.n_peak
    assert found.n_peak.low is not None
    assert found.n_peak.high is not None
    assert found.n_peak.low < (LAW.peak() or 0.0) < found.n_peak.high


def test_a_peak_beyond_the_measured_range_is_extrapolated() -> None:
    found = analyse_scalability(levels_of(CISCO))
    assert (found.peak, found.peak_reached) == ("beyond", False)
    assert found.n_peak
    assert found.n_peak.value > 32


def test_data_of_amdahls_law_have_no_peak() -> None:
    found = analyse_scalability(made_levels(Usl(20.0, 0.05, 0.0), USERS, noise=0.02))
    assert (found.peak, found.peak_reached, found.model) == ("none", False, "amdahl")
    assert found.beta
    assert found.beta.low == 0.0


def test_a_peak_whose_interval_leaves_the_measured_range_is_uncertain() -> None:
    found = analyse_scalability(made_levels(LAW, np.linspace(1.0, 48.0, 12).tolist(), noise=0.03, seed=2))
    assert found.n_peak
    assert found.n_peak.value < 48
    assert found.n_peak.high is None or found.n_peak.high > 48
    assert (found.peak, found.peak_reached) == ("uncertain", False)


def test_few_values_for_which_the_criterion_hides_beta_are_noted() -> None:
    found = analyse_scalability(levels_of(SPECSDM91), relative=False)
    assert (found.model, found.peak) == ("amdahl", "measured")
    assert "the interval of β excludes 0" in found.notes[0]


def test_superlinear_data_are_noted() -> None:
    found = analyse_scalability(levels_of((n, 10.0 * n**1.1) for n in USERS))
    assert found.notes == ("Throughput grows faster than the users at first: no law of scalability describes that.",)


def test_every_interval_and_the_band_hold_their_values() -> None:
    for data in (CISCO, RAYTRACER, SPECSDM91):
        found = analyse_scalability(levels_of(data), relative=False)
        for estimate in (found.gamma, found.alpha, found.beta, found.n_peak, found.x_peak):
            if estimate is not None:
                assert estimate.low is None or estimate.low <= estimate.value
                assert estimate.high is None or estimate.value <= estimate.high
        for point in found.band:
            assert point.low_rps is not None
            assert point.high_rps is not None
            assert point.low_rps <= point.throughput_rps <= point.high_rps


def test_the_band_goes_from_the_smallest_to_the_largest_level() -> None:
    found = analyse_scalability(made_levels(LAW, USERS, noise=0.03))
    assert (found.band[0].users, found.band[-1].users) == (1.0, 80.0)
    assert found.band[-1].throughput_rps == pytest.approx(found.residuals[-1].fitted_rps)


def test_the_order_of_the_levels_does_not_matter() -> None:
    levels = made_levels(LAW, USERS, noise=0.03)
    assert analyse_scalability(levels[::-1]) == analyse_scalability(levels)


@pytest.mark.parametrize(
    "levels",
    [
        list,
        lambda: levels_of(RAYTRACER),
        lambda: levels_of(CISCO),
        lambda: made_levels(LAW, USERS),
        lambda: levels_of((n, 50.0) for n in USERS),
        lambda: levels_of((n, 10.0 * n**1.1) for n in USERS),
        lambda: levels_of(enumerate((900.0, 1.0, 700.0, 2.0, 800.0, 1.0, 950.0, 3.0), 1)),
        lambda: [replace(level, latency_s=0.05, think_s=1.0) for level in made_levels(LAW, USERS)],
    ],
    ids=["none", "no peak", "peak", "exact", "flat", "superlinear", "disordered", "with times"],
)
def test_a_result_is_json_without_nan(levels: Callable[[], list[MeasuredLevel]]) -> None:
    document = analyse_scalability(levels()).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_scipy_is_not_imported_before_something_is_fitted() -> None:
    code = (
        "import sys; from gradual_master.analysis.scalability import analyse, wording; "
        "print([name for name in sys.modules if name.startswith('scipy')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_peak_below_the_smallest_level_was_not_measured() -> None:
    law = Usl(100.0, 0.03, 0.97 / 400.0)  # Its peak is at 20 users.
    found = analyse_scalability(made_levels(law, [50, 75, 100, 150, 200, 300, 400], noise=0.01))
    assert found.n_peak is not None
    assert found.n_peak.value == pytest.approx(20, rel=0.2)
    assert (found.peak, found.peak_reached) == ("below", False)
    assert scalability_sentences(found)[-1] == "Throughput falls from the smallest level on (50 users)."


def test_a_peak_whose_interval_crosses_the_smallest_level_is_uncertain() -> None:
    law = Usl(100.0, 0.03, 0.97 / 400.0)
    found = analyse_scalability(made_levels(law, [19, 30, 50, 75, 100, 150, 200], noise=0.03))
    assert found.n_peak is not None
    assert found.n_peak.low is not None
    assert found.n_peak.high is not None
    assert found.n_peak.low < 19 < found.n_peak.high
    assert (found.peak, found.peak_reached) == ("uncertain", False)


def test_throughput_that_is_flat_after_a_cold_level_does_not_grow_with_the_users() -> None:
    users, throughput = (5, 10, 20, 30, 40, 50, 60), (20, 195, 201, 199, 200, 202, 200)
    found = analyse_scalability(levels_of(zip(users, throughput, strict=True)))
    assert scalability_sentences(found) == (
        "The law does not describe these levels (R² = -0.14): it shows no bend, and no peak.",
        "Throughput grows faster than the users at first: no law of scalability describes that.",
    )
