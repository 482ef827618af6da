"""`gradual fleet run`: the plan is read, credentials are made, the master listens, and agents are started on the hosts.

The master runs in this process. When it listens, an `ssh` per host starts the agents there, which dial it. Until the
run begins, an `ssh` that ends is an error that ends all of it; from then on the rules for lost agents apply.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from gradual.agents.remote_code import complaint_of
from gradual.certs.hosts import parse_host
from gradual.errors import CertsRefusedError, HostsRefusedError
from gradual.fleet.command_lines import AgentStart
from gradual.fleet.connections import SshConnections, ended_connections, say
from gradual.fleet.credentials import make_credentials
from gradual.fleet.hosts import RemoteHost, read_hosts
from gradual.fleet.options import FleetArguments
from gradual.fleet.routes import master_addresses
from gradual_agent.process.children import processes_of
from gradual_common.net.addresses import EndpointAddress
from gradual_common.plan.loader import LoadedPlan
from gradual_common.process.logs import usual_level
from gradual_master.command_line.options import duration_option, load_arguments, run_options_of
from gradual_master.command_line.running import run_and_report
from gradual_master.serving.listening import ListenAddress


def run_fleet(arguments: FleetArguments) -> int:
    """Run the plan with agents on the hosts; return the exit code."""
    hosts = read_hosts(arguments.hosts, arguments.hosts_file)
    ssh = words_of(arguments.ssh)
    command, listen = agent_command(arguments), listen_address(arguments.listen)
    named = master_name(arguments.master_address)
    options = replace(
        run_options_of(arguments),
        listen=arguments.listen,
        expect_agents=len(hosts),
        agents_wait=duration_option(arguments.agents_wait, "--agents-wait"),
    )
    loaded = load_arguments(arguments)
    check_code(loaded, arguments)
    addresses = master_addresses(ssh, hosts, listen, named)
    credentials = make_credentials(dict.fromkeys(addresses.values()), len(hosts), datetime.now(UTC))
    connections = SshConnections(ssh, command, dict(zip(hosts, credentials.agents, strict=True)))
    options = replace(
        options,
        security=credentials.master,
        on_listening=partial(start_agents, connections, addresses, quiet=arguments.quiet),
        on_begin=connections.begin,
    )
    with ended_connections(connections):
        return run_and_report(loaded, arguments, options, usual_level(arguments.verbose), connections.check)


def start_agents(connections: SshConnections, addresses: Mapping[RemoteHost, str], bound: str, *, quiet: bool) -> None:
    """Start the agents of every host, now that the master's port is known."""
    if not quiet:
        say(f"listening on {bound}, starting agents on {', '.join(host.label for host in addresses)}")
    port = bound.rpartition(":")[2]
    connections.start(
        {host: f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for host, name in addresses.items()}
    )


def words_of(ssh: str) -> list[str]:
    """The words of `--ssh`."""
    try:
        words = shlex.split(ssh)
    except ValueError as error:
        raise HostsRefusedError(f"--ssh: {error}; write it as for a shell: --ssh 'ssh -F FILE'") from None
    if not words:
        raise HostsRefusedError("--ssh is empty; write the program and its options: --ssh 'ssh -F FILE'")
    return words


def agent_command(arguments: FleetArguments) -> AgentStart:
    """How agents are started; HostsRefusedError for an option that cannot be used."""
    if arguments.processes != "auto":
        try:
            processes_of(arguments.processes)
        except ValueError as error:
            raise HostsRefusedError(f"--processes: {error}") from None
    if not arguments.agent_command.strip() or not arguments.agent_command.isprintable():
        raise HostsRefusedError("--agent-command: write the command of the hosts: /opt/gradual/bin/gradual-agent")
    return AgentStart(
        program=arguments.agent_command.strip(),
        processes=arguments.processes,
        log_format=arguments.log_format,
        verbose=arguments.verbose,
        allow_code=tuple(arguments.allow_code),
    )


def check_code(loaded: LoadedPlan, arguments: FleetArguments) -> None:
    """HostsRefusedError if the plan runs code that no agent will find, which it would say after the start."""
    if "--allow-code" in arguments.agent_command:
        return
    complaint = complaint_of(loaded.plan, arguments.allow_code, where="on the hosts", how="put it on every host")
    if complaint is not None:
        raise HostsRefusedError(complaint)


def listen_address(text: str) -> EndpointAddress:
    """Where the master listens; hosts cannot reach a Unix socket."""
    address = ListenAddress.read(text)
    if not address.host:
        raise HostsRefusedError(f"--listen {text}: other hosts cannot reach it; write HOST:PORT")
    return address


def master_name(named: str | None) -> str | None:
    """The name or address of `--master-address`."""
    if named is None:
        return None
    try:
        return str(parse_host(named))
    except CertsRefusedError as error:
        raise HostsRefusedError(str(error).replace("--host ", "--master-address ", 1)) from None
