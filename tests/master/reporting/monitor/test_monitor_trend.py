"""The last seconds exactly, the last minutes in slices."""

from math import ceil

import pytest
from monitor_scene import records
from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_master.reporting.monitor.trend import BEFORE_S, SPAN_S, Trend
from gradual_master.results.measures.intervals import IntervalRecord


def series(samples: list[list[int]]) -> list[IntervalRecord]:
    """One interval per list of response times in ms; times above 99 failed."""
    schedule = schedule_of((2, 1), seconds=len(samples))
    aggregate = aggregate_of(plan_of(), schedule)
    closed = []
    for second, times in enumerate(samples):
        rows = [(0, "status" if ms > 99 else "", ms * MS) for ms in times]
        users = [(2, 1.5, 0.5, 0), (1, 0, 1, 0)]
        aggregate.merge("a", batch_of(second + 1, second, Stretch(0, second * S, (second + 1) * S, rows, users=users)))
        closed.append(aggregate.close(second))
    return closed


def trend_of(samples: list[list[int]]) -> Trend:
    trend = Trend()
    for record in series(samples):
        trend.add(record)
    return trend


def rank(times: list[int], q: float) -> int:
    return sorted(times)[ceil(q * len(times)) - 1]


def test_the_last_seconds_are_merged_and_compared_with_those_before() -> None:
    samples = [[second % 7 + 1, second % 5 + 20, 120] for second in range(60)]
    trend = trend_of(samples)
    recent = [ms for times in samples[-5:] for ms in times]
    before = [ms for times in samples[-5 - int(BEFORE_S) : -5] for ms in times]
    for q, now, then in ((0.5, trend.recent.times.p50, trend.before.times.p50), (0.9, trend.recent.times.p90, None)):
        assert now == pytest.approx(rank(recent, q), rel=0.0055)
        assert then is None or then == pytest.approx(rank(before, q), rel=0.0055)
    assert (trend.recent.times.count, trend.before.times.count) == (len(recent), len(before))
    assert (trend.recent.ok, trend.recent.failed, trend.recent.kinds) == (2, 1, {"status": 1})
    assert (trend.recent.in_flight, trend.recent.thinking) == (1.5, 1.5)


def test_of_nothing_nothing_is_known() -> None:
    trend = Trend()
    assert (trend.recent.ok, trend.recent.failed, trend.recent.times.p95, trend.before.ok) == (None,) * 4
    assert trend.rates(lambda moment: moment.ok, 4) == [None] * 4
    assert trend.recent_records == []


def test_an_interval_without_samples_has_a_rate_and_no_time() -> None:
    trend = trend_of([[10], [], [30]])
    assert trend.rates(lambda moment: moment.ok, 5) == [None, None, 1, 0, 1]
    assert trend.worst(lambda moment: moment.times.max, 5) == [None, None, 10, None, 30]


def test_slices_grow_with_the_run_up_to_the_span() -> None:
    spans = []
    trend = Trend()
    for record in series([[1]] * 300):
        trend.add(record)
        spans.append(trend.slice_s(20))
    assert (spans[0], spans[19], spans[20], spans[-1]) == (1, 1, 2, SPAN_S / 20)
    assert trend.span_s(20) == SPAN_S


def test_a_slice_that_is_over_never_changes() -> None:
    """With 30 columns over more than 3 minutes a slice is 6 s: rates are means, times the worst of the intervals."""
    samples = [[second % 13 + 1] * (second % 4 + 1) for second in range(240)]
    rates = trend_of(samples).rates(lambda moment: moment.ok, 30)
    assert rates == [sum(map(len, samples[begin : begin + 6])) / 6 for begin in range(60, 240, 6)]
    later = trend_of([*samples, [1]]).rates(lambda moment: moment.ok, 30)
    assert later[:-1] == rates[1:]
    assert trend_of(samples).worst(lambda moment: moment.times.max, 30) == [
        max(max(times) for times in samples[begin : begin + 6]) for begin in range(60, 240, 6)
    ]


def test_memory_is_bounded() -> None:
    trend = Trend()
    for record in records(60, groups=("a",), agents=1, thresholds=[]):
        trend.add(record)
    assert len(trend._records) == 5 + BEFORE_S
