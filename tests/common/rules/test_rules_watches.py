"""Objectives on the system's own metrics: `watch.db_cpu < 80%`."""

import pytest

from gradual_common.errors import RuleError
from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import Rule, write_rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("watch.db_cpu < 80%", Rule("", "watch", "db_cpu", "<", 80, "%")),
        ("watch.cpus < 350%", Rule("", "watch", "cpus", "<", 350, "%")),
        ("watch.queue.max <= 12", Rule("", "watch", "queue", "<=", 12, "", of="max")),
        ("watch.io.p99.9 < 300/s", Rule("", "watch", "io", "<", 300, "/s", 0.999, "quantile")),
        ('watch."db cpu".min > 1%', Rule("", "watch", "db cpu", ">", 1, "%", of="min")),
        ("watch.count >= 1", Rule("", "watch", "count", ">=", 1, "")),
    ],
)
def test_a_watch_is_named_with_or_without_a_statistic(text: str, rule: Rule) -> None:
    parsed = parse_rule(text)
    assert write_rule(parsed) == text == write_rule(rule)
    assert (parsed.series, parsed.statistic, parsed.of) == ("watch", rule.statistic, rule.of)
    assert parsed.quantile == pytest.approx(rule.quantile)
    assert (parsed.limit, parsed.unit) == (rule.limit, rule.unit)
    assert parsed.can_be_broken_early


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("watch < 80%", "the name of a watch, such as watch.db_cpu"),
        ("watch.db.median < 80%", "unknown statistic of watches 'median'.*mean, min, max, p95"),
        ("watch.db(login) < 80%", "a watch takes no scope"),
        ("watch.db < 80ms", "a number of the watch's own unit"),
    ],
)
def test_other_forms_say_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        parse_rule(text)
