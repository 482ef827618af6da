"""A comparison on a terminal: the verdict, a table with a row per metric, and what must be known beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from gradual_master.comparing.summaries import SummaryComparison
from gradual_master.reporting.text.shown_comparison import COLUMNS, headline, remarks, shown_metrics, warnings

WIDTH = 80
TEXTS = (0, 5, 6)
"""The columns that hold words; the others hold numbers."""


def console_lines(found: SummaryComparison) -> Iterator[str]:
    """The lines of a comparison with a result."""
    if found.result is None:
        return
    yield from textwrap.wrap(headline(found.result), WIDTH)
    yield ""
    rows = [row.cells() for row in shown_metrics(found.result)]
    # The last column is empty unless a metric is inconclusive.
    columns = len(COLUMNS) if any(row[-1] for row in rows) else len(COLUMNS) - 1
    yield from _table([COLUMNS[:columns], *(row[:columns] for row in rows)])
    yield ""
    for sentence in (*warnings(found), *remarks(found)):
        yield from textwrap.wrap(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if place in TEXTS else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
