"""What the levels of a run say of how the system scales, and in which words."""

from dataclasses import replace

import numpy as np
import pytest
from raw_run import S

from gradual_common.histogram.histogram import Histogram
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.watches import WatchRow
from gradual_master.results.summary.scalability import answer_of, scalability_of

THINK_S = 0.5
USERS = (5, 10, 20, 40, 80, 120, 160)


def usl(users: float, gamma: float = 2.0, alpha: float = 0.02, beta: float = 0.0002) -> float:
    return gamma * users / (1 + alpha * (users - 1) + beta * users * (users - 1))


def row(users: float, *marks: str, warm_up: bool = False, steady: bool = True) -> LevelRow:
    """A level of 60 s of a system that follows the law."""
    throughput = usl(users)
    times = Histogram()
    times.add_many(np.array([round((users / throughput - THINK_S) * S)], dtype=np.int64))
    return LevelRow(
        phase="main",
        start_s=0,
        end_s=60,
        steady_from_s=5 if steady else None,
        not_steady=() if steady else ("it drifts",),
        needed_s=None if steady else 120,
        target=users,
        users_mean=users,
        in_flight_mean=users - throughput * THINK_S,
        thinking_mean=throughput * THINK_S,
        missing_user_s=0,
        throughput_rps=throughput,
        request_rate_rps=throughput,
        requests=round(throughput * 60),
        failures=0,
        response_time_ms=Distribution.of(times),
        warm_up=warm_up,
        marks=marks,
        failing=(),
        failing_always=(),
    )


def test_levels_that_follow_the_law_give_its_coefficients() -> None:
    found = scalability_of([row(users) for users in USERS])
    assert found is not None
    for estimate, truth in ((found.gamma, 2.0), (found.alpha, 0.02), (found.beta, 0.0002), (found.n_peak, 70)):
        assert estimate is not None
        assert estimate.value == pytest.approx(truth, rel=1e-3)
    assert found.bounds is not None
    assert found.bounds.think_s == pytest.approx(THINK_S)


def test_levels_that_mislead_do_not_count_and_that_is_said() -> None:
    rows = [row(users) for users in USERS]
    spoiled = replace(row(200, "failures"), throughput_rps=900.0, request_rate_rps=900.0)
    found = scalability_of([*rows, spoiled, row(1, warm_up=True)])
    assert found is not None
    assert (found.levels, found.users_min, found.users_max) == (7, 5, 160)
    assert answer_of(found, [*rows, spoiled])[-1] == (
        "1 level of 8 did not count: failures, missing users, or a busy agent."
    )


def silent(users: float, *marks: str) -> LevelRow:
    """A level at which no request succeeded."""
    return replace(row(users, *marks), throughput_rps=0.0, request_rate_rps=0.0)


def test_levels_at_which_nothing_is_answered_are_named() -> None:
    rows = [*(row(users) for users in USERS), silent(200)]
    found = scalability_of(rows)
    assert found is not None
    assert (found.levels, found.users_max) == (7, 160)
    assert answer_of(found, rows)[-1] == ("1 level of 8 did not count, because nothing was answered: at 200 users.")
    many = [silent(users) for users in (1, *range(200, 270, 10))]
    assert answer_of(found, [*rows, *many])[-1] == (
        "9 levels of 16 did not count, because nothing was answered: at 1, 200, 210, 220, 230 and 3 more numbers of "
        "users."
    )
    assert answer_of(found, [silent(1)])[-1].endswith(": at 1 user.")


def test_a_level_is_left_out_for_one_reason() -> None:
    rows = [*(row(users) for users in USERS), silent(200, "failures")]
    assert answer_of(scalability_of(rows), rows)[-1] == (
        "1 level of 8 did not count: failures, missing users, or a busy agent."
    )


def test_too_few_levels_are_said_and_one_concurrency_asks_nothing() -> None:
    few = [row(5), row(10), row(20)]
    assert answer_of(scalability_of(few), few) == (
        "Scalability was not analysed: 6 levels are needed, 3 were measured.",
    )
    assert scalability_of([row(10), row(10)]) is None
    assert answer_of(None, [row(10)]) == ()


@pytest.mark.parametrize(
    ("unsteady", "sentence"),
    [
        (USERS, "No level is long enough to show that it is steady: 120 s are needed."),
        (USERS[:2], "2 levels of 7 are not steady: 120 s are needed."),
        (USERS[:1], "1 level of 7 is not steady: 120 s are needed."),
    ],
)
def test_levels_that_are_not_steady_are_said(unsteady: tuple[int, ...], sentence: str) -> None:
    rows = [row(users, steady=users not in unsteady) for users in USERS]
    assert answer_of(scalability_of(rows), rows)[-1] == sentence


def watched(name: str, unit: str = "%") -> WatchRow:
    return WatchRow(name, unit, 60, 0, 50.0, 0.0, 99.0, 99.0, None, None)


def test_the_answer_names_the_share_that_is_used_up_where_throughput_is_greatest() -> None:
    shares = {users: min(97.4, 1.4 * users) for users in USERS}
    rows = [replace(row(users), watch={"db_cpu": shares[users], "web_cpu": 20.0, "queue": 95.0}) for users in USERS]
    watches = [watched("db_cpu"), watched("web_cpu"), watched("queue", "jobs")]
    answer = answer_of(scalability_of(rows), rows, watches)
    assert "Throughput is greatest at 80 users, where db_cpu reaches 97 %." in answer


def test_the_answer_names_no_share_that_is_not_used_up_or_not_known() -> None:
    for value in (89.9, None):
        rows = [replace(row(users), watch={"db_cpu": value}) for users in USERS]
        assert not any("db_cpu" in sentence for sentence in answer_of(scalability_of(rows), rows, [watched("db_cpu")]))
