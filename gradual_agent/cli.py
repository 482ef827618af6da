"""`gradual-agent`: its options, and nothing heavy before they are read (`--help` answers at once)."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from gradual_agent.errors import AddressError
from gradual_agent.process.children import end_with_parent, part_of, processes_of, read_positive, run_children
from gradual_agent.process.options import PROGRESS, AgentOptions
from gradual_common import __version__
from gradual_common.errors import SecurityError
from gradual_common.net.addresses import EndpointAddress
from gradual_common.process.core_dumps import forbid_core_dumps
from gradual_common.process.exit_codes import WRONG_INPUT
from gradual_common.process.parent import read_line
from gradual_common.process.streams import StandardStreams
from gradual_common.protocol.names import numbered_names, shown_name
from gradual_common.secrecy.quoting import brief
from gradual_common.security.identity import TlsFlags
from gradual_common.security.security import FleetSecurity, check_address, read_security
from gradual_common.units import read_duration

if TYPE_CHECKING:
    from gradual_agent.runtime.allowed_code import AllowedPath
    from gradual_agent.runtime.allowed_hosts import AllowedHost

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one run; the exit code: 0 done, 2 wrong command line, 3 the run could not be done."""
    forbid_core_dumps()
    with StandardStreams():
        return serve(build_parser().parse_args(arguments))


def serve(options: argparse.Namespace) -> int:
    """Start what the options ask for: this process, or several others."""
    try:
        security = security_of(options)
        target = master_target(options.master, security, insecure=options.insecure)
    except (AddressError, SecurityError) as error:
        print(f"gradual-agent: {brief(str(error))}", file=sys.stderr)  # noqa: T201  before logging is set up
        return WRONG_INPUT
    name = shown_name(options.name or "", shown_name(socket.gethostname()))
    if options.part_of is not None or options.security_on_stdin:
        end_with_parent()
    if options.processes > 1:
        return run_children(numbered_names(name, options.processes), shared_arguments(options), security)
    return run_one(
        AgentOptions(
            master=target,
            name=name,
            max_users=options.max_users,
            master_wait=options.master_wait,
            log_format=options.log_format,
            verbose=options.verbose,
            part=options.part_of,
            security=security,
            allow_hosts=tuple(options.allow_host),
            allow_code=tuple(options.allow_code),
        )
    )


def security_of(options: argparse.Namespace) -> FleetSecurity:
    """The token and the certificates that the options name, or those that another process of this user passes on."""
    if options.security_on_stdin:
        return FleetSecurity.from_json(read_line(sys.stdin.fileno()))
    flags = TlsFlags(options.tls_ca, options.tls_cert, options.tls_key)
    security, warnings = read_security(flags, options.token_file, datetime.now(UTC), options.tls_server_name)
    for warning in warnings:
        print(f"gradual-agent: warning: {warning}", file=sys.stderr)  # noqa: T201  before logging is set up
    return security


def master_target(text: str, security: FleetSecurity, *, insecure: bool) -> str:
    """The master's address as gRPC dials it; AddressError or SecurityError when it may not be dialled like this."""
    try:
        address = EndpointAddress.parse(text, any_port=False)
    except ValueError as error:
        raise AddressError(f"--master: {error}") from None
    check_address(address, security, "agent", insecure=insecure)
    return address.target


def run_one(options: AgentOptions) -> int:
    """One agent in this process."""
    from gradual_common.process.logs import configure_logging, usual_level  # noqa: PLC0415  after --help and every usage error

    configure_logging(usual_level(options.verbose), options.log_format, agent=options.name)
    logging.getLogger(PROGRESS).setLevel(logging.INFO)
    from gradual_agent.process.process import exit_code_of_run  # noqa: PLC0415  gRPC is loaded after logging is set up

    return exit_code_of_run(options, "gradual-agent")


def build_parser() -> argparse.ArgumentParser:
    """The command line of docs/design/results.md."""
    parser = argparse.ArgumentParser(
        prog="gradual-agent", description="Runs virtual users for a master, and ends with the run.", allow_abbrev=False
    )
    parser.add_argument(
        "--master", required=True, metavar="ADDRESS", help="where the master listens: HOST:PORT or unix:PATH"
    )
    parser.add_argument(
        "--name",
        help="what this agent is called in logs and reports (default: the host's name); equal ones are shown as b, b#2",
    )
    parser.add_argument(
        "--processes",
        type=option(processes_of),
        default=1,
        metavar="N|auto",
        help="how many agent processes to run, NAME-1 … NAME-N; auto: one per whole core (default: 1)",
    )
    parser.add_argument(
        "--max-users",
        type=option(partial(read_positive, noun="users")),
        metavar="N",
        help="the most users of one process (default: 20000, or what the limit of open files allows)",
    )
    parser.add_argument(
        "--master-wait",
        type=option(read_duration),
        default="60s",
        metavar="DURATION",
        help="how long to go on without a master before giving up (default: 60s)",
    )
    parser.add_argument(
        "--allow-host",
        type=option(allowed_host),
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="where this agent may send, whatever the plan says: a name, *.DOMAIN, an address or a network such as"
        " 10.0.0.0/8; may be repeated (default: anywhere)",
    )
    parser.add_argument(
        "--allow-code",
        type=option(allowed_code),
        action="append",
        default=[],
        metavar="PATH|MODULE",
        help="Python code that plans may run here (python: module:coroutine): a folder, a .py file, or an installed"
        " module; may be repeated (default: only installed actions)",
    )
    add_security_options(parser)
    add_common_options(parser)
    return parser


def add_security_options(parser: argparse.ArgumentParser) -> None:
    """What is needed to join a master on another host."""
    files = {
        "--token-file": "the fleet's join token (or the variable GRADUAL_TOKEN)",
        "--tls-ca": "the authority that signs the master's certificate; with it the connection is encrypted",
        "--tls-cert": "this agent's certificate, for a master that asks for one",
        "--tls-key": "its key",
    }
    for option, text in files.items():
        parser.add_argument(option, metavar="FILE", help=text)
    parser.add_argument(
        "--tls-server-name", metavar="NAME", help="the name in the master's certificate, if it is not that of ADDRESS"
    )
    parser.add_argument("--security-on-stdin", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="connect to another host without encryption or without a token; never for plans with secrets",
    )


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The log, what a parent passes on, and the version."""
    parser.add_argument(
        "--log-format", choices=("console", "json"), default="console", help="form of the log lines (default: console)"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="log every decision; off a terminal only warnings are logged else"
    )
    parser.add_argument("--part-of", type=option(part_of), help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"gradual {__version__}")


def allowed_host(text: str) -> AllowedHost:
    """`--allow-host`."""
    from gradual_agent.runtime.allowed_hosts import AllowedHost  # noqa: PLC0415  not needed for --help

    return AllowedHost.parse(text)


def allowed_code(text: str) -> AllowedPath:
    """`--allow-code`."""
    from gradual_agent.runtime.allowed_code import AllowedPath  # noqa: PLC0415  not needed for --help

    return AllowedPath.parse(text)


def option(read: Callable[[str], T]) -> Callable[[str], T]:
    """`read` for argparse: what it says about a wrong value is shown unchanged."""

    def convert(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def shared_arguments(options: argparse.Namespace) -> list[str]:
    """The command line of each child, but for its name."""
    arguments = ["--master", options.master, "--master-wait", f"{options.master_wait}ns"]
    arguments += ["--log-format", options.log_format]
    if options.max_users is not None:
        arguments += ["--max-users", str(options.max_users)]
    arguments += [f"--allow-host={entry.text}" for entry in options.allow_host]
    arguments += [f"--allow-code={entry.text}" for entry in options.allow_code]
    arguments += ["--insecure"] * options.insecure + ["--verbose"] * options.verbose
    return arguments
