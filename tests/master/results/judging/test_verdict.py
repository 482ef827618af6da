"""The verdict: which evidence leads to which exit code, with every reason."""

from dataclasses import replace
from typing import Any

import pytest
from made_evidence import evidence_of

from gradual_common.clock import NS_PER_S
from gradual_master.results.judging.evidence import Evidence
from gradual_master.results.judging.littles_law import WindowGap
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.judging.verdict import judge


def row(passed: bool | None, severity: str = "fail") -> ObjectiveRow:
    reason = None if passed else "p95 < 1s: 2,000 ms of 9 samples"
    return ObjectiveRow("p95 < 1s", "p95 < 1s", "", 2000.0, 1000.0, "ms", 9, severity, passed, None, None, reason)


OURS = "login of customer failed by a mistake in Gradual (internal), 3 times"
BUSY: dict[str, Any] = {"saturated_intervals": 4, "saturated": (("a", 3), ("b", 2))}
DOUBT = "agents were saturated in the trials of 47 and 48 users"
WORST = WindowGap("a", 30, 40, 500, 0.274)


@pytest.mark.parametrize(
    ("evidence", "status", "code"),
    [
        (evidence_of(objectives=(row(True),)), "passed", 0),
        (evidence_of(objectives=(row(True), row(False))), "failed", 1),
        (evidence_of(objectives=(row(False, "warn"),)), "passed", 0),
        (evidence_of(objectives=(row(None),)), "passed", 0),
        (evidence_of(failure="1 of 3 agents came"), "invalid", 3),
        (evidence_of(missing_user_s=10.1), "invalid", 3),
        (evidence_of(missing_user_s=10), "passed", 0),
        (evidence_of(missing_user_s=900, allow_missing=1), "passed", 0),
        (evidence_of(missing_user_s=2, allow_missing=0), "invalid", 3),
        (evidence_of(merged=989), "invalid", 3),
        (evidence_of(merged=990), "passed", 0),
        (evidence_of(lost=("a",)), "passed", 0),
        (evidence_of(unforeseen=(OURS,)), "invalid", 3),
        (evidence_of(unforeseen=(OURS,), objectives=(row(False),), allow_saturated=True), "invalid", 3),
        (evidence_of(**BUSY), "invalid", 3),
        (evidence_of(**BUSY | {"saturated_intervals": 3}), "passed", 0),
        (evidence_of(**BUSY, allow_saturated=True), "passed", 0),
        (
            evidence_of(**BUSY | {"saturated_intervals": 60}, allow_saturated=True, objectives=(row(False),)),
            "failed",
            1,
        ),
        (evidence_of(doubts=(DOUBT,)), "invalid", 3),
        (evidence_of(doubts=(DOUBT,), allow_saturated=True), "passed", 0),
        (evidence_of(**BUSY, rests_on_trials=True), "passed", 0),
        (evidence_of(unaccounted=0.031, rests_on_trials=True), "passed", 0),
        (evidence_of(**BUSY, doubts=(DOUBT,), rests_on_trials=True), "invalid", 3),
        (evidence_of(unaccounted=0.031), "invalid", 3),
        (evidence_of(unaccounted=0.03), "passed", 0),
        (evidence_of(unaccounted=0.9, allow_saturated=True), "passed", 0),
        (evidence_of(flagged=1, worst=(WORST,), standstills=(("a", 3 * NS_PER_S),)), "passed", 0),
        (evidence_of(merged=989, allow_saturated=True, allow_missing=1), "invalid", 3),
        (evidence_of(missing_user_s=500, objectives=(row(False),)), "invalid", 3),
        (evidence_of(stop_signal="interrupt", missing_user_s=500, objectives=(row(False),)), "interrupted", 130),
        (evidence_of(stop_signal="terminate", failure="no agents"), "interrupted", 143),
        (evidence_of(begun=0, merged=0, intervals=0, scheduled_user_s=0, unaccounted=None), "passed", 0),
    ],
)
def test_the_most_severe_evidence_decides(evidence: Evidence, status: str, code: int) -> None:
    verdict = judge(evidence)
    assert (verdict.status, verdict.code) == (status, code)
    assert bool(verdict.reasons) == (status != "passed")


def test_why_the_plan_ended_the_run_comes_first_and_once() -> None:
    reason = "stopped early: objective p95 < 1s: observed 2,000 ms over 9 samples at 3 s"
    objective = replace(row(False), reason=reason)
    verdict = judge(evidence_of(aborted=reason, objectives=(row(None), objective, row(False))))
    assert (verdict.status, verdict.code) == ("failed", 1)
    assert verdict.reasons == (reason, "p95 < 1s: 2,000 ms of 9 samples")
    assert verdict.warnings == (), "what was not judged need not be said of a run that was cut short"


def test_an_invalid_run_stays_invalid_if_the_plan_ended_it() -> None:
    verdict = judge(evidence_of(aborted="stopped early: x", merged=900))
    assert (verdict.status, verdict.code) == ("invalid", 3)
    assert verdict.reasons[0] == "stopped early: x"


def test_every_reason_is_reported_the_most_severe_first() -> None:
    verdict = judge(
        evidence_of(
            **BUSY,
            stop_signal="interrupt",
            failure="no agents",
            missing_user_s=32,
            merged=900,
            lost=("b",),
            losses=("b 100 (begun at least 300, merged 200)",),
            unaccounted=0.042,
            objectives=(row(False),),
        )
    )
    remedy = "give it more agents or cores, or fewer users (--allow-saturated judges it anyway)"
    assert verdict.reasons == (
        "the run was interrupted before its end; objectives are judged up to there",
        "no agents",
        "3.2% of the scheduled user-seconds were missing (32.0 of 1,000.0); 1% is allowed (--allow-missing)",
        "at least 100 of 1,000 requests begun were never reported (10%): b 100 (begun at least 300, merged 200); "
        "more than 1% make a run invalid",
        f"agents were saturated in 4 of 60 intervals (6.7%): a 3, b 2; more than 5% make a run invalid: {remedy}",
        "4.2% of the users' time was neither in a request nor thinking: the agents were late for them "
        f"(Little's law); more than 3% make a run invalid: {remedy}",
        "p95 < 1s: 2,000 ms of 9 samples",
    )


@pytest.mark.parametrize(
    ("evidence", "warning"),
    [
        (evidence_of(objectives=(row(False, "warn"),)), "p95 < 1s: 2,000 ms of 9 samples"),
        (evidence_of(missing_user_s=5), "0.5% of the scheduled user-seconds were missing (5.0 of 1,000.0)"),
        (evidence_of(merged=999), "at least 1 of 1,000 requests begun was never reported (0.1%)"),
        (evidence_of(lost=("a", "b")), "2 agents lost: a, b"),
        (evidence_of(level_spread_ms=80.0), "agents put a level in force up to 80 ms apart"),
        (evidence_of(late_levels=2), "2 level changes were put in force late"),
        (evidence_of(late_starts=1), "1 user started late"),
        (evidence_of(late_batches=3), "3 batches came after their interval was closed"),
        (evidence_of(dropped_batches=1), "1 batch was dropped by its agent"),
        (evidence_of(resent_batches=2), "2 batches were sent again"),
        (
            evidence_of(merged=995, losses=("b 5 (begun at least 300, merged 295)",)),
            "at least 5 of 1,000 requests begun were never reported (0.5%): b 5 (begun at least 300, merged 295)",
        ),
        (
            evidence_of(saturated_intervals=1, saturated=(("a", 1),)),
            "a was saturated in 1 of 60 intervals (1.7%)",
        ),
        (
            evidence_of(**BUSY, allow_saturated=True),
            "agents were saturated in 4 of 60 intervals (6.7%): a 3, b 2",
        ),
        (
            evidence_of(unaccounted=0.012),
            "1.2% of the users' time was neither in a request nor thinking: the agents were late for them "
            "(Little's law)",
        ),
        (
            evidence_of(flagged=1, worst=(WORST,)),
            "a was late for 27% of its users' time from 30 s to 40 s (Little's law)",
        ),
        (
            evidence_of(standstills=(("a", 3 * NS_PER_S), ("b", NS_PER_S // 2))),
            "a stood still for up to 3.0 s: stopped, swapped out or starved of CPU",
        ),
        (
            evidence_of(empty={"guest": 4}),
            "4 iterations of guest sent no request and did not wait: check its conditions",
        ),
    ],
)
def test_what_does_not_decide_is_a_warning(evidence: Evidence, warning: str) -> None:
    verdict = judge(evidence)
    assert verdict.warnings == (warning,)
    assert verdict.status == "passed"


def test_a_calm_run_has_nothing_to_say() -> None:
    assert judge(evidence_of()).warnings == ()
    assert judge(evidence_of(missing_user_s=1)).warnings == (), "users start a moment after each change"
    assert judge(evidence_of(unaccounted=0.01)).warnings == (), "an agent needs a little time for itself"


def test_of_many_agents_the_first_five_are_named() -> None:
    losses = tuple(f"agent-{number} 1 (begun at least 10, merged 9)" for number in range(8))
    (reason,) = judge(evidence_of(begun=80, merged=72, losses=losses)).reasons
    assert reason.startswith(
        "at least 8 of 80 requests begun were never reported (10%): agent-0 1 (begun at least 10, merged 9), agent-1"
    )
    assert "agent-4 1 (begun at least 10, merged 9) and 3 more; " in reason


def test_without_names_there_is_no_list() -> None:
    (reason,) = judge(evidence_of(begun=80, merged=72)).reasons
    assert reason.startswith("at least 8 of 80 requests begun were never reported (10%); ")


@pytest.mark.parametrize(
    ("flagged", "more"), [(1, ""), (2, "; 1 more window like it"), (30, "; 29 more windows like it")]
)
def test_more_bad_windows_than_the_worst_are_counted(flagged: int, more: str) -> None:
    verdict = judge(evidence_of(worst=(WindowGap("a", 0, 10, 60, 0.5),), flagged=flagged))
    assert verdict.warnings == (f"a was late for 50% of its users' time from 0 s to 10 s (Little's law){more}",)


def test_a_search_is_invalid_if_an_agent_was_saturated_in_the_trials_that_decide() -> None:
    """A small share of the run is enough: most of it is of levels that decide nothing."""
    seen = judge(evidence_of(doubts=(DOUBT,)))
    assert seen.reasons == (
        "find_capacity: agents were saturated in the trials of 47 and 48 users, so the capacity may be that of "
        "the generator: give it more agents or cores (--allow-saturated judges it anyway)",
    )
