"""`gradual-master`: the master of a fleet. Heavy modules are imported after the options are read."""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from gradual_master.command_line.main import new_app
from gradual_master.command_line.options import MasterArguments, duration_option, load_arguments, run_options_of, spread

app = new_app("Conducts a run: waits for agents, divides the users among them, merges, judges and reports.")


@app.command()
@spread
def run(
    arguments: MasterArguments,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="address for agents; unix:PATH too")],
    expect_agents: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="how many `gradual-agent` commands to wait for, with all their processes"
        ),
    ],
    agents_wait: Annotated[str, typer.Option(metavar="D", help="how long to wait for them")] = "60s",
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", help="allow other hosts without encryption or without a token; never plans with secrets"
        ),
    ] = False,
) -> None:
    """Run a plan with a fleet of agents.

    Agents are started on their hosts with `gradual-agent --master HOST:PORT`. Ctrl-C once drains and reports, twice
    stops. Exit codes: 0 passed, 1 an objective failed, 2 plan or command line wrong, 3 not done or invalid,
    130 interrupted, 143 terminated.
    """
    from gradual_common.security.identity import TlsFlags
    from gradual_common.security.security import read_security

    security, warnings = read_security(
        TlsFlags(arguments.tls_ca, arguments.tls_cert, arguments.tls_key), arguments.token_file, datetime.now(UTC)
    )
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    options = replace(
        run_options_of(arguments),
        listen=listen,
        expect_agents=expect_agents,
        agents_wait=duration_option(agents_wait, "--agents-wait"),
        insecure=insecure,
        security=security,
        on_listening=None if arguments.quiet else partial(print_address, expect_agents),
    )
    loaded = load_arguments(arguments)
    from gradual_common.process.logs import usual_level
    from gradual_master.command_line.running import run_and_report

    raise typer.Exit(run_and_report(loaded, arguments, options, usual_level(arguments.verbose)))


def print_address(expect_agents: int, address: str) -> None:
    """Print the address for agents, as the first line of progress."""
    agents = f"{expect_agents} agent{'s' if expect_agents > 1 else ''}"
    typer.echo(f"listening on {address}, waiting for {agents}", err=True)
