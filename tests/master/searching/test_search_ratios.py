"""What began in the level before, as an overload, is left out of the sums of a level."""

from dataclasses import replace

import pytest
from raw_run import START, S, Stretch, batch_of

from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.protocol.batch import TRANSACTION
from gradual_master.analysis.capacity.measure import measure_of
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.judging.objectives.of_plan import plan_objectives
from gradual_master.searching.ratios import sums_of

MS = 1_000_000
ELAPSED = 10 * S


def sums_over(rule: str) -> tuple[float, float]:
    """Within 10 s of a level ended 7 transactions of 100 ms, and from before it 3 that failed and 2 that did not."""
    plan = Plan.model_validate(
        {
            "config": {"base_url": "http://bank.example", "duration": "30m", "ramp_up": "find_capacity"},
            "users": [
                {
                    "name": "caller",
                    "concurrency": 20,
                    "behavior": [{"transaction": "pay", "steps": [{"action": "call"}]}],
                }
            ],
            "actions": {"call": {"url": "/"}},
            "thresholds": [rule],
        }
    )
    schedule = compile_schedule(plan)
    aggregate = Aggregate(plan, schedule, S)
    aggregate.start = START
    (series,) = (transaction.number for transaction in aggregate.index.transactions)
    ended = [("", 100 * MS)] * 7 + [("connect", 60_000 * MS)] * 3 + [("", 60_000 * MS)] * 2
    counted = [(series, kind, 1) for kind, _ in ended]
    times = [(series, kind, TRANSACTION, ns) for kind, ns in ended]
    batch = batch_of(1, 0, Stretch(0, 0, S, counted, times, users=((20, 0, 20, 0),)), groups=1)
    aggregate.merge("a", replace(batch, counters=batch.counters[:0]))  # Only requests have counters.
    aggregate.close(0)
    objective = next(one for one in plan_objectives(plan, aggregate.index, schedule).steering if one.name == rule)
    return sums_of(objective, measure_of(objective.rule), aggregate.totals, ELAPSED)


@pytest.mark.parametrize(
    "rule", ["error_rate(transaction=pay) < 5%", "transaction.error_rate < 5%", "success_rate(transaction=pay) > 95%"]
)
def test_transactions_of_the_level_before_are_left_out_of_a_share(rule: str) -> None:
    assert sums_over(rule) == (0.0, 7.0)


@pytest.mark.parametrize("rule", ["p95(transaction=pay) < 500ms", "p95(transaction=pay) < 50ms"])
def test_transactions_of_the_level_before_are_left_out_of_a_percentile(rule: str) -> None:
    assert sums_over(rule) == (7.0 if "50ms" in rule else 0.0, 7.0)
