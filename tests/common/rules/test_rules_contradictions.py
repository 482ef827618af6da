"""Rules that nothing can meet together are found; rules that something can meet are not."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.rules.contradictions import contradictions_in
from gradual_common.rules.parser import parse_rule


def found_in(*texts: str) -> list[tuple[str, str, str]]:
    """The rule that allows too little, the one that asks for more, and what it asks for."""
    pairs = contradictions_in([parse_rule(text) for text in texts])
    return [(texts[pair.low], texts[pair.high], pair.least) for pair in pairs]


@pytest.mark.parametrize(
    ("low", "high", "least"),
    [
        ("p95 < 1s", "p95 > 2s", "more than 2s"),
        ("p95 < 1s", "p95 >= 2s", "2s"),
        ("p95 < 1s", "p95 >= 1s", "1s"),  # They touch, and one is without its limit.
        ("p95 <= 1s", "p95 > 1s", "more than 1s"),
        ("p95 <= 1s over run", "p95 > 1s", "more than 1s"),  # What is judged without a window, too.
        ("throughput == 5/s", "throughput == 6/s", "6/s"),
        ("throughput == 5/s", "throughput > 5/s", "more than 5/s"),
        ("throughput < 5/s", "throughput == 5/s", "5/s"),
        ("count < 5", "count > 4", "5"),  # There is no whole number between.
        ("failures <= 0", "failures > 0", "1"),
        ("error_rate < 1%", "success_rate < 90%", "more than 10% failures"),
        ("success_rate > 99.9%", "error_rate >= 0.1%", "0.1% failures"),
        ("p95 < 1s", "p50 > 2s", "more than 2s"),  # p50 is never above p95.
        ("max < 1s", "p99 > 1s", "more than 1s"),
        ("mean < 1s", "min > 1s", "more than 1s"),
        ("max <= 1s", "mean > 1s", "more than 1s"),
        ("request_rate < 5/s", "throughput > 5/s", "more than 5/s"),
        ("count < 5", "failures >= 5", "5"),
        ("p95(login, ok) < 1s at 20 users for 10s", "p95(ok, login) > 2s at 20 users for 10s", "more than 2s"),
        ("p95(metric=basket) < 5", "mean(metric=basket) > 5", None),
        ("rate(metric=basket) < 5/s", "rate(metric=basket) > 6/s", "more than 6/s"),
        ("agent.cpu.max < 50%", "agent.cpu.max > 60%", "more than 60%"),
        ("agent.cpu.max < 50%", "agent.cpu > 60%", "more than 60%"),  # Its p95.
        ("agent.loop_lag.p99 < 5ms", "agent.loop_lag > 5ms", "more than 5ms"),
        ("watch.db.min > 5", "watch.db.max < 5", None),
    ],
)
def test_what_nothing_can_meet_is_found_in_either_order(low: str, high: str, least: str | None) -> None:
    if low.startswith("watch"):
        low, high, least = high, low, "more than 5"
    expected = [] if least is None else [(low, high, least)]
    assert found_in(low, high) == found_in(high, low) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("p95 < 1s", "p95 < 2s"),
        ("p95 <= 1s", "p95 >= 1s"),  # Exactly 1 s.
        ("p95 > 1s", "p95 < 2s"),
        ("throughput == 5/s", "throughput >= 5/s"),
        ("throughput == 5/s", "throughput == 5/s"),
        ("count > 4", "count < 6"),
        ("p50 < 1s", "p95 > 2s"),
        ("min < 1s", "max > 2s"),
        ("mean < 1s", "p99 > 5s"),
        ("mean > 2s", "p50 < 1s"),  # A few slow ones do that.
        ("error_rate < 1%", "success_rate > 99%"),
        ("failures == 0", "count > 1000"),
        ("p95(login) < 1s", "p95(logout) > 2s"),
        ("p95(ok) < 1s", "p95(failed) > 2s"),
        ("p95 < 1s at 20 users", "p95 > 2s at 40 users"),
        ("p95 < 1s", "p95 > 2s for 10s"),
        ("ttfb.p95 < 1s", "p95 > 2s"),
        ("agent.cpu < 50%", "agent.cpu.max > 60%"),
        ("agent.cpu < 50%", "agent.cpu.p99 > 60%"),
        ("watch.db < 5", "watch.bd > 6"),
    ],
)
def test_what_something_can_meet_is_none(one: str, other: str) -> None:
    assert found_in(one, other) == found_in(other, one) == []


def test_of_many_rules_each_pair_is_found_once() -> None:
    assert found_in("p95 < 1s", "p95 > 2s", "p95 == 3s", "error_rate < 1%", "p99 < 9s") == [
        ("p95 < 1s", "p95 > 2s", "more than 2s"),
        ("p95 < 1s", "p95 == 3s", "3s"),
    ]


@given(st.tuples(*[st.tuples(st.sampled_from(["<", "<=", ">", ">=", "=="]), st.integers(0, 5))] * 2))
def test_whole_numbers_tell_the_same(limits: tuple[tuple[str, int], tuple[str, int]]) -> None:
    """Counts from 0 to 10 are tried one by one."""
    rules = [parse_rule(f"count {op} {limit}") for op, limit in limits]
    can_be_met = any(all(rule.holds(value) for rule in rules) for value in range(-1, 11))
    assert bool(list(contradictions_in(rules))) == (not can_be_met)


@given(
    st.tuples(*[st.tuples(st.sampled_from([50, 95]), st.sampled_from(["<", "<=", ">", ">="]), st.integers(1, 4))] * 2)
)
def test_two_percentiles_tell_the_same(limits: tuple[tuple[int, str, int], tuple[int, str, int]]) -> None:
    """Every p50 that is at most the p95, in halves of a second, is tried."""
    rules = [parse_rule(f"p{percentile} {op} {limit}s") for percentile, op, limit in limits]
    times = [half * 500_000_000 for half in range(12)]
    can_be_met = any(
        low <= high and all(rule.holds(low if rule.quantile == 0.5 else high) for rule in rules)
        for low, high in product(times, times)
    )
    assert bool(list(contradictions_in(rules))) == (not can_be_met)
