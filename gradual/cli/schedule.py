"""A schedule in plain text: its levels as a table, and its users over time in block characters.

The drawing has one chart for all users and one per group, over the same time axis; every column shows the mean number
of users over its slice of time.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradual_common.schedule.schedule import Level, Schedule
from gradual_common.units import format_duration
from gradual_master.reporting.text.block_chart import block_lines, constant_pieces, slices

MOST_ROWS = 40
NAME_WIDTH = 16
ENDLESS = 1 << 62

ALL_LINES = 8
GROUP_LINES = 4
MARGIN = 8
"""Columns left of the chart: the scale's number, a space and the axis."""


def tabulate_levels(schedule: Schedule, width: int = 80) -> list[str]:
    """Header and one line per level: from, to, phase, users in all and of each group; long tables are folded."""
    headings = ["level", "from", "to", *(["phase"] if len(schedule.phases) > 1 else []), "users"]
    rows = [row_of(schedule, level) for level in schedule.levels]
    headings += [shorten(name) for name in schedule.groups]
    table, dropped = narrow([headings, *rows], width)
    note = [f"({dropped} groups more than fit into {width} columns; the drawing shows each)"] if dropped else []
    return fold(table) + note


def row_of(schedule: Schedule, level: Level) -> list[str]:
    """The cells of one level."""
    end = schedule.end if schedule.end is not None else ENDLESS
    until = "the end" if level.end >= ENDLESS or level.end > end else format_duration(level.end)
    phase = [schedule.phases[level.phase].name] if len(schedule.phases) > 1 else []
    users = [number(mean) for mean in mean_users(schedule, level)]
    return [str(level.number + 1), format_duration(level.start), until, *phase, number(level.target), *users]


def mean_users(schedule: Schedule, level: Level) -> list[float]:
    """Mean users of each group over a level; a stretch of a linear ramp holds several changes."""
    inside = [change for change in schedule.changes if change.level == level.number and change.phase == level.phase]
    if len(inside) <= 1 or level.end <= level.start:
        return [float(users) for users in (inside[0].users if inside else (0,) * len(schedule.groups))]
    ends = [*(change.at for change in inside[1:]), level.end]
    spans = [end - change.at for change, end in zip(inside, ends, strict=True)]
    return [
        sum(change.users[group] * span for change, span in zip(inside, spans, strict=True)) / sum(spans)
        for group in range(len(schedule.groups))
    ]


def number(value: float) -> str:
    """A whole number where it is one, else one decimal."""
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"


def shorten(name: str) -> str:
    """A name that fits a column."""
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…"


def narrow(rows: Sequence[Sequence[str]], width: int) -> tuple[list[str], int]:
    """The rows as aligned lines, without the rightmost columns that do not fit; returns how many were left out."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    kept = len(widths)
    while kept > 1 and sum(widths[:kept]) + 2 * (kept - 1) > width:
        kept -= 1
    lines = ["  ".join(cell.rjust(size) for cell, size in zip(row[:kept], widths[:kept], strict=True)) for row in rows]
    return lines, len(widths) - kept


def fold(lines: list[str]) -> list[str]:
    """The table without its middle when it is long; says how many lines are left out."""
    if len(lines) <= MOST_ROWS + 1:
        return lines
    half = MOST_ROWS // 2
    return [*lines[: half + 1], f"… {len(lines) - 1 - MOST_ROWS} levels more …", *lines[-half:]]


def draw_schedule(schedule: Schedule, width: int = 80) -> list[str]:
    """Lines of at most `width` characters: all users, then each group when there are several."""
    columns = max(20, width - MARGIN - 1)
    pieces = constant_pieces(schedule)
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
