"""The commands of `gradual fleet`."""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

import typer

from gradual.fleet.options import FleetArguments
from gradual_master.command_line.options import spread

fleet = typer.Typer(help="Run a plan with agents on other hosts, started over SSH.", no_args_is_help=True)


@fleet.callback()
def group() -> None:
    """Run a plan with agents on other hosts, started over SSH."""
    # Without a callback a group of one command would be that command: `gradual fleet PLAN`.


@fleet.command()
@spread
def run(arguments: FleetArguments) -> None:
    """Run a plan with agents on hosts that have Gradual.

    The master runs in this process, and the `ssh` program starts the agents: your configuration, keys and known hosts
    apply. Certificates and a token are made for this run and passed over SSH. Agents end with the run, or when this
    process ends. Exit codes: 0 passed, 1 an objective failed, 2 plan or command line wrong, 3 not done or invalid,
    130 interrupted, 143 terminated.
    """
    from gradual.fleet.run import run_fleet

    raise typer.Exit(run_fleet(arguments))
