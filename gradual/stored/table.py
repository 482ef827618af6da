"""A table of texts for a terminal: no colours, no lines, columns as wide as their longest entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

GAP = "  "


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]], numbers: frozenset[int]) -> Iterator[str]:
    """The header and the rows; the columns `numbers` are aligned to the right."""
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    for row in (header, *rows):
        cells = [
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield GAP.join(cells).rstrip()
