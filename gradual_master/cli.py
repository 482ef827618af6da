"""`gradual-master`: the master of a fleet. Nothing heavy is imported before its options are read."""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from gradual_common import __version__
from gradual_master.command_line.entry import new_app, run_app
from gradual_master.command_line.options import RunArguments, spread

app = new_app("Conducts a run: waits for agents, deals the users among them, merges, judges and reports.")


def main() -> None:
    """Run the command line and leave with its exit code."""
    run_app(app, "gradual-master")


def show_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        typer.echo(f"gradual {__version__}")
        raise typer.Exit


@app.callback()
def master(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="the version, and nothing else")
    ] = False,
) -> None:
    """Conducts a run: waits for agents, deals the users among them, merges, judges and reports."""


@app.command()
@spread
def run(
    arguments: RunArguments,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="where agents come to; unix:PATH too")],
    expect_agents: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="how many `gradual-agent` commands to wait for, with all their processes"
        ),
    ],
    agents_wait: Annotated[str, typer.Option(metavar="D", help="how long to wait for them")] = "60s",
    insecure: Annotated[
        bool, typer.Option("--insecure", help="plaintext, without authentication, off this machine")
    ] = False,
) -> None:
    """Run a plan with a fleet of agents.

    Agents are started on their hosts with `gradual-agent --master HOST:PORT`. Ctrl-C once drains and reports, twice
    stops. Exit codes: 0 passed, 1 an objective failed, 2 plan or command line wrong, 3 not done or invalid,
    130 interrupted, 143 terminated.
    """
    from gradual_master.command_line.invocation import duration_option, load_arguments, run_options_of

    wait = duration_option(agents_wait, "--agents-wait")
    options = run_options_of(arguments, listen, expect_agents, wait, insecure)
    loaded = load_arguments(arguments)
    from gradual_common.process.logs import usual_level
    from gradual_master.command_line.running import run_and_report

    options = replace(options, on_listening=partial(say_listening, expect_agents, arguments.quiet))
    raise typer.Exit(run_and_report(loaded, arguments, options, usual_level(arguments.verbose)))


def say_listening(expect_agents: int, is_quiet: bool, address: str) -> None:
    """Where agents may come to, as the first line of progress."""
    if not is_quiet:
        agents = f"{expect_agents} agent{'s' if expect_agents > 1 else ''}"
        typer.echo(f"listening on {address}, waiting for {agents}", err=True)
