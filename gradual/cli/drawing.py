"""A schedule drawn in block characters: one chart for all users and one per group, over the same time axis.

Pure text of a given width that needs no colour: every column shows the mean number of users over its slice of time,
in eighths of a line. A column with any user at all shows at least the lowest block.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gradual_common.schedule import Schedule
from gradual_common.units import format_duration

BLOCKS = " ▁▂▃▄▅▆▇█"
EIGHTHS = 8
ALL_LINES = 8
GROUP_LINES = 4
MARGIN = 8
"""Columns left of the chart: the scale's number, a space and the axis."""

OPEN_END = 1.25
"""How far the axis goes past the last change of a schedule that ends with its iterations."""

Stretch = tuple[int, int, tuple[int, ...]]
"""From, to (ns), and the users of each group meanwhile."""


def draw_schedule(schedule: Schedule, width: int = 80) -> list[str]:
    """Lines of at most `width` characters: all users, then each group when there are several."""
    columns = max(20, width - MARGIN - 1)
    pieces = stretches(schedule)
    end = pieces[-1][1]
    lines = chart("all users", [sum(users) for users in slices(pieces, end, columns)], ALL_LINES)
    if len(schedule.groups) > 1:
        for number, name in enumerate(schedule.groups):
            lines += ["", *chart(name, [users[number] for users in slices(pieces, end, columns)], GROUP_LINES)]
    return [line[:width] for line in [*lines, *axis(end, columns, schedule.end is None)]]


def stretches(schedule: Schedule) -> list[Stretch]:
    """The schedule as stretches of constant users, from 0 to its end (or a little beyond its last change)."""
    begins = [change.at for change in schedule.changes]
    last = schedule.end if schedule.end is not None else int(max(begins) * OPEN_END) or 1
    nobody = (0,) * len(schedule.groups)
    edges = [(0, nobody), *((change.at, change.users) for change in schedule.changes), (last, nobody)]
    return [(begin, end, users) for (begin, users), (end, _) in pairwise(edges) if end > begin]


def slices(pieces: Sequence[Stretch], end: int, columns: int) -> list[list[float]]:
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


def chart(title: str, values: Sequence[float], lines: int) -> list[str]:
    """A title and `lines` lines of blocks, with the peak at the top of the scale."""
    peak = max(values)
    heights = [height_of(value, peak, lines) for value in values]
    drawn = [f"{'':{MARGIN - 2}} {title}, at most {round(peak)}"]
    for line in range(lines - 1, -1, -1):
        label = f"{round(peak)}" if line == lines - 1 else ""
        body = "".join(BLOCKS[min(EIGHTHS, max(0, height - line * EIGHTHS))] for height in heights)
        drawn.append(f"{label:>{MARGIN - 2}} ┤{body}".rstrip() if label else f"{'':{MARGIN - 2}} │{body}".rstrip())
    return drawn


def height_of(value: float, peak: float, lines: int) -> int:
    """Eighths of a line for a value; at least one for anything above 0."""
    if value <= 0 or peak <= 0:
        return 0
    return max(1, round(value / peak * lines * EIGHTHS))


def axis(end: int, columns: int, open_end: bool) -> list[str]:
    """The time axis: a line, and the times at its begin, middle and end."""
    last = "until the iterations are done" if open_end else format_duration(end)
    middle = "" if open_end else format_duration(end // 2)
    labels = f"{'0':<{columns // 2}}{middle}"
    return [f"{'0':>{MARGIN - 2}} └{'─' * columns}", f"{'':{MARGIN - 1}}{labels:<{columns - len(last) + 1}}{last}"]
