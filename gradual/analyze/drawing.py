"""The fitted law in a terminal: characters only, no colours, 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradual_master.analysis.scalability.result import Scalability
from gradual_master.analysis.scalability.wording import number_text

COLUMNS, LINES = 68, 16
MARGIN = 9
"""Columns left of the drawing: a number of the scale, a space and the axis."""

MEASURED, LAW, BAND = "●", "·", "░"
KEY = f"{MEASURED} measured   {LAW} fitted law   {BAND} its 95 % interval"

Canvas = NDArray[np.str_]


def draw_scalability(found: Scalability) -> list[str]:
    """Throughput against users: the levels, the law and its interval; at most 80 characters a line."""
    most_users = max(row.users for row in found.residuals)
    most = max(
        *(row.throughput_rps for row in found.residuals),
        *(point.high_rps or point.throughput_rps for point in found.band),
    )
    canvas = np.full((LINES, COLUMNS), " ")
    _draw_law(canvas, found, most_users, most)
    for row in found.residuals:
        canvas[_line(row.throughput_rps, most), _column(row.users, most_users)] = MEASURED
    return [f"{'':{MARGIN - 2}} throughput, 1/s   {KEY}", *_framed(canvas, most, most_users)]


def _draw_law(canvas: Canvas, found: Scalability, most_users: float, most: float) -> None:
    """Each column has the law at its middle, and from line to line what lies between it and the one before."""
    users = [point.users for point in found.band]
    middles = (np.arange(COLUMNS) + 0.5) * most_users / COLUMNS
    shown = np.flatnonzero((middles >= users[0]) & (middles <= users[-1]))
    law, low, high = (
        np.interp(middles[shown], users, values)
        for values in (
            [point.throughput_rps for point in found.band],
            [point.low_rps or point.throughput_rps for point in found.band],
            [point.high_rps or point.throughput_rps for point in found.band],
        )
    )
    for place, column in enumerate(shown.tolist()):
        top, bottom = _line(float(high[place]), most), _line(float(low[place]), most)
        canvas[top : bottom + 1, column] = BAND
    for place, column in enumerate(shown.tolist()):
        line, before = _line(float(law[place]), most), _line(float(law[max(0, place - 1)]), most)
        # Where the law is steep, a column has all lines on the way from the one before, so that there is no gap.
        first, last = (line, max(line, before - 1)) if line <= before else (before + 1, line)
        canvas[first : last + 1, column] = LAW


def _line(value: float, most: float) -> int:
    """The line of a value, 0 at the top."""
    return min(LINES - 1, max(0, LINES - 1 - int(value / most * LINES)))


def _column(users: float, most_users: float) -> int:
    return min(COLUMNS - 1, int(users / most_users * COLUMNS))


def _framed(canvas: Canvas, most: float, most_users: float) -> Sequence[str]:
    lines = []
    for number, row in enumerate(canvas.tolist()):
        label = _label(most * (LINES - number) / LINES) if number % 4 == 0 else ""
        lines.append(f"{label:>{MARGIN - 2}} {'┤' if label else '│'}{''.join(row)}".rstrip())
    middle, last = number_text(most_users / 2), f"{number_text(most_users)} users"
    labels = f"{'0':<{COLUMNS // 2}}{middle}"
    return [
        *lines,
        f"{'0':>{MARGIN - 2}} └{'─' * COLUMNS}",
        f"{'':{MARGIN - 1}}{labels:<{COLUMNS - len(last) + 1}}{last}",
    ]


def _label(value: float) -> str:
    """At most as wide as the margin leaves room for."""
    text = number_text(value)
    return text if len(text) <= MARGIN - 2 else f"{value:.1e}"
