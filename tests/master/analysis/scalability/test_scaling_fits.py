"""Fits of the laws within their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_levels import CISCO, SPECSDM91, levels_of, made_levels
from scipy.optimize import curve_fit

from gradual_master.analysis.scalability.fitting import fit_laws, fit_target
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import MeasuredLevel, read_levels
from gradual_master.analysis.scalability.result import LawName

USERS = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0)


def fitted(levels: list[MeasuredLevel], name: LawName = "usl", relative: bool = True) -> Usl:
    target = fit_target(read_levels(levels), relative)
    return fit_laws(target)[name].law.scaled(target.scale)


@settings(max_examples=20)
@given(st.floats(0.1, 1e4), st.floats(0.0, 0.5), st.floats(1e-5, 0.02), st.booleans())
def test_levels_that_lie_on_a_law_give_its_parameters(gamma: float, alpha: float, beta: float, relative: bool) -> None:
    law = fitted(made_levels(Usl(gamma, alpha, beta), USERS), relative=relative)
    assert law.gamma == pytest.approx(gamma, rel=1e-5)
    assert law.alpha == pytest.approx(alpha, abs=1e-5)
    assert law.beta == pytest.approx(beta, rel=1e-3)


@pytest.mark.parametrize("data", [SPECSDM91, CISCO], ids=["specsdm91", "cisco"])
def test_a_relative_fit_is_the_one_that_scipy_finds_with_errors_in_proportion(
    data: tuple[tuple[int, float], ...],
) -> None:
    users, throughput = (np.array(column, dtype=np.float64) for column in zip(*data, strict=True))

    def usl(n: np.ndarray, gamma: float, alpha: float, beta: float) -> np.ndarray:
        return gamma * n / (1 + alpha * (n - 1) + beta * n * (n - 1))

    start = (throughput[0], 0.01, 0.0001)
    expected, _ = curve_fit(usl, users, throughput, start, sigma=throughput, bounds=(0, (np.inf, 1, 1)), xtol=1e-12)
    law = fitted(levels_of(data))
    assert (law.gamma, law.alpha, law.beta) == pytest.approx(tuple(expected), rel=1e-4)


def test_a_level_with_twice_the_weight_counts_as_one_that_is_there_twice() -> None:
    levels = made_levels(Usl(20.0, 0.03, 0.0005), USERS, noise=0.05)
    heavy = MeasuredLevel(levels[3].concurrency, levels[3].throughput, weight=2.0)
    twice = fitted([*levels, levels[3]])
    weighted = fitted([*levels[:3], heavy, *levels[4:]])
    assert (twice.gamma, twice.alpha, twice.beta) == pytest.approx((weighted.gamma, weighted.alpha, weighted.beta))


def test_data_that_need_no_beta_have_exactly_none() -> None:
    law = fitted(made_levels(Usl(20.0, 0.05, 0.0), USERS))
    assert law.beta == 0.0
    assert law.alpha == pytest.approx(0.05)


def test_superlinear_data_have_no_contention() -> None:
    law = fitted(levels_of((n, 10.0 * n**1.1) for n in USERS))
    assert (law.alpha, law.beta) == (0.0, 0.0)


def test_linear_data_give_a_line() -> None:
    assert fitted(made_levels(Usl(7.0, 0.0, 0.0), USERS)) == Usl(pytest.approx(7.0), 0.0, 0.0)


def test_a_system_that_one_user_fills_is_serialised() -> None:
    law = fitted(levels_of((n, 50.0) for n in USERS))
    assert law.alpha == pytest.approx(1.0)
    assert law.gamma == pytest.approx(50.0)


def test_the_unit_of_throughput_does_not_matter() -> None:
    levels = made_levels(Usl(20.0, 0.03, 0.0005), USERS, noise=0.05)
    small = fitted([MeasuredLevel(level.concurrency, level.throughput * 1e-6) for level in levels])
    law = fitted(levels)
    assert (small.gamma, small.alpha, small.beta) == pytest.approx((law.gamma * 1e-6, law.alpha, law.beta))
