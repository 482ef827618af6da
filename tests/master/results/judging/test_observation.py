"""Statistics with nothing to take them of."""

import pytest
from raw_run import plan_of, schedule_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.rules import parse_rule
from gradual_master.results.judging.observation import Observation, observe
from gradual_master.results.measures.totals import Totals
from gradual_master.results.merging.measurements import Shape


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
    totals = Totals(Shape.of(SeriesIndex.of(plan_of())), schedule_of((2, 1)))
    assert observe(parse_rule(rule), totals.everything(), totals) == Observation(value, 0)
