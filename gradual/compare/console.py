"""A comparison on a terminal: the verdict, a table with a row per metric, and what must be known beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from gradual_master.comparing.summaries import SummaryComparison
from gradual_master.reporting.text.shown_comparison import (
    COLUMNS,
    NO_NUMBER,
    ShownMetric,
    headline,
    remarks,
    shown_metrics,
    warnings,
)

WIDTH = 80
TEXTS = (0, 5, 6)
"""The columns that hold words; the others hold numbers."""


def console_lines(found: SummaryComparison) -> Iterator[str]:
    """The lines of a comparison with a result."""
    if found.result is None:
        return
    yield from textwrap.wrap(headline(found.result), WIDTH)
    yield ""
    rows = shown_metrics(found.result)
    # Without the last column, which has no room and is in the sentences.
    yield from _table([COLUMNS[:-1], *(row.cells()[:-1] for row in rows)])
    yield ""
    for sentence in (*warnings(found), *_needed(rows), *remarks(found)):
        yield from textwrap.wrap(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _needed(rows: Sequence[ShownMetric]) -> Iterator[str]:
    """How many runs a side would decide what is inconclusive."""
    for needed in dict.fromkeys(row.needed for row in rows if row.needed not in ("", NO_NUMBER)):
        names = [row.metric for row in rows if row.needed == needed]
        yield f"{needed.capitalize()} runs a side would decide {', '.join(names)}."


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if place in TEXTS else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
