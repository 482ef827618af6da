"""Lines keep to their width, with any text in them; sparklines, bars and changes show what the numbers say."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from gradual_master.reporting.monitor.lines import (
    NO_SAMPLES,
    ZERO,
    Page,
    bar,
    beside,
    cell,
    change,
    clean,
    ends,
    fit,
    heading,
    sparkline,
)

AMOUNTS = st.floats(0, 1e6)
ANYTHING = st.text(max_size=60).map(clean)


@given(ANYTHING, ANYTHING, st.integers(0, 40))
def test_nothing_is_wider_than_asked(left: str, right: str, width: int) -> None:
    assert fit(Text(left), width).cell_len <= width
    assert cell(left, width).cell_len == width
    assert cell(left, width, right=True).cell_len == width
    assert ends(Text(left), Text(right), width).cell_len == max(width, 0)
    assert heading(left, width, right).cell_len <= width


def test_what_is_too_long_ends_with_an_ellipsis() -> None:
    assert fit(Text("a long name"), 6).plain == "a lon…"
    assert cell("日本語の名前", 6).plain == "日本 …"


def test_a_heading_keeps_its_note_only_where_there_is_room() -> None:
    assert heading("Users", 24, "of 3").plain == "── Users ────────── of 3"
    assert heading("Users", 12, "of 3").plain == "── Users ───"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a [31mb"),
        ("first\nsecond", "first"),
        ("tab\there\x07", "tab here "),
        ("ünïcödé 日本", "ünïcödé 日本"),
        ("", ""),
    ],
)
def test_text_from_elsewhere_cannot_move_the_cursor(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_columns_of_different_lengths_are_side_by_side() -> None:
    drawn = beside([[Text("a"), Text("bb")], [Text("ccc")]], [3, 4], 2)
    assert [line.plain for line in drawn] == ["a    ccc", "bb   "]


def print_page(encoding: str) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    Console(file=file, width=30, force_terminal=True, color_system=None).print(
        Page([Text("▁█░ ▲ ──┤ é 日"), Text("next")]), end=""
    )
    file.flush()
    return raw.getvalue().decode(encoding)


def test_a_terminal_without_block_characters_gets_others_of_the_same_width() -> None:
    assert print_page("utf-8") == "▁█░ ▲ ──┤ é 日\nnext"
    assert print_page("latin-1") == "_#. ^ --| ? ?\nnext"


def test_every_substitute_is_one_cell() -> None:
    for mark in "▁▂▃▄▅▆▇█░▲─│┤└·…↑↓":
        assert cell_len(mark) == 1


def test_a_sparkline_shows_no_data_zero_and_very_small_values_differently() -> None:
    assert sparkline([None, 0, 0.001, 4, 8]) == " ·▁▄█"


@given(st.lists(st.none() | AMOUNTS, max_size=80))
def test_a_sparkline_has_a_character_for_every_value(values: list[float | None]) -> None:
    drawn = sparkline(values)
    assert len(drawn) == len(values)
    assert [mark == NO_SAMPLES for mark in drawn] == [value is None for value in values]
    assert [mark == ZERO for mark in drawn] == [value == 0 for value in values]


@pytest.mark.parametrize(
    ("actual", "target", "expected"),
    [
        (10, 10, ("█████", "")),
        (5, 10, ("██▌", "░░")),
        (0, 10, ("", "░░░░░")),
        (20, 20, ("██████████", "")),
        (0.01, 10, ("▏", "░░░░")),
        (30, 20, ("██████████", "")),
    ],
)
def test_a_bar_shows_what_is_there_and_what_is_missing(actual: float, target: float, expected: tuple[str, str]) -> None:
    assert bar(actual, target, 20, 10) == expected


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 60))
def test_a_bar_is_never_longer_than_its_columns(actual: float, target: float, peak: float, columns: int) -> None:
    assert sum(map(len, bar(actual, target, peak, columns))) <= columns


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (112, 100, "↑12%"),
        (92, 100, "↓8%"),
        (104, 100, ""),
        (100, None, ""),
        (None, 100, ""),
        (100, 0, ""),
        (0, 100, "↓100%"),
        (2000, 100, "↑×20"),
        (1e9, 1, "↑×999"),
    ],
)
def test_a_change_is_shown_when_it_is_large_enough(now: float | None, before: float | None, expected: str) -> None:
    assert change(now, before) == expected
