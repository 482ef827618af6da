"""Several hosts on one machine: each is a network namespace, connected by a veth pair to a switch in its own namespace.

The machine's own network is not changed: the links exist between the namespaces only, and are deleted with them. This
needs Linux, root and iproute2; `why_impossible` says what is missing. Three failures of real networks can be made:

    unplug      the cable is pulled: the host sees that its link is down
    detach      the switch forwards no packets of the host: they are lost, and the host sees no error
    block       two hosts lose each other's packets, without an error; each still reaches all others
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet, Target, running_target

NETWORK_NUMBERS = count(1)
SWITCH = "switch"


def ip(*arguments: str) -> str:
    """Run `ip` and return its output; CalledProcessError with its error message if it fails."""
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20).stdout


@dataclass(frozen=True)
class Host:
    """One host."""

    namespace: str
    switch: str
    """The namespace of the switch."""

    port: str
    """The interface of the switch to which the host is connected."""

    address: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words before a command that is to run on this host."""
        return ("ip", "netns", "exec", self.namespace)

    def unplug(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "down")

    def plug(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "up")

    def detach(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "nomaster")

    def attach(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "master", SWITCH)

    def block(self, other: "Host") -> None:
        """Give each host a wrong MAC address for the other one, which no interface has."""
        for host, peer in ((self, other), (other, self)):
            wrong = ("lladdr", "02:00:00:00:00:00", "dev", "eth0", "nud", "permanent")
            ip("-n", host.namespace, "neighbour", "replace", peer.address, *wrong)

    def unblock(self, other: "Host") -> None:
        for host, peer in ((self, other), (other, self)):
            ip("-n", host.namespace, "neighbour", "del", peer.address, "dev", "eth0")


class Network:
    """A switch and its hosts. `close` deletes them; the processes on the hosts must have ended before."""

    def __init__(self) -> None:
        self._prefix = f"gradual-{os.getpid()}-{next(NETWORK_NUMBERS)}-"
        self._namespaces: list[str] = []
        self.hosts: dict[str, Host] = {}
        try:
            self._switch = self._add_namespace(SWITCH)
            ip("-n", self._switch, "link", "add", SWITCH, "type", "bridge")
            ip("-n", self._switch, "link", "set", SWITCH, "up")
        except BaseException:
            self.close()
            raise

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def add(self, *names: str) -> None:
        """Connect new hosts to the switch."""
        for name in names:
            number = len(self.hosts) + 1
            host = Host(self._add_namespace(name), self._switch, f"port{number}", f"10.77.0.{number}")
            self.hosts[name] = host
            peer = ("peer", "name", host.port, "netns", self._switch)
            ip("link", "add", "eth0", "netns", host.namespace, "type", "veth", *peer)
            ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
            ip("-n", host.namespace, "link", "set", "eth0", "up")
            host.attach()
            host.plug()

    def name_of(self, address: str) -> str:
        """The host that has an address."""
        return next(name for name, host in self.hosts.items() if host.address == address)

    def _add_namespace(self, name: str) -> str:
        namespace = self._prefix + name
        ip("netns", "add", namespace)
        self._namespaces.append(namespace)
        ip("-n", namespace, "link", "set", "lo", "up")
        return namespace

    def close(self) -> None:
        while self._namespaces:
            ip("netns", "del", self._namespaces.pop())


@cache
def why_impossible() -> str | None:
    """Why this machine cannot run hosts in namespaces; None if it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "`ip` is not installed (Debian: iproute2)"
    try:
        network = Network()
        try:
            network.add("trial")
        finally:
            network.close()
    except (subprocess.SubprocessError, OSError) as error:
        return f"this machine allows no network namespaces: {getattr(error, 'stderr', None) or error}".strip()
    return None


class HostFleet(Fleet):
    """A fleet in which each process runs on the host of its name."""

    def __init__(self, folder: Path, network: Network) -> None:
        super().__init__(folder, network["master"].address)
        self.network = network

    def start_master(
        self, plan: dict[str, Any] | Path, agents: int, *options: str, prefix: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        prefix = [*self.network["master"].prefix, *prefix]
        return super().start_master(plan, agents, "--insecure", *options, prefix=prefix)

    def start_agent(
        self, name: str, *options: str, prefix: Sequence[str] = (), **options_of_start: Any
    ) -> subprocess.Popen[str]:
        prefix = [*self.network[name].prefix, *prefix]
        return super().start_agent(name, "--insecure", *options, prefix=prefix, **options_of_start)


@contextmanager
def several_hosts(folder: Path, agents: Sequence[str]) -> Iterator[tuple[HostFleet, Target]]:
    """A fleet whose master, agents and target each run on their own host; skips where the machine does not allow it."""
    if reason := why_impossible():
        pytest.skip(reason)
    network = Network()
    try:
        network.add("master", "target", *agents)
        system = network["target"]
        with running_target(folder, system.address, system.prefix) as target:
            fleet = HostFleet(folder, network)
            try:
                yield fleet, target
            finally:
                fleet.close()
    finally:
        network.close()
