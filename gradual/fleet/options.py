"""The options of `gradual fleet run`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from gradual_master.command_line.options import RunArguments


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetArguments(RunArguments):
    """How a plan is run and reported, and with which hosts."""

    hosts: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="the hosts of the agents, each [USER@]HOST[:PORT]")
    ] = None
    hosts_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="a file with one host per line; `#` begins a comment")
    ] = None
    processes: Annotated[
        str, typer.Option(metavar="N|auto", help="agent processes of each host; auto: one per core")
    ] = "auto"
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="address for agents; port 0: any free one")] = (
        "0.0.0.0:7700"
    )
    master_address: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|IP",
            help="where the hosts find this one  [default: the local address of the route to each host]",
        ),
    ] = None
    agents_wait: Annotated[str, typer.Option(metavar="D", help="how long to wait for the agents")] = "60s"
    allow_code: Annotated[
        list[str],
        typer.Option(metavar="PATH|MODULE", help="Python code on the hosts that the plan may run; repeatable"),
    ] = field(default_factory=list)
    agent_command: Annotated[
        str, typer.Option(metavar="COMMAND", help="gradual-agent, as the shell of the hosts finds it")
    ] = "gradual-agent"
    ssh: Annotated[str, typer.Option(metavar="COMMAND", help="the ssh program, with options: 'ssh -F FILE'")] = "ssh"
