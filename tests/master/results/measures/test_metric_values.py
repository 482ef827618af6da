"""Custom metrics of batches are rows of plain numbers: exact, merged in any order, without warm-up, judged by rules."""

from itertools import permutations
from typing import Any

import pytest
from raw_run import schedule_of

from gradual_agent.recording.recorder import Recorder
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Batch, Health
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.measures.metrics import MetricRow, doubtful_metrics, metric_rows

S = 1_000_000_000
RECORD = {"basket": {"json": "total", "unit": "EUR", "resolution": 0.01}, "orders": {"type": "counter"}}


def plan(*thresholds: str) -> Plan:
    return Plan.model_validate(
        {
            "config": {"base_url": "http://x.example", "duration": "2s"},
            "users": [{"name": name, "concurrency": 1, "behavior": ["order"]} for name in ("guest", "member")],
            "actions": {"order": {"url": "/", "record": RECORD}},
            "thresholds": list(thresholds),
        }
    )


def batch_with(made: Plan, *values: tuple[str, Any]) -> Batch:
    """One agent's first second, in which these were recorded."""
    now = 0
    recorder = Recorder(SeriesIndex.of(made), lambda: now)
    recorder.schedule(0, S, [(0, 0)])
    for name, value in values:
        recorder.metrics.record(name, value)
    now = S
    return recorder.seal(0, 0, Health(0.0, 0, 0, 0))


def merged(made: Plan, *batches: Batch) -> Aggregate:
    aggregate = Aggregate(made, schedule_of((2, 1)), S)
    for number, batch in enumerate(batches):
        aggregate.merge(f"agent-{number}", batch)
    aggregate.settle()
    return aggregate


def rows(aggregate: Aggregate) -> dict[str, MetricRow]:
    return {row.name: row for row in metric_rows(aggregate.index, aggregate.totals)}


def test_the_values_of_all_agents_are_one_row_whatever_their_order() -> None:
    made = plan()
    parts = (
        batch_with(made, ("basket", 19.99), ("orders", 1)),
        batch_with(made, ("basket", "0.01"), ("basket", None), ("orders", 2)),
        batch_with(made, ("basket", 0), ("basket", -5), ("basket", "x")),
    )
    found = [rows(merged(made, *order)) for order in permutations(parts)]
    assert all(each == found[0] for each in found)
    basket, orders = found[0]["basket"], found[0]["orders"]
    assert (basket.count, basket.sum, basket.min, basket.max) == (3, 20.0, 0.0, 19.99)
    assert (basket.p50, basket.p99) == (0.01, 19.99)
    assert (basket.missing, basket.out_of_range, basket.rate) == (2, 1, None)
    assert (orders.count, orders.sum, orders.rate) == (2, 3.0, 3.0)


def test_without_values_there_is_no_number_and_a_counter_is_0() -> None:
    basket, orders = rows(merged(plan())).values()
    assert (basket.count, basket.sum, basket.mean, basket.p95, basket.min) == (0, None, None, None, None)
    assert (orders.count, orders.sum, orders.mean) == (0, 0.0, None)


def test_what_is_lacking_is_said_in_words() -> None:
    made = plan()
    aggregate = merged(made, batch_with(made, ("basket", None), ("basket", -1), ("orders", 1)))
    assert list(doubtful_metrics(metric_rows(aggregate.index, aggregate.totals))) == [
        "metric basket: 1 of its values missing, or no number",
        "metric basket: 1 value left out, negative or above 36,000,000; `resolution:` sets what can be counted",
    ]


def test_a_sum_that_does_not_fit_is_no_number() -> None:
    made = plan()
    aggregate = merged(made, batch_with(made, ("basket", 36_000_000)))
    histogram = aggregate.totals._measured.histograms
    for _ in range(22):  # 2²² times the largest value is above 2⁶³.
        aggregate.totals._measured.histograms.add(histogram.freeze())
    (basket, _) = rows(aggregate).values()
    assert (basket.count, basket.sum, basket.mean, basket.max) == (2**22, None, None, 36_000_000.0)


@pytest.mark.parametrize(
    ("rule", "observed", "passed"),
    [
        ("p95(metric=basket) < 30", 20.0, True),
        ("max(metric=basket) < 20", 20.0, False),
        ("mean(metric=basket) == 15", 15.0, True),
        ("sum(metric=basket) > 30", 30.0, False),
        ("count(metric=basket) == 2", 2.0, True),
        ("sum(metric=orders) >= 3", 3.0, True),
        ("rate(metric=orders) > 2.9/s", 3.0, True),
        ("rate(metric=orders) < 3/s", 3.0, False),
    ],
)
def test_a_rule_judges_the_values(rule: str, observed: float, passed: bool) -> None:
    made = plan(rule)
    aggregate = merged(made, batch_with(made, ("basket", 10), ("basket", 20), ("orders", 1), ("orders", 2)))
    row: ObjectiveRow = aggregate.judge()[0]
    assert (row.rule, row.observed, row.passed) == (rule, pytest.approx(observed, rel=0.0055), passed)


def test_a_star_is_one_verdict_for_each_metric() -> None:
    made = plan("count(metric=*) > 0")
    judged = merged(made, batch_with(made, ("basket", 10))).judge()
    assert [(row.scope, row.passed) for row in judged[:2]] == [("metric=basket", True), ("metric=orders", False)]
