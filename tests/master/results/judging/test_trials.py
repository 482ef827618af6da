"""Trials of a search in which the generator may have been the bottleneck: what is said, and what is judged."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from capacity_trials import trial
from searched_run import SearchedRun, queue

from gradual_master.analysis.capacity.result import CapacityResult, TrialRecord
from gradual_master.results.judging.saturation import Saturation
from gradual_master.results.judging.trials import GeneratorDoubts

DOUBT = "Not the system's capacity for certain: agents were saturated in the trials of "


def result(trials: Sequence[TrialRecord], *, recovered: bool | None = True) -> CapacityResult:
    """47 users held, 48 did not by an estimate, 50 did not with certainty."""
    return CapacityResult(47, 45, 50, True, recovered, "found", 10, 200, ("mean < 100ms",), tuple(trials))


TRIALS = (
    trial(10),
    trial(80, "failed"),
    trial(50, "failed"),
    trial(48, "failed", certain=False),
    trial(47),
    trial(47, purpose="confirm"),
    trial(42, "failed", purpose="recover"),
)
FOUND = result(TRIALS, recovered=False)


def doubts_of(*saturated: int) -> GeneratorDoubts:
    return GeneratorDoubts(saturated=tuple(one for one in TRIALS if one.users in saturated))


@pytest.mark.parametrize(
    ("saturated", "reasons"),
    [
        ((), ()),
        ((10, 50, 80, 42), ()),
        ((47, 48), ("agents were saturated in the trials of 47 and 48 users",)),
        ((48, 80), ("agents were saturated in the trials of 48 users",)),
    ],
)
def test_the_number_rests_on_the_level_found_and_the_next_one_that_did_not_hold(
    saturated: tuple[int, ...], reasons: tuple[str, ...]
) -> None:
    assert doubts_of(*saturated).about(FOUND) == reasons


def test_a_late_generator_is_the_bottleneck_as_well() -> None:
    doubts = GeneratorDoubts(late=TRIALS[3:4])
    assert doubts.about(FOUND) == ("agents were late for their users in the trials of 48 users (Little's law)",)


def test_one_user_is_no_plural() -> None:
    alone = trial(1, "failed")
    found = replace(result([alone]), users=None)
    assert GeneratorDoubts(saturated=(alone,)).about(found) == ("agents were saturated in the trials of 1 user",)


@pytest.mark.parametrize(
    ("saturated", "high", "recovered"),
    [((), 50, False), ((80, 48), 50, False), ((50,), None, False), ((42,), 50, None)],
)
def test_a_saturated_trial_is_no_upper_end_and_shows_no_missing_recovery(
    saturated: tuple[int, ...], high: int | None, recovered: bool | None
) -> None:
    certain = doubts_of(*saturated).certain_of(FOUND)
    assert (certain.high, certain.recovered) == (high, recovered)
    assert certain.trials == TRIALS


def test_a_trial_is_saturated_by_its_own_time() -> None:
    """From 30 s to 60 s one second is enough; the second at 29 s is not of it."""
    later = replace(trial(47), started_s=30.0, ended_s=60.0)
    for seconds, expected in (((28, 29), ()), ((29, 30, 31), (later,))):
        saturation = Saturation(100, {}, seconds, 1_000_000_000)
        assert GeneratorDoubts.of(result([later]), (), saturation).saturated == expected


def test_the_answer_does_not_state_a_capacity_that_the_verdict_calls_invalid() -> None:
    run = SearchedRun(queue())
    run.strained_above = 40
    summary = run.run()
    found = summary.analysis.capacity
    assert found is not None
    above = found.least_failed
    assert above is not None
    assert summary.verdict.status == "invalid"
    assert summary.analysis.answer[:2] == (
        f"{DOUBT}{found.users} and {above.users} users.",
        f"It holds {found.users} users with mean below 100 ms and error_rate below 5%.",
    )
    allowed = run.end(allow_saturated=True)
    assert allowed.verdict.status == "passed"
    assert re.search(r" \(\d+–\d+\)\.$", allowed.analysis.answer[0])
    assert any("may be that of the generator" in warning for warning in allowed.verdict.warnings)


def test_a_first_level_that_a_saturated_agent_broke_is_not_the_systems_for_certain() -> None:
    run = SearchedRun(queue(), thresholds=["mean < 1ms"])
    run.strained_above = 5
    summary = run.run()
    assert summary.verdict.status == "invalid"
    assert summary.analysis.answer[0] == f"{DOUBT}10 users."


def overloaded(**search: object) -> SearchedRun:
    """The agent is saturated with 160, in more than 5 % of the run's intervals."""
    run = SearchedRun(queue(0.008), initial=20, hold="30s", **search)
    run.strained_above = 155
    return run


def test_an_overload_that_saturates_much_of_the_run_is_a_warning() -> None:
    summary = overloaded().run(3600)
    assert summary.fleet.saturated_intervals > 0.05 * summary.fleet.intervals
    assert (summary.verdict.status, summary.verdict.reasons) == ("passed", ())
    assert any(warning.startswith("a was saturated in ") for warning in summary.verdict.warnings)


def test_thresholds_over_the_run_need_a_generator_that_was_free_over_the_run() -> None:
    run = overloaded(objectives=["mean < 100ms"], thresholds=["p95 < 10s", "capacity >= 50 users"])
    verdict = run.run(3600).verdict
    assert verdict.status == "invalid"
    assert "more than 5% make a run invalid" in verdict.reasons[0]
