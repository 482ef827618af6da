"""The scope of a rule holds only what its series is distinguished by, and the first mistake in it is told."""

import pytest

from gradual_common.errors import RuleError
from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import Scope, ScopeItem
from gradual_common.rules.scope_checks import mistakes_in
from gradual_common.rules.value import RuleValue


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p95(*, login) < 1s", "one verdict per action already"),
        ("iteration.p95(login) < 1s", "distinguished by group and phase only"),
        ("iteration.p95(ok) < 1s", "distinguished by group and phase only"),
        ("error_rate(failed) < 1%", "share of all requests"),
        ("interrupted(kind=timeout) < 1", "neither succeeded nor failed"),
        ("ttfb.p95(transaction=buy) < 1s", "transactions have no ttfb"),
        ("interrupted(transaction=buy) < 1", "a transaction that a stop cuts off is not counted"),
        ("p95(transaction=buy, step=pay) < 1s", "transactions are not distinguished by step, but by transaction"),
        ("sum > 5", "sum is of one metric: write sum(metric=NAME)"),
        ("metric.p95 < 5", "p95 is of one metric"),
        ("p95(metric=a, metric=b) < 5", "p95 is of one metric"),
        ("error_rate(metric=a) < 5%", "a metric has no error_rate; allowed are p95, mean, min, max, count, sum, rate"),
        ("ttfb.p95(metric=a) < 5", "metrics have no ttfb"),
        ("mean(metric=a, group=g) < 5", "metrics are distinguished by name and phase only"),
        ("mean(metric=a, ok) < 5", "metrics are distinguished by name and phase only"),
    ],
)
def test_a_scope_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)
    assert said in str(caught.value)


def test_a_scope_has_as_many_mistakes_as_it_has() -> None:
    scope = Scope((ScopeItem("action", any=True), ScopeItem("action", "login"), ScopeItem("kind", "timeout")))
    assert [reason.partition(":")[0] for reason in mistakes_in(RuleValue("", "error_rate", "%"), scope)] == [
        "action=* is one verdict per action already; leave its other names out",
        "error_rate is a share of all requests",
    ]
    assert list(mistakes_in(RuleValue("", "mean", "ns"), Scope())) == []
