"""`capacity >= 180 users`: a rule on what a search finds."""

import pytest

from gradual_common.errors import RuleError
from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import write_rule


def test_it_is_a_number_of_users() -> None:
    rule = parse_rule("capacity >= 180 users")
    assert (rule.series, rule.op, rule.limit, rule.unit, rule.value) == ("capacity", ">=", 180.0, "users", "capacity")
    assert (rule.holds(180), rule.holds(179), rule.can_be_broken_early) == (True, False, False)
    assert write_rule(rule) == rule.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("capacity >= 180", "a number of users: write the limit with its unit, such as 180 users"),
        ("capacity >= 1.5 users", "such as 100 users"),
        ("capacity >= 0 users", "a number of users"),
        ("capacity >= 180/s", "such as 100 users"),
        ("capacity(login) >= 180 users", "a capacity takes no scope"),
        ("capacity >= 180 users for 10s", "leave `at`, `for` and `over` out"),
    ],
)
def test_what_is_none_says_how_to_write_it(text: str, message: str) -> None:
    with pytest.raises(RuleError, match=message.replace("(", r"\(")):
        parse_rule(text)
