"""Several hosts on one machine: a network namespace each, joined by veth pairs to a switch in a namespace of its own.

Nothing of it touches the machine's own network: links are made between the namespaces, and go with them. What it
needs is Linux, root and iproute2; `obstacle` says in plain words what is absent. Cuts are those that real networks
know, and each spares what the others do not:

    unplug      the cable is pulled: the host sees that its link is down
    silence     the switch forwards nothing any more: packets vanish, and nobody is told
    part        two hosts lose each other's packets, silently too: each still reaches all others
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
from conftest import Fleet, Target, running_target

NUMBERS = count(1)
SWITCH = "switch"


def ip(*arguments: str) -> str:
    """What `ip` prints; CalledProcessError with its complaint when it fails."""
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20).stdout


@dataclass(frozen=True)
class Host:
    """One host: `inside` is the command that leads to it, `port` its place on the switch."""

    namespace: str
    switch: str
    port: str
    address: str

    @property
    def inside(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.namespace)

    def unplug(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "down")

    def plug(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "up")

    def silence(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "nomaster")

    def unsilence(self) -> None:
        ip("-n", self.switch, "link", "set", self.port, "master", SWITCH)

    def part(self, other: "Host") -> None:
        """Let each take a card that nobody has for the other's."""
        for one, far in ((self, other), (other, self)):
            card = ("lladdr", "02:00:00:00:00:00", "dev", "eth0", "nud", "permanent")
            ip("-n", one.namespace, "neighbour", "replace", far.address, *card)

    def unite(self, other: "Host") -> None:
        for one, far in ((self, other), (other, self)):
            ip("-n", one.namespace, "neighbour", "del", far.address, "dev", "eth0")


class Network:
    """A switch and its hosts; `close` removes all of it, the processes inside must have ended."""

    def __init__(self) -> None:
        self._prefix = f"gradual-{os.getpid()}-{next(NUMBERS)}-"
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
            host.unsilence()
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
def obstacle() -> str | None:
    """Why this machine allows no hosts of our own, if it does not."""
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
    """A fleet each process of which runs on the host of its name."""

    def __init__(self, folder: Path, network: Network) -> None:
        super().__init__(folder, network["master"].address)
        self.network = network

    def start_master(
        self, plan: dict[str, Any] | Path, agents: int, *options: str, inside: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        inside = [*self.network["master"].inside, *inside]
        return super().start_master(plan, agents, "--insecure", *options, inside=inside)

    def start_agent(self, name: str, *options: str, inside: Sequence[str] = (), **how: Any) -> subprocess.Popen[str]:
        inside = [*self.network[name].inside, *inside]
        return super().start_agent(name, "--insecure", *options, inside=inside, **how)


@contextmanager
def several_hosts(folder: Path, agents: Sequence[str]) -> Iterator[tuple[HostFleet, Target]]:
    """A fleet whose master, agents and target have a host each; skips where the machine does not allow it."""
    if reason := obstacle():
        pytest.skip(reason)
    network = Network()
    try:
        network.add("master", "target", *agents)
        system = network["target"]
        with running_target(folder, system.address, system.inside) as target:
            fleet = HostFleet(folder, network)
            try:
                yield fleet, target
            finally:
                fleet.close()
    finally:
        network.close()
