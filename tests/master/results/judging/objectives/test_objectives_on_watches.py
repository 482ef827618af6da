"""Objectives on the system's own metrics: their values by interval, without gaps."""

from dataclasses import replace

import pytest
from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_common.schedule.schedule import Level
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.judging.objectives import system
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.judging.objectives.system import statistic_of_watch
from gradual_master.results.measures.watches import watch_rows, watch_warnings
from gradual_master.watching.courses import Floats

VALUES = {0: 10.0, 1: 20.0, 2: 90.0, 3: 30.0, 6: 40.0, 7: 50.0}
"""Of ten seconds; 4, 5, 8 and 9 are gaps."""

WATCH = {"db": {"prometheus": "http://p", "query": "q", "unit": "%"}}


def run_of(*rules: str, warm_up: int = 0) -> Aggregate:
    plan = plan_of(thresholds=[{"rule": rule} for rule in rules], watch=WATCH)
    aggregate = aggregate_of(plan, schedule_of((2, 1), (4, 2), seconds=5, warm_up=warm_up))
    for second in range(10):
        stretch = Stretch(second // 5, second * S, (second + 1) * S, samples=[(0, "", MS)])
        aggregate.merge("a", batch_of(second + 1, second, stretch))
    aggregate.settle()
    return aggregate


def judge(rule: str) -> ObjectiveRow:
    aggregate = run_of(rule)
    aggregate.courses["db"].take(VALUES, until=10)
    return aggregate.judge()[0]


@pytest.mark.parametrize(
    ("rule", "observed", "samples"),
    [
        ("watch.db < 50%", 40, 6),
        ("watch.db.max < 50%", 90, 6),
        ("watch.db.min > 5%", 10, 6),
        ("watch.db.p50 < 50%", 30, 6),
        ("watch.db < 50% for 2s", 60, 2),
        ("watch.db.min > 5% for 4s", 10, 4),
        ("watch.db < 50% for 5s", None, 0),  # No stretch without a gap is that long.
        ("watch.db.max < 50% at 3 users", 90, 4),
        ("watch.db.max < 95% over levels", 90, 4),
    ],
)
def test_a_statistic_is_over_the_values_that_there_are(rule: str, observed: float | None, samples: int) -> None:
    row = judge(rule)
    assert (row.observed, row.samples) == (observed, samples)
    assert row.unit == "%"


def judged_on_a_ramp(rule: str) -> ObjectiveRow:
    """Over twelve levels of 2.5 s; the values are 95 for 12 s, then 20."""
    plan = plan_of(thresholds=[{"rule": rule}], watch=WATCH)
    edges = [round(2.5 * S * number) for number in range(13)]
    levels = [Level(n, 0, edges[n], edges[n + 1], float(n + 1)) for n in range(12)]
    schedule = replace(schedule_of((2, 1), seconds=30), levels=tuple(levels))
    aggregate = aggregate_of(plan, schedule)
    for second in range(30):
        begin, end = second * S, (second + 1) * S
        held = [level for level in levels if level.start < end and level.end > begin]
        parts = [Stretch(one.number, max(one.start, begin), min(one.end, end), [(0, "", MS)]) for one in held]
        aggregate.merge("a", batch_of(second + 1, second, *parts))
    aggregate.courses["db"].take({second: 95.0 if second < 12 else 20.0 for second in range(30)}, until=30)
    aggregate.settle()
    return aggregate.judge()[0]


@pytest.mark.parametrize(
    ("rule", "observed", "samples"),
    [
        ("watch.db < 40%", 50, 30),
        ("watch.db < 50% for 10s", 95, 10),
        ("watch.db.max < 50% for 1s", 95, 1),
        ("watch.db.max < 90% over levels", 95, 2),
    ],
)
def test_no_value_is_lost_where_levels_change_within_an_interval(rule: str, observed: float, samples: int) -> None:
    row = judged_on_a_ramp(rule)
    assert (row.observed, row.samples, row.passed) == (observed, samples, False)


def test_a_watch_without_any_value_fails_its_objective() -> None:
    row = run_of("watch.db < 50%").judge()[0]
    assert (row.passed, row.observed) == (False, None)


def test_a_row_counts_gaps_and_a_warning_says_since_when_there_are_no_values() -> None:
    course = run_of().courses["db"]
    course.take(VALUES, until=8)
    course.fail(8, "refused")
    (row,) = watch_rows({"db": course}, 10)
    assert (row.count, row.gaps, row.mean, row.max, row.failed_since_s) == (6, 4, 40, 90, 8)
    assert list(watch_warnings([row])) == ["watch db has no values since 8 s: refused"]


@pytest.mark.parametrize("of", ["", ".min", ".max"])
def test_of_all_windows_only_the_worst_is_looked_at(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def count(of: str, quantile: float | None, values: Floats) -> float | None:
        looked.append(len(values))
        return statistic_of_watch(of, quantile, values)

    monkeypatch.setattr(system, "statistic_of_watch", count)
    judge(f"watch.db{of} < 50% for 2s")
    assert looked == [2]
