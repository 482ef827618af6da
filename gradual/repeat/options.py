"""The options of `gradual repeat`: those of a plan, some of a run, and what is repeated and compared."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Literal

import typer

from gradual_master.command_line.options import PlanArguments, RunArguments

OUT = Path("gradual-repeat")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatArguments(PlanArguments):
    """How a plan is repeated."""

    number: Annotated[int, typer.Option("-n", min=1, max=100, metavar="N", help="how many runs of each system")] = 5
    against: Annotated[
        str | None,
        typer.Option(metavar="URL", help="a second base URL, run by turns with the first and compared with it"),
    ] = None
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="where the summaries go")] = OUT
    agents: Annotated[
        int | None, typer.Option(min=1, max=512, metavar="N", help="agent processes  [default: cores − 1]")
    ] = None
    tag: Annotated[list[str], typer.Option("--tag", metavar="K=V", help="a tag in the summaries; repeatable")] = field(
        default_factory=list
    )
    allow_saturated: Annotated[
        bool, typer.Option("--allow-saturated", help="a busy generator does not make a run invalid")
    ] = False
    allow_missing: Annotated[
        str, typer.Option(metavar="P%", help="share of the scheduled user-seconds that may be missing")
    ] = "1%"
    interval: Annotated[str, typer.Option(metavar="D", help="the time that one batch of measurements covers")] = "1s"
    store: Annotated[
        str | None, typer.Option(metavar="PATH|none", help="keep the runs in this SQLite file, or nowhere")
    ] = None
    json_: Annotated[bool, typer.Option("--json", help="print what the runs differ by as JSON")] = False
    markdown: Annotated[
        Path | None, typer.Option(metavar="PATH", help="write the comparison as Markdown, for a pull request")
    ] = None
    html: Annotated[Path | None, typer.Option(metavar="PATH", help="write the comparison as a page")] = None
    fail_on: Annotated[
        Literal["regression", "inconclusive"] | None,
        typer.Option(help="what ends with exit code 1  [default: nothing]"),
    ] = None


_SHARED = [each.name for each in fields(RepeatArguments) if each.name in {one.name for one in fields(RunArguments)}]
_OWN = ("json_",)
"""Of these, what means something else for a single run."""


def run_arguments(arguments: RepeatArguments, base_url: str | None) -> RunArguments:
    """The arguments of each run against this base URL; None: the plan's."""
    shared = {name: getattr(arguments, name) for name in _SHARED if name not in _OWN}
    return RunArguments(**{**shared, "base_url": base_url}, quiet=True)
