"""The options that `gradual` and `gradual-master` share, each declared once as a field of a record.

A command takes a record; `spread` turns the record's fields into the command's own parameters, so that no list of
options is written twice. Nothing heavy is imported here: `--help` must stay fast.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any, get_type_hints

import typer


class LogFormat(StrEnum):
    """How log lines are written: plain, or one JSON object a line."""

    console = "console"
    json = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArguments:
    """Which plan, and what is changed in it (RESULTS.md, Commands)."""

    plan: Annotated[
        str | None,
        typer.Argument(metavar="PLAN", help="plan file, `-` for standard input; default: ./gradual.yaml"),
    ] = None
    config: Annotated[
        str | None, typer.Option("--config", "-c", metavar="PLAN", help="the plan file, instead of PLAN")
    ] = None
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="replaces config.base_url")] = None
    set_: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="PATH=VALUE", help="replaces a value; entries of lists by name: users.guest.concurrency=10"
        ),
    ] = field(default_factory=list)
    env: Annotated[
        list[str], typer.Option("--env", "-e", metavar="K=V", help="a variable for ${K}, before the environment")
    ] = field(default_factory=list)
    data: Annotated[
        list[str], typer.Option("--data", metavar="NAME=FILE", help="another file for the data set NAME")
    ] = field(default_factory=list)
    users: Annotated[
        int | None, typer.Option("--users", "-u", min=1, metavar="N", help="scales every group: N users in all")
    ] = None
    duration: Annotated[
        str | None, typer.Option("--duration", "-d", metavar="D", help="replaces config.duration: 30s, 5m")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunArguments(PlanArguments):
    """How a plan is run and what is said about it: `gradual run` and `gradual-master run` alike."""

    monitor: Annotated[bool, typer.Option("--monitor", help="a live screen of the run on the terminal")] = False
    reporter: Annotated[
        list[str],
        typer.Option(
            "--reporter",
            "-o",
            metavar="NAME[=ARG]",
            help="console, json, csv, html, junit, markdown, otlp, parquet, prometheus, or your own; repeatable",
        ),
    ] = field(default_factory=list)
    tag: Annotated[list[str], typer.Option("--tag", metavar="K=V", help="a tag in the summary; repeatable")] = field(
        default_factory=list
    )
    allow_saturated: Annotated[
        bool, typer.Option("--allow-saturated", help="a busy generator is no reason to fail")
    ] = False
    allow_missing: Annotated[
        str, typer.Option(metavar="P%", help="share of the scheduled user-seconds that may be missing")
    ] = "1%"
    lease: Annotated[str, typer.Option(metavar="D", help="how long an agent runs without its master; at least 3s")] = (
        "10s"
    )
    interval: Annotated[str, typer.Option(metavar="D", help="the stretch that one batch of measurements covers")] = "1s"
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, no console summary")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="more log lines")] = False
    json_: Annotated[bool, typer.Option("--json", help="the summary as JSON on standard output")] = False
    log_format: Annotated[LogFormat, typer.Option(help="form of the log lines")] = LogFormat.console


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command whose first parameter is a record take that record's fields as parameters of its own."""
    hints = get_type_hints(command, include_extras=True)
    first, *others = inspect.signature(command).parameters.values()
    record = hints[first.name]

    @functools.wraps(command)
    def spread_command(**values: Any) -> None:
        own = {name: values.pop(name) for name in names}
        command(record(**own), **values)

    parameters = fields_as_parameters(record)
    parameters += [other.replace(annotation=hints[other.name], kind=other.KEYWORD_ONLY) for other in others]
    names = tuple(entry.name for entry in fields(record))
    vars(spread_command)["__signature__"] = inspect.Signature(parameters)
    spread_command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread_command


def fields_as_parameters(record: type[Any]) -> list[inspect.Parameter]:
    """The fields of a dataclass as keyword parameters with the same defaults."""
    hints = get_type_hints(record, include_extras=True)
    return [
        inspect.Parameter(
            entry.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=entry.default if entry.default_factory is MISSING else entry.default_factory(),
            annotation=hints[entry.name],
        )
        for entry in fields(record)
    ]
