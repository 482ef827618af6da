"""Under which address each host finds the master: the local address of the route to it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from gradual.errors import AgentsFailedError, HostsRefusedError
from gradual.fleet.command_lines import settings_words
from gradual.fleet.hosts import RemoteHost
from gradual_common.net.addresses import EndpointAddress

EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound
SETTINGS_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class SshSettings:
    """What the configuration of `ssh` says about a host."""

    address: str
    """The name or address that is dialled."""
    port: int
    is_relayed: bool
    """Whether the connection goes through a jump host or a proxy command."""


def parse_settings(output: str) -> SshSettings:
    """Read the output of `ssh -G`: one setting per line."""
    values = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    relays = (values.get("proxyjump", "none"), values.get("proxycommand", "none"))
    return SshSettings(values["hostname"], int(values["port"]), relays != ("none", "none"))


def master_addresses(
    ssh: Sequence[str], hosts: Sequence[RemoteHost], listen: EndpointAddress, named: str | None
) -> dict[RemoteHost, str]:
    """The master's address for each host: `named` if given, the one of `listen` if it is one, else of the route."""
    if named is not None or listen.host not in EVERY_ADDRESS:
        return dict.fromkeys(hosts, named or listen.host)
    family = socket.AF_UNSPEC if ":" in listen.host else socket.AF_INET
    return {host: route_to(host, read_settings(ssh, host), family) for host in hosts}


def read_settings(ssh: Sequence[str], host: RemoteHost) -> SshSettings:
    """The settings of `ssh` for a host; AgentsFailedError if it cannot tell them."""
    try:
        done = subprocess.run(  # noqa: S603 - the caller's own program
            settings_words(ssh, host),
            check=False,
            capture_output=True,
            text=True,
            timeout=SETTINGS_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise AgentsFailedError(f"{ssh[0]} cannot be started: {error.strerror}; install OpenSSH's client") from None
    except subprocess.TimeoutExpired:
        raise AgentsFailedError(f"{host.label}: `ssh -G` did not answer; look at the configuration of ssh") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise AgentsFailedError(f"{host.label}: ssh refuses its configuration: {lines[-1]}")
    return parse_settings(done.stdout)


def route_to(host: RemoteHost, settings: SshSettings, family: socket.AddressFamily) -> str:
    """The local address from which packets go to a host. Nothing is sent."""
    if settings.is_relayed:
        raise HostsRefusedError(
            f"{host.label} is reached through another host, so it is not clear how it reaches this one; "
            "say it with --master-address NAME"
        )
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.address, settings.port, family, socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise AgentsFailedError(f"{host.label}: it cannot be reached: {error.strerror} ({settings.address})") from None
