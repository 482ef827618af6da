"""Names that people give are shown clean and bounded, and never make anybody be refused."""

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.names import MAX_NAME_LENGTH, UniqueNames, numbered_names, shown_name

SHOWN = [
    ("a plain one", "agent-1", "agent-1"),
    ("letters of any script", "größe 東京", "größe 東京"),
    ("an escape sequence", "a\x1b[31mred", "a?[31mred"),
    ("lines and tabs", " judge\r\n\t7 ", "judge?7"),
    ("marks that turn the direction of text", "safe\u202egnp.exe", "safe?gnp.exe"),
    ("bytes that are no UTF-8", "b\udcff\udcfe", "b"),
    ("blanks alone", "   ", "agent"),
    ("nothing", "", "agent"),
    ("control characters alone", "\x00\x01", "agent"),
    ("a long one", "n" * 500, "n" * 63 + "…"),
]


@pytest.mark.parametrize(("reason", "name", "shown"), SHOWN, ids=[reason for reason, *_ in SHOWN])
def test_a_name_is_shown_on_one_clean_line(reason: str, name: str, shown: str) -> None:
    assert shown_name(name) == shown


@given(st.text(st.characters(), max_size=200))
def test_every_name_can_be_sent_and_shown(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown) <= MAX_NAME_LENGTH
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert shown_name(shown) == shown


def test_the_processes_of_a_long_name_keep_their_numbers() -> None:
    names = numbered_names("n" * 64, 12)
    assert [name.rpartition("-")[2] for name in names] == [str(number) for number in range(1, 13)]
    assert max(map(len, names)) == MAX_NAME_LENGTH


def test_equal_names_get_numbers_in_the_order_in_which_they_come() -> None:
    names = UniqueNames()
    assert [names.give(name) for name in "abab"] == ["a", "b", "a#2", "b#2"]


def test_a_number_that_somebody_has_as_their_own_name_is_passed_over() -> None:
    names = UniqueNames()
    assert [names.give(name) for name in ("b#2", "b", "b", "b#2", "b#2")] == ["b#2", "b", "b#3", "b#2#2", "b#2#3"]


def test_three_hundred_equal_names_cost_no_more_than_different_ones() -> None:
    """Counted in lines of Python that run: that is the same on any machine."""
    names = UniqueNames()
    assert [names.give("b") for _ in range(300)][-1] == "b#300"
    assert lines_run(["b"] * 300) <= 2 * lines_run([f"b-{number}" for number in range(300)])


def lines_run(given_names: list[str]) -> int:
    names, count = UniqueNames(), 0

    def trace(*_: object) -> Any:
        nonlocal count
        count += 1
        return trace

    former = sys.gettrace()
    sys.settrace(trace)
    try:
        for name in given_names:
            names.give(name)
    finally:
        sys.settrace(former)
    return count
