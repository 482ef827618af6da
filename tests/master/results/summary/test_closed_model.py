"""N, Z and the longest stall, from user time, requests and response times."""

import pytest

from gradual_master.results.judging.littles_law import LittlesLaw
from gradual_master.results.summary.closed_model import ClosedModel, closed_model_of


def law(active_user_s: float, thinking_user_s: float) -> LittlesLaw:
    return LittlesLaw(0.0, active_user_s, active_user_s - thinking_user_s, thinking_user_s, 0.0, (), 10.0, 0, 0, ())


def test_users_are_a_mean_over_time_and_think_times_one_over_requests() -> None:
    """12 users over 60 s, 1,200 requests of 100 ms each with 500 ms after each: 12 · 60 = 1,200 · (0.1 + 0.5)."""
    assert closed_model_of(law(720.0, 600.0), 1200, 2310.5, 60.0) == ClosedModel(12.0, 0.5, 2.3105)


def test_users_without_think_time_are_a_closed_model_too() -> None:
    assert closed_model_of(law(60.0, 0.0), 100, 4.0, 30.0) == ClosedModel(2.0, 0.0, 0.004)


@pytest.mark.parametrize(("requests", "longest_ms", "measured_s"), [(0, None, 60.0), (5, None, 60.0), (5, 1.0, 0.0)])
def test_without_a_response_there_is_nothing_to_label(
    requests: int, longest_ms: float | None, measured_s: float
) -> None:
    assert closed_model_of(law(60.0, 0.0), requests, longest_ms, measured_s) is None
