"""The limit of a rule has the unit of what is measured; another one is refused with the limit to write."""

import pytest

from gradual_common.errors import RuleError
from gradual_common.rules.limits import read_amount
from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import Unit


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("1m30s", "ns", 90e9),
        ("99.5%", "%", 99.5),
        ("50/s", "/s", 50),
        ("2.5", "", 2.5),
        ("5", "ns", None),
        ("5ms", "%", None),
        ("5%", "/s", None),
        ("5/s", "", None),
        ("1.2.3", "", None),
    ],
)
def test_an_amount_is_a_number_of_its_unit_or_none(text: str, unit: Unit, number: float | None) -> None:
    assert read_amount(text, unit) == number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p95 < 500", "p95 is a time: write the limit with its unit, such as 500ms; found '500'"),
        ("p95 < 5%", "p95 is a time"),
        ("error_rate < 0.01", "such as 1%; found '0.01'"),
        ("error_rate < 5", "such as 5%"),
        ("error_rate < 500ms", "error_rate is a share"),
        ("error_rate < 101%", "at most 100%"),
        ("throughput > 50", "throughput is a rate: write the limit with its unit, such as 50/s"),
        ("count > 50/s", "count is a count: write the limit without a unit, such as 50"),
        ("agent.cpu < 5ms", "cpu is a share"),
        ("agent.loop_lag < 5", "loop_lag is a time"),
        ("p95(metric=basket) < 250ms", "p95 is a number of the metric's own unit: write the limit without a unit"),
        ("rate(metric=orders) > 5", "rate is a rate: write the limit with its unit, such as 5/s"),
    ],
)
def test_a_limit_in_another_unit_is_told_which_one_to_write(text: str, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)
    assert said in str(caught.value)
