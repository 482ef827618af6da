"""The comparison of a run with a baseline in the printed summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from gradual_master.reporting.console.parts import below_a_blank, indented
from gradual_master.reporting.text.shown_comparison import COLUMNS, ShownMetric, headline, remarks, shown_metrics
from gradual_master.results.summary.comparison import BaselineComparison

STYLES = {"worse": "red", "better": "green", "equivalent": "green", "inconclusive": "yellow"}
VERDICT = COLUMNS.index("verdict")
ROOMY = 96
"""Columns of a terminal from which on there is room for how many runs would decide."""

TEXTS = (0, VERDICT, len(COLUMNS) - 1)
"""The columns that hold words; the others hold numbers."""


def comparison(found: BaselineComparison, width: int) -> Iterator[RenderableType]:
    """A row per metric and the remarks; or why the run was not compared."""
    if found.result is None:
        yield below_a_blank(Text(f"Not compared with the baseline {found.baseline}", "bold"))
        yield from (indented(f"- {refusal}") for refusal in found.refusals)
        return
    yield below_a_blank(Text(f"Compared with the baseline {found.baseline}", "bold"))
    yield _table(shown_metrics(found.result), width)
    yield indented(f"- {headline(found.result)}.")
    yield from (indented(f"- {remark}") for remark in remarks(found))


def _table(rows: Sequence[ShownMetric], width: int) -> RichTable:
    # The last column is empty unless a metric is inconclusive.
    columns = COLUMNS if width >= ROOMY and any(row.needed for row in rows) else COLUMNS[:-1]
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(Text(name), justify="left" if place in TEXTS else "right", no_wrap=True)
    for row in rows:
        cells = [Text(cell) for cell in row.cells()[: len(columns)]]
        cells[VERDICT].stylize(STYLES[row.verdict])
        table.add_row(*cells)
    return table
