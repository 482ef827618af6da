"""Tables for terminals: as many columns as there is room for, one look for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)

NARROWEST_NAME = 10
"""Columns that names and remarks keep when the figures need much."""

ROOMY, WIDE = 100, 130
"""Widths of a terminal from which on there are more columns."""

SIGNS_IN_ASCII = {ord("✓"): "+", ord("✗"): "x", ord("×"): "x", ord("…"): "~"}
"""For a terminal or a file whose encoding has no such signs."""


@dataclass(frozen=True, slots=True)
class Column(Generic[R_contra]):
    """One column: what it is called and what it shows of a row. `since`: the width of a terminal that has room for it.

    `is_text`: a name or a remark, which wraps; figures never do, and stand to the right.
    """

    title: str
    read: Callable[[R_contra], str | Text]
    since: int = 0
    is_text: bool = False


def draw(columns: Sequence[Column[R]], rows: Iterable[R], width: int) -> RenderableType:
    """A table below a blank line. The title of its first column says what it is about."""
    shown = [column for column in columns if column.since <= width]
    cells = [[_as_text(column.read(row)) for column in shown] for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, _gap(shown, cells, width), 0, 0), header_style="dim")
    for number, column in enumerate(shown):
        title = Text(column.title, "bold not dim") if number == 0 else Text(column.title)
        if column.is_text:
            table.add_column(title, overflow="fold", min_width=NARROWEST_NAME)
        else:
            table.add_column(title, justify="right" if number else "left", no_wrap=True)
    for row in cells:
        table.add_row(*row)
    return below_a_blank(table)


def _as_text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)


def _gap(columns: Sequence[Column[R]], cells: Sequence[Sequence[Text]], width: int) -> int:
    """Two blanks between columns where that leaves everything on one line, else one."""
    longest = (
        max([len(column.title), *(row[place].cell_len for row in cells)]) for place, column in enumerate(columns)
    )
    return 2 if sum(longest) + 2 * len(columns) <= width else 1


def below_a_blank(part: RenderableType) -> RenderableType:
    """Set apart from what stands above."""
    return Group("", part)


def indented(text: str, style: str = "", by: int = 2) -> Padding:
    """A sentence that stays indented where it wraps."""
    return Padding(Text(text, style), (0, 0, 0, by), expand=False)
