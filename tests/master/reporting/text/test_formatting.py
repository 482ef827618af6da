"""Numbers are short and never say 0 of something that is there; names and what speaks against a level have words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_run import simulated_run

from gradual_master.reporting.text.formatting import (
    always_failing,
    distinct,
    notes_of,
    remarks_of,
    show_count,
    show_counted,
    show_instant,
    show_kinds,
    show_number,
    show_of_target,
    show_percent,
    show_rate,
    show_seconds,
    show_share,
    show_value,
)
from gradual_master.results.judging.levels import LevelRow


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        (0, "0"),
        (0.04, "0.04"),
        (0.5, "0.5"),
        (3, "3"),
        (12.34, "12.3"),
        (123.4, "123"),
        (12345.6, "12,346"),
    ],
)
def test_a_number_has_as_many_decimals_as_its_size_leaves_room_for(number: float | None, text: str) -> None:
    assert show_number(number) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "-"), (0, "0%"), (0.00001, "<0.01%"), (0.0123, "1.23%"), (0.5, "50%"), (1, "100%"), (1.9, "190%")],
)
def test_a_failure_among_many_is_never_0_percent(share: float | None, text: str) -> None:
    assert show_percent(share) == text


def test_times_counts_and_kinds() -> None:
    assert [show_seconds(seconds) for seconds in (0, 75.9, 3675)] == ["0:00", "1:15", "1:01:15"]
    assert show_count(1234567) == "1,234,567"
    assert show_kinds({"a": 1, "timeout": 1200, "b": 1}) == "timeout × 1,200, a × 1, b × 1"


def test_an_instant_keeps_its_part_of_a_second() -> None:
    instants = [show_instant(seconds) for seconds in (0, 7.5, 60.025, 1.9996)]
    assert instants == ["0:00", "0:07.5", "1:00.025", "0:02"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ms", "-"),
        (612.345, "ms", "612 ms"),
        (53.8891, "%", "53.9%"),
        (0, "%", "0%"),
        (49.12, "/s", "49.12/s"),
        (1234, "", "1,234"),
    ],
)
def test_a_value_of_an_objective_has_its_unit(value: float | None, unit: str, text: str) -> None:
    assert show_value(value, unit) == text


def test_of_nothing_there_is_no_share_and_no_rate() -> None:
    assert [show_share(0, 0), show_rate(0, 0.0)] == ["-", "-"]
    assert [show_share(1, 8), show_rate(30, 20.0)] == ["12.5%", "1.5"]


@pytest.mark.parametrize(("users", "target", "text"), [(12.0, 12, "12"), (11.7, 12, "11.7/12"), (None, 12, "-/12")])
def test_users_are_shown_beside_their_target_where_they_differ(users: float | None, target: float, text: str) -> None:
    assert show_of_target(users, target) == text


def test_a_number_and_what_it_counts_agree() -> None:
    shown = [show_counted(number, "user") for number in (0, 0.5, 1.0, 1.5, 1200, None)]
    assert shown == ["0 users", "0.5 users", "1 user", "1.5 users", "1,200 users", "- users"]


@given(st.lists(st.sampled_from(["a", "b", "a (2)", "a (2) (2)", ""])))
def test_every_name_is_given_once_and_starts_with_the_original(names: list[str]) -> None:
    given_names = list(distinct(names))
    assert len(set(given_names)) == len(given_names) == len(names)
    assert all(name.startswith(was) for name, was in zip(given_names, names, strict=True))


def test_only_a_name_that_was_there_gets_a_number() -> None:
    assert list(distinct(["a", "b", "a", "a", "c"])) == ["a", "b", "a (2)", "a (3)", "c"]


@pytest.fixture(scope="module")
def level() -> LevelRow:
    return replace(simulated_run(seconds=24, actions=2).levels[3], marks=(), failing=(), failing_always=())


def test_a_level_without_problems_has_no_note(level: LevelRow) -> None:
    assert notes_of(level) == ()


def test_every_mark_has_its_words(level: LevelRow) -> None:
    marks = ("failures", "missing", "saturated", "unaccounted", "unsteady")
    failing = {"failing": ("a / pay", "a / dead"), "failing_always": ("a / dead",)}
    marked = replace(level, warm_up=True, marks=marks, **failing)
    remarks = ("warm-up", "missing users", "saturated", "unaccounted time", "not steady")
    assert remarks_of(marked) == remarks
    assert notes_of(marked) == (*remarks, "failures: a / pay")


def test_steps_that_always_fail_are_named_once_for_all_levels(level: LevelRow) -> None:
    rows = [replace(level, failing_always=("a / dead",)), level, replace(level, failing_always=("b / gone",))]
    assert always_failing(rows) == {"a / dead", "b / gone"}
    assert always_failing([level]) == frozenset()


@pytest.mark.parametrize(
    ("unit", "shown"), [("ms", "47 ms"), ("users", "47 users"), ("/s", "47/s"), ("%", "47%"), ("", "47")]
)
def test_words_stand_apart_from_their_number(unit: str, shown: str) -> None:
    assert show_value(47, unit) == shown
