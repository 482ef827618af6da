"""Objectives over the course of a run: observed, judged, remembered; no data is null, never 0."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from raw_run import MS, S, Stretch, aggregate_of, batch_of, iteration_time, plan_of, schedule_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import CONNECT, EXCHANGE, TTFB
from gradual_common.rules.parser import parse_rule
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.judging.objectives.observing import Observation, observe_samples
from gradual_master.results.measures.totals import Totals
from gradual_master.results.merging.sums import OUTSIDE, Shape

MIXED = Stretch(
    0,
    0,
    S,
    samples=[
        *((0, "", ns * MS) for ns in range(1, 101)),
        (1, "status", 300 * MS),
        (1, "timeout", 500 * MS),
        (1, "connect", 900 * MS),
        (2, "", 7 * MS),
    ],
    other=[(0, "", EXCHANGE, 3 * MS), (0, "", TTFB, 2 * MS), (0, "", CONNECT, MS), iteration_time(3, 50 * MS)],
    counters={1: {"sent": 2, "interrupted": 4}},
)
DRAINED = Stretch(OUTSIDE, S, 2 * S, samples=[(2, "", 9 * MS)])


def judge(*rules: Any, stretches: Sequence[Stretch] = (MIXED, DRAINED), **changes: Any) -> list[ObjectiveRow]:
    """The rules' rows over one level of a second and the drain after it."""
    plan = plan_of(thresholds=[rule if isinstance(rule, dict) else {"rule": rule} for rule in rules], **changes)
    aggregate = aggregate_of(plan, schedule_of((2, 1), seconds=1))
    for second, stretch in enumerate(stretches):
        aggregate.merge("a", batch_of(second + 1, second, stretch))
    aggregate.settle()
    return list(aggregate.judge())[: len(rules)]


@pytest.mark.parametrize(
    ("rule", "observed", "unit", "samples"),
    [
        ("count > 1", 105, "", 105),
        ("failures < 9", 3, "", 105),
        ("failures(kind=timeout) < 9", 1, "", 1),
        ("interrupted < 9", 4, "", 105),
        ("interrupted(login) < 9", 0, "", 100),
        ("error_rate < 9%", round(300 / 105, 3), "%", 105),
        ("error_rate(browse) < 9%", 100, "%", 3),
        ("success_rate(group=guest) > 9%", 100, "%", 2),
        ("throughput > 1/s", 101, "/s", 101),
        ("request_rate > 1/s", 104, "/s", 104),
        ("request_rate(phase=main) > 1/s", 104, "/s", 104),
        ("request_rate(failed) > 1/s", 3, "/s", 3),
        ("throughput(failed) > 1/s", 0, "/s", 0),
        ("max < 1s", 500, "ms", 104),
        ("max(kind=connect) < 1s", None, "ms", 0),
        ("min < 1s", 1, "ms", 104),
        ("mean(rates) < 1s", 8, "ms", 2),
        ("mean(login, ok) < 1s", 50.5, "ms", 100),
        ("exchange.max < 1s", 3, "ms", 1),
        ("ttfb.min < 1s", 2, "ms", 1),
        ("connect.mean < 1s", 1, "ms", 1),
        ("connect.count < 5", 1, "", 1),
        ("iteration.max < 1s", 50, "ms", 1),
        ("iteration.throughput > 0/s", 1, "/s", 1),
    ],
)
def test_a_statistic_is_taken_over_its_scope(rule: str, observed: float | None, unit: str, samples: int) -> None:
    (row,) = judge(rule)
    assert (row.observed, row.unit, row.samples) == (observed, unit, samples)


def test_a_statistic_that_only_the_rules_know_is_no_rate_but_a_bug() -> None:
    totals = Totals(Shape(SeriesIndex.of(plan_of())), schedule_of((2, 1)))
    rule = replace(parse_rule("count < 1"), statistic="novelty")
    with pytest.raises(ValueError, match="the statistic novelty has no value here"):
        observe_samples(rule, totals.everything(), totals)


def test_a_percentile_is_within_its_stated_error_of_numpys() -> None:
    (row,) = judge("p95(login) < 1s")
    truth = float(np.percentile(np.arange(1, 101), 95, method="inverted_cdf"))
    assert row.observed == pytest.approx(truth, rel=0.0055)


def test_a_row_says_what_was_wanted_and_what_was_seen() -> None:
    slow, fast = judge({"rule": "max < 400ms", "name": "no stalls"}, "max(login) <= 100ms")
    assert slow == ObjectiveRow(
        name="no stalls",
        rule="max < 400ms",
        scope="",
        observed=500,
        limit=400,
        unit="ms",
        samples=104,
        severity="fail",
        passed=False,
        first_failed_at_s=1,
        worst=500,
        reason="no stalls: 500 ms over 104 samples; first broken at 1 s",
    )
    assert (fast.passed, fast.reason, fast.scope) == (True, None, "action=login")


@pytest.mark.parametrize(
    ("rule", "passed"),
    [
        ("p95(browse) < 1s", False),
        ("error_rate(browse) < 1%", False),
        ("ttfb.p95(login) < 1s", False),
        ("p95(*) < 1s", None),
        ("count(browse) < 5", True),
        ("throughput(browse) >= 0/s", True),
    ],
)
def test_no_data_fails_but_for_every_name_of_a_star(rule: str, passed: bool | None) -> None:
    row = judge(rule, stretches=[Stretch(0, 0, S)])[0]
    assert row.passed is passed
    if passed is not True:
        assert row.observed is None
        assert row.worst is None
        assert row.reason is not None
        assert row.reason.endswith(": no data")


def test_a_step_never_performed_is_reported_and_not_failed() -> None:
    behavior = [{"action": "login", "success_rate": 0.95}, {"action": "browse", "success_rate": 0.5}]
    plan = plan_of(users=[{"name": "customer", "concurrency": 2, "behavior": behavior}])
    aggregate = aggregate_of(plan, schedule_of((2,), seconds=1))
    samples = [(0, "", MS)] * 19 + [(0, "status", MS)]
    aggregate.merge("a", batch_of(1, 0, Stretch(0, 0, S, samples), groups=1))
    aggregate.settle()
    login, browse, always = aggregate.judge()
    assert (login.observed, login.passed) == (95, True), "exactly the rate is enough"
    assert (browse.observed, browse.passed, browse.samples) == (None, None, 0)
    assert (always.observed, always.passed) == (5, True)


def test_a_run_in_which_nothing_succeeded_fails_with_any_objectives() -> None:
    plan = plan_of()
    aggregate = aggregate_of(plan, schedule_of((2, 1), seconds=1))
    aggregate.merge("a", batch_of(1, 0, Stretch(0, 0, S, [(0, "connect", MS)] * 3)))
    aggregate.settle()
    *_, always = aggregate.judge()
    assert (always.passed, always.observed) == (False, 100)


def course(rule: str, *seconds: list[int]) -> ObjectiveRow:
    """The rule's row after a run with these response times (ms) of `login` in each second."""
    aggregate = aggregate_of(plan_of(thresholds=[rule]), schedule_of((2, 1), seconds=10))
    for second, times in enumerate(seconds):
        samples = [(0, "", ms * MS) for ms in times]
        aggregate.merge("a", batch_of(second + 1, second, Stretch(0, second * S, (second + 1) * S, samples)))
        aggregate.close(second)
    return aggregate.judge()[0]


def test_the_run_so_far_is_judged_at_the_end_of_every_interval() -> None:
    row = course("mean < 100ms", [50], [50, 300], [10] * 7)
    assert (row.passed, row.observed) == (True, 47)
    assert row.first_failed_at_s == 2
    assert row.worst == pytest.approx(400 / 3, abs=0.001)


def test_a_percentile_is_not_judged_live_before_it_has_samples_enough() -> None:
    row = course("p90 < 100ms", [500], [10] * 8, [10] * 91)
    assert row.first_failed_at_s is None, "9 samples say nothing of a p90"
    assert row.passed is True


def test_a_count_that_is_to_be_reached_is_judged_at_the_end_alone() -> None:
    row = course("count > 3", [1], [1], [1, 1])
    assert (row.passed, row.first_failed_at_s, row.worst) == (True, None, 4)
    assert course("count < 3", [1], [1], [1, 1]).first_failed_at_s == 3


def aborting(
    rule: str, after: str, *seconds: tuple[int, int], warm_up: int = 0
) -> tuple[list[str | None], ObjectiveRow]:
    """Why the run would end after each second with so many (good, failed) logins; and the row at the end."""
    plan = plan_of(thresholds=[{"rule": rule, "abort": True, "after": after}])
    aggregate = aggregate_of(plan, schedule_of((2, 1), (2, 1), seconds=2, warm_up=warm_up))
    reasons = []
    for second, (good, failed) in enumerate(seconds):
        samples = [*[(0, "", MS)] * good, *[(0, "status", MS)] * failed]
        stretch = Stretch(second // 2, second * S, (second + 1) * S, samples)
        aggregate.merge("a", batch_of(second + 1, second, stretch))
        aggregate.close(second)
        reasons.append(aggregate.ends_run(second))
    return reasons, aggregate.judge()[0]


STOPPED = "stopped early: objective error_rate < 50%: observed 50% over 4 samples at 2 s"


def test_an_objective_with_abort_ends_the_run_when_the_run_so_far_breaks_it() -> None:
    reasons, row = aborting("error_rate < 50%", "0s", (2, 0), (0, 2))
    assert reasons == [None, STOPPED]
    assert (row.passed, row.reason, row.first_failed_at_s) == (False, STOPPED, 2)


def test_what_ended_the_run_has_failed_whatever_comes_in_the_drain() -> None:
    _, row = aborting("error_rate < 50%", "0s", (2, 0), (0, 2), (9, 0))
    assert (row.passed, row.reason, row.observed) == (False, STOPPED, 15.385)


def test_an_objective_with_after_does_not_end_the_run_before() -> None:
    reasons, row = aborting("error_rate < 50%", "2s", (0, 2), (2, 0), (0, 0))
    assert reasons == [None, STOPPED, STOPPED]
    assert row.first_failed_at_s == 1
    reasons, row = aborting("error_rate < 50%", "2s", (0, 2), (9, 0))
    assert (reasons, row.passed) == ([None, None], True), "it has recovered"


def test_after_counts_from_the_first_phase_that_is_no_warm_up() -> None:
    reasons, _ = aborting("error_rate < 50%", "1s", (0, 2), (0, 2), (0, 1), (0, 1), warm_up=1)
    assert [reason is not None for reason in reasons] == [False, False, True, True]


def test_without_data_or_samples_enough_no_run_ends() -> None:
    assert aborting("success_rate > 90%", "0s", (0, 0))[0] == [None]
    assert aborting("p95 < 1us", "0s", (19, 0), (1, 0))[0] == [
        None,
        *aborting("p95 < 1us", "0s", (19, 0), (1, 0))[0][1:],
    ]
    assert aborting("p95 < 1us", "0s", (19, 0))[0] == [None]


@pytest.mark.parametrize(
    ("rule", "worst"),
    [("min >= 1ms", 2), ("min <= 9ms", 6), ("max == 6ms", 9)],
)
def test_worst_is_the_value_farthest_on_the_wrong_side(rule: str, worst: float) -> None:
    assert course(rule, [6], [2], [9]).worst == worst


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("p95 < 1s", None),
        ("mean < 1s", None),
        ("min < 1s", None),
        ("error_rate < 1%", None),
        ("success_rate < 1%", None),
        ("throughput < 1/s", None),
        ("iteration.throughput < 1/s", None),
        ("count < 1", 0),
        ("failures < 1", 0),
        ("interrupted < 1", 0),
        ("ttfb.count < 1", 0),
    ],
)
def test_of_nothing_only_counts_are_known(rule: str, value: float | None) -> None:
    totals = Totals(Shape(SeriesIndex.of(plan_of())), schedule_of((2, 1)))
    assert observe_samples(parse_rule(rule), totals.everything(), totals) == Observation(value, 0)
