"""How many users a ramp has shown to be held: the greatest level below the least that broke an objective."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from raw_run import START, S, Stretch, agent, batch_of, fleet_of, run_of

from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.summary.summary import build_summary

MS = 1_000_000
SECONDS = 5


def linear(users: int) -> tuple[int, str]:
    """10 ms for each user."""
    return users * 10 * MS, ""


def answer(
    *levels: int,
    rules: Sequence[Any] = ("p95 < 250ms",),
    system: Callable[[int], tuple[int, str]] = linear,
    active: float = 1.0,
    requests: Callable[[int], int] = lambda users: 30,
) -> str:
    """What the summary of such a ramp says first; `requests`: how many end in a second."""
    steps = [{"concurrency": users, "for": f"{SECONDS}s"} for users in levels]
    document = {
        "config": {
            "base_url": "http://bank.example",
            "duration": f"{SECONDS * len(levels)}s",
            "ramp_up": {"strategy": "levels", "levels": steps},
        },
        "users": [{"name": "caller", "concurrency": max(levels), "behavior": ["call"]}],
        "actions": {"call": {"url": "/"}},
        "thresholds": list(rules),
    }
    plan = Plan.model_validate(document)
    aggregate = Aggregate(plan, compile_schedule(plan), S)
    aggregate.start = START
    for second in range(SECONDS * len(levels)):
        change = next(one for one in reversed(aggregate.schedule.changes) if one.at <= second * S)
        ns, kind = system(change.target)
        users = change.target * active
        samples = [(0, kind, ns)] * requests(round(change.target))
        stretch = Stretch(change.level, second * S, (second + 1) * S, samples, users=((users, 1, users - 1, 0),))
        aggregate.merge("a", batch_of(second + 1, second, stretch, groups=1))
        aggregate.close(second)
    summary = build_summary(aggregate, fleet_of(agent("a")), run_of(duration_s=float(SECONDS * len(levels))))
    return summary.analysis.answer[0] if summary.analysis.answer else ""


def test_the_last_level_that_held_and_the_first_that_did_not() -> None:
    assert answer(10, 20, 30, 40) == (
        "It holds 20 users with p95 below 250 ms and error_rate below 5%; 30 users did not meet p95 below 250 ms "
        "(300 ms)."
    )


def test_the_order_of_levels_does_not_matter() -> None:
    assert answer(40, 20, 10, 30).startswith("It holds 20 users with ")


def test_a_level_that_held_above_one_that_did_not_shows_nothing() -> None:
    def odd(users: int) -> tuple[int, str]:
        return (400 if users == 20 else 100) * MS, ""

    assert answer(10, 20, 30, system=odd).startswith("It holds 10 users with ")


def test_when_all_levels_held_there_may_be_more() -> None:
    assert answer(5, 10).startswith("It holds at least 10 users, the most that were tried, with p95 below 250 ms")


def test_when_none_held_the_fewest_are_named() -> None:
    assert answer(30, 40).startswith(
        "Already 30 users, the fewest that were tried, did not meet p95 below 250 ms (300 ms)."
    )


def test_failures_break_the_default_limit() -> None:
    def refusing(users: int) -> tuple[int, str]:
        return MS, "status" if users > 10 else ""

    assert answer(10, 20, system=refusing) == (
        "It holds 10 users with p95 below 250 ms and error_rate below 5%; 20 users did not meet error_rate below 5% "
        "(100%)."
    )


@pytest.mark.parametrize(
    "rules",
    [["throughput > 5/s"], ["count > 10"], ["p95 < 250ms over levels"], [{"rule": "p95 < 250ms", "severity": "warn"}]],
)
def test_what_a_level_cannot_be_asked_is_not_in_the_sentence(rules: Sequence[Any]) -> None:
    assert answer(10, 20, rules=rules).startswith(
        "It holds at least 20 users, the most that were tried, with error_rate below 5%."
    )


def test_one_concurrency_and_missing_users_show_nothing() -> None:
    assert "It holds" not in answer(10, 10)
    assert "It holds" not in answer(10, 20, active=0.5)


def test_too_few_samples_for_a_percentile_are_not_judged() -> None:
    assert "p99.9" not in answer(10, 20, rules=["p99.9 < 250ms"])
    assert answer(10, 30, rules=["p99.9 < 250ms"]).startswith("Scalability")


def quick(users: int) -> tuple[int, str]:
    return 10 * MS, ""


def none_at(silent: int) -> Callable[[int], int]:
    return lambda users: 0 if users == silent else 30


def test_a_level_at_which_nothing_is_answered_did_not_hold() -> None:
    assert answer(10, 20, 30, 40, system=quick, requests=none_at(40)) == (
        "It holds 30 users with p95 below 250 ms and error_rate below 5%; 40 users got no answer."
    )
    assert answer(10, 20, 30, system=quick, requests=none_at(10)) == (
        "Already 10 users, the fewest that were tried, got no answer."
    )


def test_a_level_that_ended_before_an_answer_was_due_is_not_judged() -> None:
    # 2 s for a response, of 1 user in a request: five answers take 10 s, the level has 5 s.
    def slow(users: int) -> tuple[int, str]:
        return 2_000 * MS, ""

    assert answer(10, 20, 40, rules=["p95 < 3s"], system=slow, requests=none_at(40)).startswith(
        "It holds at least 20 users, the most that could be judged (40 were tried), with p95 below 3,000 ms"
    )


def test_too_few_samples_break_no_percentile() -> None:
    def cold(users: int) -> tuple[int, str]:
        return (600 if users == 10 else 10) * MS, ""

    said = answer(10, 20, 30, rules=["p99 < 500ms"], system=cold, requests=lambda users: 1 if users == 10 else 30)
    assert (
        said == "It holds at least 30 users, the most that were tried, with p99 below 500 ms and error_rate below 5%."
    )


def test_too_few_samples_for_one_objective_hide_no_other_that_is_broken() -> None:
    def refusing(users: int) -> tuple[int, str]:
        return 600 * MS, "status" if users == 10 else ""

    rules = ["p99 < 500ms"]
    said = answer(10, 20, rules=rules, system=refusing, requests=lambda users: 1 if users == 10 else 30)
    assert said == "Already 10 users, the fewest that were tried, did not meet error_rate below 5% (100%)."


def test_levels_that_were_tried_and_could_not_be_judged_are_named() -> None:
    few = {10: 2, 40: 2}
    assert answer(
        10, 20, 30, 40, rules=["p99 < 500ms"], system=quick, requests=lambda users: few.get(users, 30)
    ).startswith("It holds at least 30 users, the most that could be judged (40 were tried), with ")

    def slow(users: int) -> tuple[int, str]:
        return 900 * MS, ""

    assert answer(10, 20, 30, rules=["p99 < 500ms"], system=slow, requests=lambda users: few.get(users, 30)) == (
        "Already 20 users, the fewest that could be judged (10 were tried), did not meet p99 below 500 ms (900 ms)."
    )
