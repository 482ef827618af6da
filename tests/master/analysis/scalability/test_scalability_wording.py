"""The result in sentences."""

from dataclasses import replace

import pytest

from gradual_master.analysis.scalability.result import SUPERLINEAR, AsymptoticBounds, Estimate, Peak, Scalability
from gradual_master.analysis.scalability.wording import number_text, percent_text, rate_text, scalability_sentences

BOUNDS = AsymptoticBounds(1.08, 0.08, 1.0, 1_880.0, True, 120.0, ())
FOUND = Scalability(
    reason=None,
    weighting="relative",
    levels=8,
    values=8,
    users_min=1.0,
    users_max=300.0,
    gamma=Estimate(20.0, 19.0, 21.0),
    alpha=Estimate(0.028, 0.0214, 0.0351),
    beta=Estimate(1e-5, 9e-6, 1.1e-5),
    n_peak=Estimate(190.2, 170.0, 215.0),
    x_peak=Estimate(1_883.9, 1_800.0, 1_950.0),
    peak="measured",
    peak_reached=True,
    model="usl",
    r_squared=0.99,
    bounds=BOUNDS,
)


def test_a_measured_peak_says_where_throughput_bends_and_falls() -> None:
    assert scalability_sentences(FOUND) == (
        "Throughput bends at about 120 users: 2.8 % of the work is serialised (95 % interval: 2.1 to 3.5 %).",
        "Beyond about 190 users (95 % interval: 170 to 215), more users mean less throughput; "
        "throughput is largest there, 1,880/s.",
    )


def test_too_few_levels_say_only_that() -> None:
    found = Scalability("6 levels are needed, 4 were measured", "relative", 4, 4, 1.0, 4.0)
    assert scalability_sentences(found) == ("Scalability was not analysed: 6 levels are needed, 4 were measured.",)


@pytest.mark.parametrize(
    ("peak", "n_peak", "sentence"),
    [
        ("none", None, "The peak was not reached up to 300 users."),
        ("none", Estimate(900.0, 400.0, None), "The peak was not reached up to 300 users."),
        (
            "beyond",
            Estimate(400.0, 350.0, 500.0),
            "The peak was not reached: the fit puts it at about 400 users (95 % interval: 350 to 500), "
            "but no more than 300 users were measured.",
        ),
        (
            "uncertain",
            Estimate(280.0, 200.0, None),
            "It is not certain that the peak was reached: the fit puts it at about 280 users "
            "(95 % interval: 200 or more), and 1 to 300 users were measured.",
        ),
        (
            "uncertain",
            Estimate(280.0, None, None),
            "It is not certain that the peak was reached: the fit puts it at about 280 users, "
            "and 1 to 300 users were measured.",
        ),
    ],
)
def test_a_peak_that_was_not_measured_is_not_claimed(peak: Peak, n_peak: Estimate | None, sentence: str) -> None:
    found = replace(FOUND, peak=peak, n_peak=n_peak)
    assert scalability_sentences(found)[-1] == sentence


def test_a_system_that_was_not_saturated_has_no_bend() -> None:
    found = replace(FOUND, bounds=replace(BOUNDS, saturated=False, n_star=None))
    assert scalability_sentences(found)[0] == "2.8 % of the work is serialised (95 % interval: 2.1 to 3.5 %)."


def test_a_bend_at_the_smallest_level_may_lie_below_it() -> None:
    found = replace(FOUND, users_min=115.0)
    assert scalability_sentences(found)[0].startswith("Throughput bends at 115 users, the smallest level, or below: ")


def test_a_serialised_share_that_may_be_zero_is_not_said() -> None:
    found = replace(FOUND, alpha=Estimate(0.028, 0.0, 0.06))
    assert scalability_sentences(found)[0] == "Throughput bends at about 120 users."


def test_a_line_says_what_each_user_adds() -> None:
    bounds = replace(BOUNDS, saturated=False, n_star=None)
    found = replace(FOUND, alpha=Estimate(0.0, 0.0, 0.01), n_peak=None, peak="none", model="linear", bounds=bounds)
    assert scalability_sentences(found) == (
        "Throughput grows in proportion to the users: 20/s for each.",
        "The peak was not reached up to 300 users.",
    )


def test_a_bad_fit_is_said() -> None:
    last = scalability_sentences(replace(FOUND, r_squared=0.621))[-1]
    assert last == "The law fits badly (R² = 0.62): take its numbers with care."


def test_a_line_that_fits_badly_or_has_no_interval_is_not_said() -> None:
    line = replace(
        FOUND,
        alpha=Estimate(0.0, 0.0, 0.01),
        n_peak=None,
        peak="none",
        model="linear",
        bounds=replace(BOUNDS, saturated=False, n_star=None),
    )
    unknown = replace(line, gamma=Estimate(20.0, None, None))
    for found in (replace(line, r_squared=0.8), unknown):
        assert scalability_sentences(found)[0] == "The peak was not reached up to 300 users."


def test_of_levels_that_the_law_does_not_describe_nothing_else_is_said() -> None:
    found = replace(FOUND, beta=Estimate(1e-5, None, None), r_squared=-0.14, notes=("Another.", SUPERLINEAR))
    assert scalability_sentences(found) == (
        "The law does not describe these levels (R² = -0.14): it shows no bend, and no peak.",
        SUPERLINEAR,
    )


def test_a_peak_below_the_smallest_level_is_not_named() -> None:
    found = replace(FOUND, users_min=250.0, peak="below", bounds=replace(BOUNDS, n_star=260.0))
    assert scalability_sentences(found) == (
        "Throughput bends at 250 users, the smallest level, or below: 2.8 % of the work is serialised "
        "(95 % interval: 2.1 to 3.5 %).",
        "Throughput falls from the smallest level on (250 users).",
    )
    above = replace(found, bounds=replace(BOUNDS, n_star=290.0))
    assert scalability_sentences(above)[0].startswith("2.8 % of the work"), "it cannot bend where it falls"


@pytest.mark.parametrize(("n_star", "why"), [(12_532.0, "beyond the measured users"), (200.0, "beyond the peak")])
def test_a_bend_where_nothing_bends_is_not_named(n_star: float, why: str) -> None:
    assert scalability_sentences(replace(FOUND, bounds=replace(BOUNDS, n_star=n_star)))[0].startswith("2.8 %"), why


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00001234, "0.000012"), (0.5, "0.5"), (1.0, "1"), (9.87, "9.9"), (12.6, "13"), (1e7, "10,000,000")],
)
def test_numbers_have_no_exponent(value: float, text: str) -> None:
    assert number_text(value) == text


def test_rates_have_three_digits_and_shares_two() -> None:
    assert (rate_text(12_345.6), rate_text(0.5), percent_text(0.02773)) == ("12,300/s", "0.5/s", "2.8")
