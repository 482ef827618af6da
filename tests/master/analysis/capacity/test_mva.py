"""The oracle of the simulated systems, against what is known of a closed queue."""

from itertools import islice

import numpy as np
import pytest
from mva import greatest, share_above, solve


def test_a_server_of_20_ms_and_a_second_of_thinking_stay_below_100_ms_up_to_47_users() -> None:
    assert greatest(lambda solution: solution.response_s < 0.1, 0.02, 1.0) == 47


def test_one_user_never_waits() -> None:
    assert next(solve(0.02, 1.0)).response_s == 0.02
    assert share_above(1, 0.02, 1.0, 0.02) == pytest.approx(np.exp(-1))


def test_throughput_stays_below_both_asymptotes() -> None:
    for solution in islice(solve(0.02, 1.0), 200):
        assert solution.throughput <= min(1 / 0.02, solution.users / 1.02) + 1e-12


def test_the_distribution_has_the_mean_of_the_recursion() -> None:
    """E[R] = ∫ P(R > t) dt."""
    times = np.linspace(0, 2, 4001)
    shares = np.array([share_above(40, 0.02, 1.0, time) for time in times])
    assert np.trapezoid(shares, times) == pytest.approx(list(islice(solve(0.02, 1.0), 40))[-1].response_s, rel=1e-4)
