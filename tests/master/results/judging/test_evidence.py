"""Shares of nothing are nothing; a step that fails often is named when no objective looks at its failures."""

from typing import Any

import pytest
from made_evidence import evidence_of
from raw_run import MS, S, Stretch, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of

from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

BROWSE = "browse of customer: 56 of 100 requests failed (56%; HTTP 500), and no objective of the plan covers that"


def summary_of(failing: int = 56, **changes: Any) -> Summary:
    """100 of `login`, all well; 100 of `browse`, of which some fail with 500; 10 of `rates`, of which one fails."""
    plan, schedule = plan_of(**changes), schedule_of((4, 2), seconds=1)
    aggregate = aggregate_of(plan, schedule)
    samples = [
        *[(0, "", MS)] * 1000,
        *[(1, "status", MS)] * failing,
        *[(1, "", MS)] * (100 - failing),
        (2, "dns", MS),
        *[(2, "", MS)] * 9,
    ]
    stretch = Stretch(0, 0, S, samples, statuses=[(1, 500, failing)], users=[(4, 4, 0, 0), (2, 2, 0, 0)])
    aggregate.merge("a", batch_of(1, 0, stretch, last=True))
    return build_summary(aggregate, fleet_of(), run_of())


def named(summary: Summary) -> list[str]:
    return [
        warning.partition(" of ")[0]
        for warning in summary.verdict.warnings
        if "no objective of the plan covers" in warning
    ]


@pytest.mark.parametrize(
    ("thresholds", "steps", "reason"),
    [
        ([], ["browse", "rates"], "nothing is demanded of failures"),
        (["p95 < 1s"], ["browse", "rates"], "times are no failures"),
        (["error_rate < 90%"], [], "all steps are judged together, as the plan wants it"),
        (["success_rate(customer_is_no_action) > 1%"], ["browse", "rates"], "it covers nothing that there is"),
        (["error_rate(browse) < 90%"], ["rates"], "the other one is not covered"),
        (["error_rate(group=customer) < 90%"], ["rates"], "a group covers its steps"),
        (["failures < 900"], [], "a count of failures is an objective on them"),
        (["count(failed) < 900"], [], "written in another way"),
        (["failures(kind=timeout) < 9"], ["browse", "rates"], "some kinds alone cover no step"),
        (["error_rate(*) < 90%"], [], "each step by itself"),
    ],
)
def test_steps_are_named_that_no_objective_covers(thresholds: list[str], steps: list[str], reason: str) -> None:
    written = [{"rule": rule} for rule in thresholds]
    assert named(summary_of(thresholds=written)) == steps, reason


def test_the_sentence_says_how_many_failed_and_mostly_why() -> None:
    warnings = summary_of(thresholds=[]).verdict.warnings
    assert warnings[0] == BROWSE
    assert warnings[1].startswith("rates of guest: 1 of 10 requests failed (10%; host name not resolved), and no")


def test_a_share_of_up_to_five_percent_is_not_reported() -> None:
    assert named(summary_of(failing=5, thresholds=[])) == ["rates"]
    assert named(summary_of(failing=6, thresholds=[])) == ["browse", "rates"]


def test_a_plan_that_says_nothing_of_failures_fails_by_the_default_and_the_steps_are_named() -> None:
    summary = summary_of()
    (reason,) = summary.verdict.reasons
    assert reason.startswith("error_rate < 5% (default): 5.135% over 1,110 samples; first broken at 1 s; ")
    assert (summary.verdict.status, named(summary)) == ("failed", ["browse", "rates"])


def test_a_step_with_a_success_rate_of_its_own_is_covered() -> None:
    users = [
        {
            "name": "customer",
            "concurrency": 4,
            "behavior": [{"action": "login"}, {"action": "browse", "success_rate": 0.3}],
        },
        {"name": "guest", "concurrency": 2, "behavior": [{"action": "rates"}]},
    ]
    summary = summary_of(users=users)
    assert (summary.verdict.status, named(summary)) == ("passed", ["rates"])


def test_shares_are_of_their_whole() -> None:
    evidence = evidence_of(
        scheduled_user_s=200,
        missing_user_s=3,
        begun=1000,
        merged=990,
        intervals=40,
        saturated_intervals=10,
    )
    assert (evidence.missing_share, evidence.lost_share, evidence.saturated_share) == (0.015, 0.01, 0.25)


def test_without_a_whole_there_is_no_share() -> None:
    evidence = evidence_of(scheduled_user_s=0, missing_user_s=3, begun=0, merged=0, intervals=0)
    assert (evidence.missing_share, evidence.lost_share, evidence.saturated_share) == (0, 0, 0)
