"""The comparison of a run with a baseline as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_master.reporting.markdown.page import Block, bullets, escape, table
from gradual_master.reporting.text.shown_comparison import COLUMNS, headline, remarks, shown_metrics
from gradual_master.results.summary.comparison import BaselineComparison

SIGNS = {"worse": "❌", "better": "✅", "equivalent": "✅", "inconclusive": "❔"}


def comparison_blocks(found: BaselineComparison) -> Iterator[Block]:
    """The verdict per metric and what must be known beside it; or why there is none."""
    if found.result is None:
        yield bullets("Not compared with the baseline", [f"Baseline {found.baseline}", *found.refusals])
        return
    rows = [
        (f"{SIGNS[row.verdict]} {escape(row.metric)}", *(escape(cell) for cell in row.cells()[1:]))
        for row in shown_metrics(found.result)
    ]
    yield table("Compared with the baseline", COLUMNS, rows)
    yield bullets("", [f"Baseline {found.baseline}. {headline(found.result)}.", *remarks(found)])
