"""Metrics of one name agree, and no value is of an earlier response; both are told at their line."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small


@pytest.mark.parametrize(
    ("look", "post", "message"),
    [
        (
            {"m": {"json": "a", "unit": "EUR"}},
            {"m": {"json": "b"}},
            "actions.post.record.m: the metric 'm' has the unit '' here, and 'EUR' in 'look'",
        ),
        ({"m": "json: a"}, {"m": {"type": "counter"}}, "the metric 'm' has the type 'counter' here, and"),
        ({"m": {"value": "{{response.json.a}}"}}, {}, "actions.look.record.m.value: '{{response.json.a}}' reads"),
        ({"m": {"value": "{{nothing}}"}}, {}, "actions.look.record.m.value: '{{nothing}}' reads 'nothing', which"),
        ({"m": {"css": "a..b"}}, {}, "actions.look.record.m: 'a..b' is not a CSS selector"),
        ({"m": {"jsn": "a"}}, {}, "actions.look.record.m: unknown key 'jsn'"),
    ],
)
def test_a_mistake_is_reported_at_its_place(look: Any, post: Any, message: str) -> None:
    assert message in only_mistake(small(actions__look__record=look, actions__post__record=post))


def test_set_up_records_no_metric() -> None:
    mistake = only_mistake(small(actions__look__record={"m": {"type": "counter"}}, setup=["look"]))
    assert "setup[0]" in mistake
    assert "'look' records metrics, which are of users, and setup is of none" in mistake


def test_a_rule_names_a_metric_of_the_plan() -> None:
    plan = small(actions__look__record={"basket": "json: total"})
    assert load({**plan, "thresholds": ["p95(metric=basket) < 250", "sum(metric=basket) > 5"]}).plan.thresholds
    wrong = mistakes({**plan, "thresholds": ["p95(metric=baskt) < 250", "p95(metric=basket) < 250ms"]})
    assert "there is no metric 'baskt'" in wrong[0]
    assert "did you mean 'basket'" in wrong[0]
    assert "p95 is a number of the metric's own unit: write the limit without a unit, such as 250" in wrong[1]
