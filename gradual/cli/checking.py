"""`gradual validate`, `gradual plan` and `gradual schema`: what can be said of a plan without running it."""

from __future__ import annotations

import json
import sys

import typer

from gradual.cli.schedule import draw_schedule, tabulate_levels
from gradual_common.errors import PlanError
from gradual_common.plan.loader import LoadedPlan
from gradual_common.process.exit_codes import DONE, WRONG_INPUT
from gradual_common.process.streams import is_utf8
from gradual_common.units import format_duration
from gradual_master.command_line.main import describe_problems
from gradual_master.command_line.options import PlanArguments, load_arguments

WIDTH = 80


def validate_plan(arguments: PlanArguments) -> int:
    """Print every mistake and return 2, or print what the plan holds, with its warnings, and return 0."""
    try:
        loaded = load_arguments(arguments)
    except PlanError as error:
        typer.echo(describe_problems(error))
        return WRONG_INPUT
    typer.echo(f"{loaded.name}: OK: {describe(loaded)}")
    print_warnings(loaded)
    return DONE


def show_schedule(arguments: PlanArguments) -> None:
    """Print the levels and the drawing of a plan's schedule, and its warnings."""
    loaded = load_arguments(arguments)
    schedule = loaded.schedule
    lines = [f"{loaded.display_plan.config.name}: {describe(loaded)}", ""]
    lines += [*tabulate_levels(schedule, WIDTH), "", *draw_schedule(schedule, WIDTH)]
    typer.echo("\n".join(lines))
    print_warnings(loaded)


def show_schema() -> None:
    """Print the JSON Schema of plans."""
    from gradual_common.plan.model.schema import plan_json_schema  # noqa: PLC0415 - it alone needs pydantic's generator

    typer.echo(json.dumps(plan_json_schema(), indent=2, ensure_ascii=not is_utf8(sys.stdout)))


def describe(loaded: LoadedPlan) -> str:
    """One line: users, groups, actions, levels, length."""
    schedule = loaded.schedule
    users = max((change.target for change in schedule.changes), default=0)
    length = format_duration(schedule.end) if schedule.end is not None else "as long as the iterations take"
    parts = [
        count(users, "user"),
        count(len(schedule.groups), "group"),
        count(len(loaded.plan.actions), "action"),
        count(len(schedule.levels), "level"),
        length,
    ]
    return ", ".join(parts)


def count(number: int, noun: str) -> str:
    """`1 user`, `2 users`."""
    return f"{number} {noun}{'s' if number != 1 else ''}"


def print_warnings(loaded: LoadedPlan) -> None:
    """What loading and compiling warned of, each once."""
    for warning in dict.fromkeys([*map(str, loaded.warnings), *loaded.schedule.warnings]):
        typer.echo(f"warning: {warning}")
