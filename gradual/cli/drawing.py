"""A schedule drawn in block characters: one chart for all users and one per group, over the same time axis.

Pure text of a given width that needs no colour: every column shows the mean number of users over its slice of time.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradual_common.schedule.schedule import Schedule
from gradual_common.units import format_duration
from gradual_master.reporting.text.block_chart import block_lines, slices, stretches

ALL_LINES = 8
GROUP_LINES = 4
MARGIN = 8
"""Columns left of the chart: the scale's number, a space and the axis."""


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


def chart(title: str, values: Sequence[float], lines: int) -> list[str]:
    """A title and `lines` lines of blocks, with the peak at the top of the scale."""
    peak = max(values)
    drawn = [f"{'':{MARGIN - 2}} {title}, at most {round(peak)}"]
    for line, body in enumerate(block_lines(values, peak, lines)):
        label = f"{round(peak)}" if line == 0 else ""
        drawn.append(f"{label:>{MARGIN - 2}} {'┤' if label else '│'}{body}".rstrip())
    return drawn


def axis(end: int, columns: int, open_end: bool) -> list[str]:
    """The time axis: a line, and the times at its begin, middle and end."""
    last = "until the iterations are done" if open_end else format_duration(end)
    middle = "" if open_end else format_duration(end // 2)
    labels = f"{'0':<{columns // 2}}{middle}"
    return [f"{'0':>{MARGIN - 2}} └{'─' * columns}", f"{'':{MARGIN - 1}}{labels:<{columns - len(last) + 1}}{last}"]
