"""Tables for terminals: as many columns as there is room for, one look for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from gradual_master.reporting.tables import Column

NARROWEST_NAME = 10
"""Columns that names and remarks keep when numbers need much."""

ROOMY, WIDE = 100, 130
"""Widths of a terminal from which on there are more columns."""

SIGNS_IN_ASCII = {ord("✓"): "+", ord("✗"): "x", ord("×"): "x", ord("…"): "~"}
"""For a terminal or a file whose encoding has no such signs."""


SINCE = {
    "request_rate_rps": ROOMY,
    "p90_ms": ROOMY,
    "response_time_p90_ms": ROOMY,
    "host": ROOMY,
    "in_request_users": WIDE,
    "min_ms": WIDE,
    "mean_ms": WIDE,
    "max_ms": WIDE,
    "response_time_min_ms": WIDE,
    "response_time_mean_ms": WIDE,
}
"""The widths from which on columns are shown that not every terminal has room for, by their names."""


def fitting(columns: Iterable[Column], width: int) -> list[Column]:
    """The columns that a terminal has room for."""
    return [column for column in columns if SINCE.get(column.name, 0) <= width]


def draw(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Any],
    width: int,
    style: Callable[[Column, Any], str] = lambda column, row: "",
) -> RenderableType:
    """A table below a blank line. The heading of its first column says what it is about.

    Texts wrap; numbers never do, and stand to the right. `style`: of a column's cell in a row.
    """
    headings = [title, *(column.heading.lower() for column in columns[1:])]
    cells = [[Text(column.text(row), style(column, row)) for column in columns] for row in rows]
    table = RichTable(box=None, pad_edge=False, padding=(0, _gap(headings, cells, width), 0, 0), header_style="dim")
    for number, (heading, column) in enumerate(zip(headings, columns, strict=True)):
        header = Text(heading, "" if number else "bold not dim")
        if column.is_text:
            table.add_column(header, overflow="fold", min_width=NARROWEST_NAME)
        else:
            table.add_column(header, justify="right" if number else "left", no_wrap=True)
    for row in cells:
        table.add_row(*row)
    return below_a_blank(table)


def _gap(headings: Sequence[str], cells: Sequence[Sequence[Text]], width: int) -> int:
    """Two blanks between columns where that leaves everything on one line, else one."""
    longest = (max([len(heading), *(row[place].cell_len for row in cells)]) for place, heading in enumerate(headings))
    return 2 if sum(longest) + 2 * len(headings) <= width else 1


def below_a_blank(part: RenderableType) -> RenderableType:
    """Set apart from what stands above."""
    return Group("", part)


def indented(text: str, style: str = "", by: int = 2) -> Padding:
    """A line that stays indented where it wraps."""
    return Padding(Text(text, style), (0, 0, 0, by), expand=False)
