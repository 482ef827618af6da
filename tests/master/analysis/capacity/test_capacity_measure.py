"""Objectives as ratios."""

import pytest
from scripted_system import measures_of

from gradual_common.rules.parser import parse_rule
from gradual_master.analysis.capacity.measure import measure_of
from gradual_master.errors import OptionError


@pytest.mark.parametrize(
    ("rule", "kind", "limit", "is_upper"),
    [
        ("p95 < 500ms", "share", 0.05, True),
        ("p5 > 1ms", "share", 0.95, False),
        ("ttfb.p99(login) <= 1s", "share", 0.01, True),
        ("error_rate < 1%", "share", 0.01, True),
        ("success_rate >= 99%", "share", 0.01, True),
        ("mean < 100ms", "mean", 1e8, True),
        ("throughput > 200/s", "rate", 200, False),
        ("request_rate < 300/s", "rate", 300, True),
    ],
)
def test_an_objective_is_a_ratio_with_a_limit(rule: str, kind: str, limit: float, is_upper: bool) -> None:
    measure = measure_of(parse_rule(rule))
    assert (measure.kind, measure.is_upper) == (kind, is_upper)
    assert measure.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    "rule", ["count > 100", "max < 1s", "failures < 3", "mean < 1s at 50 users", "agent.cpu < 80%"]
)
def test_what_no_trial_can_decide_is_refused(rule: str) -> None:
    with pytest.raises(OptionError, match="cannot decide a search for capacity"):
        measure_of(parse_rule(rule))


def test_on_the_limit_only_the_operators_with_an_equals_sign_are_met() -> None:
    strict, loose = measures_of("mean < 100ms", "mean <= 100ms")
    assert not strict.is_met_by(1e8)
    assert loose.is_met_by(1e8)
    assert strict.is_met_by(1e8 - 1)
    assert not loose.is_met_by(1e8 + 1)


def test_only_a_rate_to_be_reached_is_a_goal() -> None:
    measures = measures_of("throughput > 200/s", "throughput < 200/s", "p95 < 1s")
    assert [measure.is_goal for measure in measures] == [True, False, False]


@pytest.mark.parametrize(
    ("rule", "ratio", "words"),
    [
        ("p95 < 500ms", 0.062, "6.2% above 500ms"),
        ("error_rate < 1%", 0.013, "1.3% failures"),
        ("success_rate > 99%", 0.013, "1.3% failures"),
        ("mean < 100ms", 1.12e8, "112 ms"),
        ("throughput > 200/s", 180.0, "180/s"),
    ],
)
def test_a_ratio_is_put_into_words(rule: str, ratio: float, words: str) -> None:
    assert measure_of(parse_rule(rule)).words_of(ratio) == words
