"""The Universal Scalability Law: its curve, its peak, and its natural parameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_master.analysis.scalability.law import Usl, design, natural

laws = st.builds(Usl, st.floats(0.01, 1e4), st.floats(0.0, 0.9), st.floats(1e-8, 0.5))


@given(laws)
def test_one_user_has_the_throughput_gamma(law: Usl) -> None:
    assert law.throughput(np.array([1.0]))[0] == pytest.approx(law.gamma)


@given(laws)
def test_no_concurrency_has_more_throughput_than_the_peak(law: Usl) -> None:
    peak = law.peak()
    assert peak is not None
    around = law.throughput(peak * np.array([1.0, 1.001, 1.5, 10.0]))
    assert (around <= around[0] * (1 + 1e-12)).all()
    if peak > 1.01:
        assert law.throughput(np.array([peak / 1.01]))[0] <= around[0] * (1 + 1e-12)


@pytest.mark.parametrize("law", [Usl(1.0, 0.1, 0.0), Usl(1.0, 0.0, 0.0), Usl(1.0, 1.0, 0.1)])
def test_a_law_without_beta_or_with_all_work_serialised_has_no_peak(law: Usl) -> None:
    assert law.peak() is None


@given(laws, st.floats(1.0, 1e4))
def test_users_over_throughput_is_linear_in_the_natural_parameters(law: Usl, users: float) -> None:
    at = np.array([users])
    assert (design(at) @ natural(law))[0] == pytest.approx((at / law.throughput(at))[0])


@given(laws, st.floats(1.0, 1e3))
def test_the_gain_is_the_slope_of_the_logarithms(law: Usl, users: float) -> None:
    step = 1e-6
    low, high = np.log(law.throughput(users * np.exp([-step, step])))
    assert law.gain(users) == pytest.approx((high - low) / (2 * step), abs=1e-6)
