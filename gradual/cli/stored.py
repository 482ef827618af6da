"""The commands for what the store keeps: runs and baselines."""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

from typing import Annotated

import typer

Store = Annotated[
    str | None, typer.Option(metavar="PATH", help="the store  [default: GRADUAL_STORE, else the user's own]")
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="its id, the beginning of it, or `last`")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="what the baseline is called")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]

baseline = typer.Typer(help="Runs that others are compared with.", no_args_is_help=True)


def add_store_commands(app: typer.Typer) -> None:
    """Make `runs`, `report`, `export` and `baseline` commands of `app`."""
    for command in (runs, report, export):
        app.command()(command)
    app.add_typer(baseline, name="baseline")


def runs(
    *,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="only runs of plans with this name")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="only runs with this tag; repeatable: with all of them")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="so many, the newest first")] = 20,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print the ids only")] = False,
    delete: Annotated[str | None, typer.Option(metavar="RUN", help="delete this run instead")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """List the runs in the store, or delete one."""
    from gradual.stored.listing import delete_stored_run, show_runs

    if delete is not None:
        delete_stored_run(store, delete)
    else:
        show_runs(store, name, tag or [], last, form="json" if as_json else "ids" if quiet else "table")


def report(
    run: Run,
    *,
    reporter: Annotated[
        list[str] | None,
        typer.Option(
            "--reporter",
            "-o",
            metavar="NAME[=ARG]",
            help="console, json, csv, html, junit, markdown, openmetrics, or your own; repeatable  [default: console]",
        ),
    ] = None,
    store: Store = None,
) -> None:
    """Report a stored run again.

    The store has the summary of a run, not its course over time: what a report lacks by that is said.
    """
    from gradual.stored.rendering import report_run

    report_run(store, run, reporter or [])


def export(
    run: Run,
    file: Annotated[str, typer.Argument(metavar="FILE", help="the file to write; `-` is standard output")],
    store: Store = None,
) -> None:
    """Write the summary of a stored run as a JSON file."""
    from gradual.stored.rendering import export_run

    export_run(store, run, file)


@baseline.command("set")
def set_(
    name: Name,
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="stored runs, or summaries: FILE.json, ./FILE")],
    store: Store = None,
) -> None:
    """Make a baseline of runs of the same plan, or replace it.

    Two runs or more show how much runs of the same system differ; five are enough for a full test.
    """
    from gradual.stored.baselines import make_baseline

    make_baseline(store, name, runs)


@baseline.command("list")
def list_(*, store: Store = None, as_json: AsJson = False) -> None:
    """List the baselines."""
    from gradual.stored.baselines import show_baselines

    show_baselines(store, as_json=as_json)


@baseline.command()
def show(name: Name, *, store: Store = None, as_json: AsJson = False) -> None:
    """Show a baseline: its runs, how much they differ, and where their level changed."""
    from gradual.stored.baselines import show_baseline

    show_baseline(store, name, as_json=as_json)


@baseline.command()
def remove(name: Name, store: Store = None) -> None:
    """Remove a baseline; its runs stay in the store."""
    from gradual.stored.baselines import forget_baseline

    forget_baseline(store, name)
