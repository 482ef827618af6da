"""Operators are found where people write them, and nowhere inside of quotes and brackets."""

import re
from typing import Any

import pytest

from gradual_common.kinds.assertions.operators import (
    read_comparison,
    read_expected,
    read_operator_key,
    split_comparison,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("data.total > 5", ("data.total", ">", 5)),
        ("data.total>=5", ("data.total", ">=", 5)),
        ("data.id", ("data.id", "", None)),
        ("a == 'x < y'", ("a", "==", "x < y")),
        ("items[?price > `5`] | length(@) != 3", ("items[?price > `5`] | length(@)", "!=", 3)),
        ("contains(tags, 'a') == true", ("contains(tags, 'a')", "==", True)),
        ("name contains 'an'", ("name", "contains", "an")),
        ("name matches ^a+$", ("name", "matches", "^a+$")),
        ("n in [1, 2]", ("n", "in", [1, 2])),
        ("id == {{user.id}}", ("id", "==", "{{user.id}}")),
        ("(a == 'x' || b == 'y') == true", ("(a == 'x' || b == 'y')", "==", True)),
        ("a || b == 5", ("a || b", "==", 5)),
        ("a == 'x && y'", ("a", "==", "x && y")),
        ('"a > b" == null', ('"a > b"', "==", None)),
    ],
)
def test_the_last_operator_outside_of_quotes_and_brackets_splits(text: str, parts: Any) -> None:
    assert split_comparison(text) == parts


@pytest.mark.parametrize("text", ["a == 'x' && b == 'y'", "a > 1 || b < 2", "a contains 'x' && (b || c) == 1"])
def test_comparisons_that_are_joined_are_a_mistake(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f'compare the whole, "({text}) == true"')):
        split_comparison(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("1.5", 1.5), ("true", True), ('"a"', "a"), ("'5'", "5"), ("`5`", 5), ("ok", "ok"), ("NaN", "NaN")],
)
def test_expected_values_are_json_or_text(text: str, value: Any) -> None:
    assert read_expected(text) == value


def test_comparisons_are_texts_or_mappings() -> None:
    assert read_comparison("<500ms", "") == ("<", "500ms")
    assert read_comparison({"at_most": "1s"}, "") == ("<=", "1s")
    for wrong in ("500ms", 5, {"contains": "x"}, None):
        with pytest.raises(ValueError, match="write this"):
            read_comparison(wrong, "write this")


def test_an_unknown_operator_is_reported_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'equals'"):
        read_operator_key("equal")
