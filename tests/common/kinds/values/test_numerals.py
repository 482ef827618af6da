"""Numbers are told from other values, and a text that is a number from one that only looks like it."""

from typing import Any

import pytest

from gradual_common.kinds.values.numerals import is_number, number_in


@pytest.mark.parametrize(("value", "answer"), [(0, True), (-1.5, True), (True, False), ("1", False), (None, False)])
def test_true_and_texts_are_no_numbers(value: Any, answer: bool) -> None:
    assert is_number(value) is answer


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        (" +12 ", 12),
        ("-1.50", -1.5),
        ("2e3", 2000.0),
        ("true", "true"),
        ("0x10", "0x10"),
        ("1,5", "1,5"),
        ("", ""),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_text_is_its_number_or_stays_a_text(text: str, number: Any) -> None:
    found = number_in(text)
    assert found == number
    assert type(found) is type(number)
