"""`gradual validate`, `gradual plan` and `gradual schema`: they check and show a plan without running it.

A schedule is shown as plain text: a table of its levels, and charts of its users over time in block characters. There
is one chart for all users and one per group, with the same time axis. A column is the mean number of users in its slice
of time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import typer

from gradual_common.errors import PlanError
from gradual_common.plan.loader import LoadedPlan
from gradual_common.process.exit_codes import DONE, WRONG_INPUT
from gradual_common.process.streams import is_utf8
from gradual_common.schedule.schedule import Level, Schedule
from gradual_common.units import format_duration
from gradual_master.command_line.github import annotate_mistakes
from gradual_master.command_line.main import describe_problems
from gradual_master.command_line.options import PlanArguments, load_arguments
from gradual_master.reporting.text.block_chart import block_lines, constant_pieces, slices

WIDTH = 80
MAX_LEVEL_ROWS = 40
"""Of a longer table the middle is left out."""

MAX_CLIMB_SHOWN = 12
"""Levels of a climb that are named."""

NAME_WIDTH = 16
OPEN_END_NS = 1 << 62
"""The end of a schedule that only iterations end: later than every other time."""

ALL_LINES = 8
GROUP_LINES = 4
MARGIN = 8
"""Columns left of the chart: the number of the scale, a space and the axis."""


def validate_plan(arguments: PlanArguments) -> int:
    """Print every mistake and return 2; or print a summary of the plan with its warnings, and return 0."""
    try:
        loaded = load_arguments(arguments)
    except PlanError as error:
        typer.echo(describe_problems(error))
        annotate_mistakes(error)
        return WRONG_INPUT
    typer.echo(f"{loaded.name}: OK: {describe(loaded)}")
    print_warnings(loaded)
    return DONE


def show_schedule(arguments: PlanArguments) -> None:
    """Print the levels and the charts of a plan's schedule, and its warnings."""
    loaded = load_arguments(arguments)
    schedule = loaded.schedule
    lines = [f"{loaded.display_plan.config.name}: {describe(loaded)}", ""]
    lines += [*tabulate_levels(schedule), "", *(draw_schedule(schedule) if schedule.searched is None else [])]
    lines += describe_search(schedule)
    typer.echo("\n".join(lines))
    print_warnings(loaded)


def show_schema() -> None:
    """Print the JSON Schema of plans."""
    from gradual_common.plan.model.schema import plan_json_schema  # noqa: PLC0415 - it alone needs pydantic's generator

    typer.echo(json.dumps(plan_json_schema(), indent=2, ensure_ascii=not is_utf8(sys.stdout)))


def describe(loaded: LoadedPlan) -> str:
    """The plan in one line: users, groups, actions, levels, length."""
    schedule = loaded.schedule
    users = max(map(sum, schedule.distinct_users), default=0)
    length = format_duration(schedule.end) if schedule.end is not None else "as long as the iterations take"
    counts: tuple[tuple[int, str], ...] = (
        (users, "user"),
        (len(schedule.groups), "group"),
        (len(loaded.plan.actions), "action"),
    )
    if schedule.searched is None:
        counts += ((len(schedule.levels), "level"),)
    else:
        length = f"levels chosen during the run, {length} at most"
    once = ((loaded.plan.setup, "set-up step"), (loaded.plan.teardown, "teardown step"))
    counts += tuple((len(steps), noun) for steps, noun in once if steps)
    return ", ".join([*(f"{number} {noun}{'s' if number != 1 else ''}" for number, noun in counts), length])


def describe_search(schedule: Schedule) -> list[str]:
    """How a search climbs; nothing of a schedule without one."""
    searched = schedule.searched
    if searched is None:
        return []
    climb = " → ".join(f"{level:,}" for level in searched.climb[:MAX_CLIMB_SHOWN])
    noun = "user" if searched.climb == (1,) else "users"
    more = " → …" if len(searched.climb) > MAX_CLIMB_SHOWN else ""
    return [
        f"The search climbs while all objectives are met: {climb}{more} {noun}.",
        "Then it narrows down on the most users that meet them, confirms that level, and looks for a recovery.",
    ]


def print_warnings(loaded: LoadedPlan) -> None:
    """Print the warnings of loading and compiling, each once."""
    for warning in dict.fromkeys([*map(str, loaded.warnings), *loaded.schedule.warnings]):
        typer.echo(f"warning: {warning}")


def tabulate_levels(schedule: Schedule, width: int = WIDTH) -> list[str]:
    """A header and one line per level: from, to, phase, users in total and per group."""
    has_phases = len(schedule.phases) > 1
    end = OPEN_END_NS if schedule.end is None else schedule.end
    names = (name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…" for name in schedule.groups)
    rows = [["level", "from", "to", *(["phase"] if has_phases else []), "users", *names]]
    for level in schedule.levels:
        until = "the end" if level.end >= OPEN_END_NS or level.end > end else format_duration(level.end)
        phase = [schedule.phases[level.phase].name] if has_phases else []
        users = [level.target, *mean_users(schedule, level)]
        rows.append([str(level.number + 1), format_duration(level.start), until, *phase, *map(number, users)])
    lines, dropped = narrow(rows, width)
    if (left_out := len(lines) - 1 - MAX_LEVEL_ROWS) > 0:
        half = MAX_LEVEL_ROWS // 2
        lines[half + 1 : -half] = [f"… {left_out} levels more …"]
    note = [f"({dropped} groups more than fit into {width} columns; the drawing shows each)"] if dropped else []
    return lines + note


def mean_users(schedule: Schedule, level: Level) -> list[float]:
    """Mean users of each group over a level; a level of a linear ramp has several changes."""
    inside = [change for change in schedule.changes if change.level == level.number and change.phase == level.phase]
    if len(inside) <= 1 or level.end <= level.start:
        return [float(users) for users in (inside[0].users if inside else (0,) * len(schedule.groups))]
    # Weighted by time: each number of users lasts until the next change, the last one until the end of the level.
    ends = [*(change.at for change in inside[1:]), level.end]
    spans = [end - change.at for change, end in zip(inside, ends, strict=True)]
    return [
        sum(change.users[group] * span for change, span in zip(inside, spans, strict=True)) / sum(spans)
        for group in range(len(schedule.groups))
    ]


def number(value: float) -> str:
    """A whole number without decimals, any other with one."""
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"


def narrow(rows: Sequence[Sequence[str]], width: int) -> tuple[list[str], int]:
    """The rows as aligned lines without the last columns that do not fit, and how many columns were left out."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    kept = len(widths)
    while kept > 1 and sum(widths[:kept]) + 2 * (kept - 1) > width:
        kept -= 1
    lines = ["  ".join(cell.rjust(size) for cell, size in zip(row[:kept], widths[:kept], strict=True)) for row in rows]
    return lines, len(widths) - kept


def draw_schedule(schedule: Schedule, width: int = WIDTH) -> list[str]:
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
    """A title and `lines` lines of blocks; the top of the scale is the peak."""
    peak = max(values)
    drawn = [f"{'':{MARGIN - 2}} {title}, at most {round(peak)}"]
    for line, body in enumerate(block_lines(values, peak, lines)):
        label = f"{round(peak)}" if line == 0 else ""
        drawn.append(f"{label:>{MARGIN - 2}} {'┤' if label else '│'}{body}".rstrip())
    return drawn


def axis(end: int, columns: int, open_end: bool) -> list[str]:
    """The time axis: a line, and the times at its start, middle and end."""
    last = "until the iterations are done" if open_end else format_duration(end)
    middle = "" if open_end else format_duration(end // 2)
    labels = f"{'0':<{columns // 2}}{middle}"
    return [f"{'0':>{MARGIN - 2}} └{'─' * columns}", f"{'':{MARGIN - 1}}{labels:<{columns - len(last) + 1}}{last}"]
