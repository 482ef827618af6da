"""The commands of `gradual certs`."""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

certs = typer.Typer(help="Make a fleet's certificates and its token.", no_args_is_help=True)

FOLDER = Path("gradual-certs")
MAX_DAYS = 3650
"""As long as the authority itself is valid."""

Days = Annotated[int, typer.Option(min=1, max=MAX_DAYS, metavar="N", help="how long the certificate is valid")]
Force = Annotated[bool, typer.Option("--force", help="replace files that are there")]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host", metavar="NAME|IP", help="where agents find the master; repeatable; localhost is always in it"
    ),
]
MadeFolder = Annotated[Path, typer.Argument(metavar="DIR", help="the folder that `gradual certs init` made")]


@certs.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the folder; made if it is not there")] = FOLDER,
    hosts: Hosts = None,
    days: Days = 365,
    force: Force = False,
) -> None:
    """Make an authority, the master's certificate and a token.

    DIR gets ca.pem, ca-key.pem, master.pem, master-key.pem and token. Keys and token are readable by their owner only.
    """
    from gradual.certs.commands import init

    _say(init(folder, hosts or [], days, force=force))


@certs.command()
def master(folder: MadeFolder, hosts: Hosts = None, days: Days = 365, force: Force = False) -> None:
    """Make the master's certificate again, for other names or more days.

    The authority and the token stay, and so agents need nothing new. Without --host the names stay too.
    """
    from gradual.certs.commands import master

    _say(master(folder, hosts or [], days, force=force))


@certs.command()
def agent(
    folder: MadeFolder,
    name: Annotated[str, typer.Argument(metavar="NAME", help="name of the certificate and of its files")],
    days: Days = 365,
    force: Force = False,
) -> None:
    """Make a certificate for an agent: NAME.pem and NAME-key.pem.

    It is for an agent's use only: nobody can pretend to be the master with it.
    """
    from gradual.certs.commands import agent

    _say(agent(folder, name, days, force=force))


@certs.command()
def token(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="the file to write")], force: Force = False
) -> None:
    """Make a new join token in a file that only its owner can read."""
    from gradual.certs.commands import token

    _say(token(file, force=force))


def _say(lines: list[str]) -> None:
    typer.echo("\n".join(lines))
