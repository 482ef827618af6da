"""Values and schedules in block characters: pure text, one column a slice of time, that needs no colour.

A column shows its value in eighths of a line; one with anything in it shows at least the lowest block.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gradual_common.schedule.schedule import Schedule

BLOCKS = " ▁▂▃▄▅▆▇█"
EIGHTHS = 8

OPEN_END = 1.25
"""How far the axis goes past the last change of a schedule that ends with its iterations."""

ConstantUsers = tuple[int, int, tuple[int, ...]]
"""Start, end (ns), and the users of each group between them."""


def constant_pieces(schedule: Schedule, until: int = 0) -> list[ConstantUsers]:
    """The schedule as pieces of constant users, from 0 to its end.

    One that ends with its iterations goes a little beyond its last change, or to `until` (ns) if that is later.
    """
    starts = [change.at for change in schedule.changes]
    last = schedule.end if schedule.end is not None else max(int(max(starts) * OPEN_END), until) or 1
    no_users = (0,) * len(schedule.groups)
    edges = [(0, no_users), *((change.at, change.users) for change in schedule.changes), (last, no_users)]
    return [(begin, end, users) for (begin, users), (end, _) in pairwise(edges) if end > begin]


def slices(pieces: Sequence[ConstantUsers], end: int, columns: int) -> list[list[float]]:
    """For each of `columns` equal slices of [0, end): the mean users of each group."""
    groups = len(pieces[0][2])
    totals = [[0.0] * groups for _ in range(columns)]
    for begin, until, users in pieces:
        first, last = begin * columns // end, min(columns - 1, (until * columns - 1) // end)
        for column in range(first, last + 1):
            low, high = column * end / columns, (column + 1) * end / columns
            share = max(0.0, min(until, high) - max(begin, low)) / (high - low)
            for group in range(groups):
                totals[column][group] += share * users[group]
    return totals


def height_of(value: float, peak: float, lines: int) -> int:
    """Eighths of a line for a value, of `lines` for the peak; at least one for anything above 0."""
    if value <= 0 or peak <= 0:
        return 0
    return max(1, round(value / peak * lines * EIGHTHS))


def block_lines(values: Sequence[float], peak: float, lines: int) -> list[str]:
    """`lines` lines of blocks, the highest first, each of them as wide as there are values."""
    heights = [height_of(value, peak, lines) for value in values]
    return [
        "".join(BLOCKS[min(EIGHTHS, max(0, height - line * EIGHTHS))] for height in heights)
        for line in range(lines - 1, -1, -1)
    ]
