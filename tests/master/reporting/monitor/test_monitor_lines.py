"""Lines keep to their width, whatever is in them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from gradual_master.reporting.monitor.lines import Page, beside, cell, clean, ends, fit, heading

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


def test_columns_stand_side_by_side_whatever_their_lengths() -> None:
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
