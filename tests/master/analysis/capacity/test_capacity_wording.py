"""Results in sentences."""

from dataclasses import replace

import pytest
from capacity_trials import trial
from scripted_system import measures_of

from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.analysis.capacity.wording import sentences_of

FOUND = CapacityResult(
    users=180,
    low=170,
    high=190,
    confirmed=True,
    recovered=True,
    ended_by="found",
    initial=10,
    max_concurrency=500,
    objectives=("p95 < 500ms",),
    trials=(
        trial(170),
        trial(320, "failed"),
        trial(190, "failed"),
        trial(180, certain=False, purpose="confirm"),
        trial(171, purpose="recover"),
    ),
)


def words(result: CapacityResult, *rules: str) -> tuple[str, ...]:
    return sentences_of(result, measures_of(*(rules or ("p95 < 500ms",))))


def test_what_was_found_has_its_interval_its_limit_and_its_recovery() -> None:
    assert words(FOUND) == (
        "It holds 180 users with p95 below 500 ms (170–190).",
        "With 190 users it did not: p95 < 500ms: 8.1% above 500ms.",
        "After an overload with 320 users it met the objectives again with 171 users.",
    )


def test_without_certain_trials_there_is_no_interval() -> None:
    assert words(replace(FOUND, low=None))[:2] == (
        "It holds 180 users with p95 below 500 ms.",
        "No trial was passed with confidence: estimates decided.",
    )


@pytest.mark.parametrize(
    ("rules", "objectives"),
    [
        (("error_rate <= 1%",), "error_rate of at most 1%"),
        (("p95(login) < 500ms", "throughput > 200/s"), "p95(action=login) below 500 ms and throughput above 200/s"),
        (("request_rate >= 5/s",), "request_rate of at least 5/s"),
    ],
)
def test_objectives_are_put_into_words(rules: tuple[str, ...], objectives: str) -> None:
    assert words(FOUND, *rules)[0] == f"It holds 180 users with {objectives} (170–190)."


def test_a_system_that_stays_slow_did_not_recover() -> None:
    last = trial(171, "failed", purpose="recover")
    result = replace(FOUND, recovered=False, trials=(*FOUND.trials[:-1], last, last))
    assert words(result)[-1] == (
        "It did not recover: after an overload with 320 users, 171 users were still too many "
        "(p95 < 500ms: 8.1% above 500ms)."
    )


def test_a_recovery_that_was_not_judged_is_not_claimed() -> None:
    undecided = trial(171, "undecided", purpose="recover")
    result = replace(FOUND, recovered=None, trials=(*FOUND.trials[:-1], undecided))
    assert words(result)[-1] == "Whether it recovers from an overload with 320 users could not be judged."
    assert len(words(replace(result, trials=FOUND.trials[:-1]))) == 2


def test_a_search_that_found_no_failing_level_gives_a_lower_bound() -> None:
    trials = (trial(250), trial(500), trial(500, purpose="confirm"))
    result = replace(
        FOUND, users=500, low=500, high=None, recovered=None, ended_by="not found below max", trials=trials
    )
    assert words(result) == ("It holds at least 500 users with p95 below 500 ms: no level up to the maximum failed.",)


def test_a_search_whose_time_was_over_says_what_is_missing() -> None:
    climbing = replace(
        FOUND, users=80, high=None, low=80, confirmed=False, recovered=None, ended_by="duration", trials=(trial(80),)
    )
    assert words(climbing) == (
        "It holds at least 80 users with p95 below 500 ms.",
        "The time was over before that was confirmed by a second trial.",
    )
    bracketed = replace(climbing, high=160, trials=(trial(80), trial(160, "failed")))
    assert words(bracketed) == (
        "It holds 80 users with p95 below 500 ms (80–160).",
        "The time was over before that was confirmed by a second trial.",
        "With 160 users it did not: p95 < 500ms: 8.1% above 500ms.",
    )


NOTHING = replace(FOUND, users=None, low=None, high=None, confirmed=False, recovered=None)


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (
            replace(NOTHING, ended_by="initial fails", trials=(trial(10, "failed"),)),
            "Already 10 users, the first level, did not hold: p95 < 500ms: 8.1% above 500ms. Start with fewer users.",
        ),
        (
            replace(
                NOTHING, ended_by="not steady", trials=(trial(10, "undecided", why="the level did not become steady"),)
            ),
            "Nothing was found: 10 users, the first level, could not be judged (the level did not become steady).",
        ),
        (
            replace(NOTHING, ended_by="no data", trials=(trial(10, "undecided", why="p95 < 500ms: too few samples"),)),
            "Nothing was found: 10 users, the first level, could not be judged (p95 < 500ms: too few samples).",
        ),
        (
            replace(
                NOTHING, ended_by="goal not reached", trials=(trial(10, "failed", too_few=True), trial(500, "failed"))
            ),
            "No level up to 500 users met p95 below 500 ms.",
        ),
        (replace(NOTHING, ended_by="duration", trials=()), "No level was judged before the time was over."),
        (replace(NOTHING, ended_by="stopped", trials=()), "No level was judged before the run was ended."),
    ],
)
def test_a_search_that_found_nothing_says_why(result: CapacityResult, sentence: str) -> None:
    assert words(result) == (sentence,)


def test_a_result_rests_on_the_level_found_and_the_least_that_did_not_hold() -> None:
    assert [(trial.users, trial.purpose) for trial in FOUND.deciding] == [(190, "climb"), (180, "confirm")]
    assert FOUND.least_failed == FOUND.trials[2]
    nothing = replace(NOTHING, ended_by="initial fails", trials=(trial(10, "failed"),))
    assert nothing.deciding == nothing.trials
