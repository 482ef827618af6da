"""The rows of a fit: each value with its interval, and a side that is open said so."""

from dataclasses import replace

from made_levels import CISCO, levels_of, made_levels

from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.result import Estimate
from gradual_master.reporting.text.scalability_figures import scalability_figures

LAW = Usl(2.0, 0.02, 0.0002)
USERS = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0)


def test_published_data_have_their_published_coefficients() -> None:
    """B. Schwartz, "Practical Scalability Analysis with the Universal Scalability Law", for the unweighted fit."""
    rows = {row.name: row.value for row in scalability_figures(analyse_scalability(levels_of(CISCO), relative=False))}
    assert rows["Throughput of one user (γ)"] == "996/s"
    assert rows["Serialised share (α)"] == "2.7 %"
    assert rows["Cost of consistency for a pair (β)"] == "0.00077"
    assert rows["Peak, users"] == "36"


def test_an_open_side_and_a_missing_interval_are_said() -> None:
    found = analyse_scalability(made_levels(LAW, USERS, noise=0.03))
    made = replace(found, n_peak=Estimate(71.0, 60.0, None), alpha=Estimate(0.02, None, None), peak="uncertain")
    notes = {row.name: row.note for row in scalability_figures(made)}
    assert notes["Peak, users"] == "60 or more"
    assert notes["Serialised share (α)"] == "no interval"
    assert {row.value for row in scalability_figures(made)} >= {"it is not certain that it was reached"}


def test_what_lies_outside_the_measured_users_is_said() -> None:
    found = analyse_scalability(made_levels(LAW, USERS, noise=0.03))
    assert found.bounds is not None
    made = replace(found, peak="below", bounds=replace(found.bounds, n_star=12_532.0))
    rows = {row.name: row for row in scalability_figures(made)}
    assert rows["The peak is"].value == "at the smallest level or below it: extrapolated"
    assert rows["Users from which on requests queue (N*)"].note == "beyond the measured users"


def test_what_was_not_fitted_has_no_rows() -> None:
    assert scalability_figures(analyse_scalability(made_levels(LAW, USERS[:3]))) == ()
