"""Resolves names to addresses, once for all users, and keeps them for 30 s, or as long as the plan says (`dns`)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from gradual_common.clock import NEVER
from gradual_common.net.dns import Dns
from gradual_common.net.ways import ANY_DNS

KEPT_NS: Final = ANY_DNS.ttl
"""How long an answer is used. getaddrinfo gives no time to live; a failover by DNS is followed within this time."""

FAMILIES: Final = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}

MAX_KEPT_NAMES: Final = 4096
"""Names that are kept. The oldest answers are dropped first, and asked for again when needed."""


@dataclass(frozen=True, slots=True)
class Address:
    """What `socket.connect` takes."""

    family: int
    sockaddr: tuple[Any, ...]

    def __str__(self) -> str:
        host, port = self.sockaddr[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Addresses:
    """The addresses of one name. Users get those of the family that the system prefers, in turn."""

    def __init__(self, found: list[Address]) -> None:
        self._preferred = [address for address in found if address.family == found[0].family]
        self._others = [address for address in found if address.family != found[0].family]
        self._failed: list[Address] = []
        self._turn = 0

    def in_order(self) -> list[Address]:
        """The order to try: the preferred family from the next in turn on, the other family, those that failed."""
        if not self._preferred:
            self._preferred, self._others = self._others, []
        self._turn += 1
        cut = self._turn % len(self._preferred) if self._preferred else 0
        turned = self._preferred[cut:] + self._preferred[:cut]
        return turned + self._others + self._failed

    def note_failure(self, address: Address) -> None:
        """It could not be reached; try it last from now on."""
        for good in (self._preferred, self._others):
            if address in good:
                good.remove(address)
                self._failed.append(address)

    def note_success(self, address: Address) -> None:
        """It was reached: if it had failed before, it is used in turn again."""
        if address in self._failed:
            self._failed.remove(address)
            self._preferred.append(address)


class Resolver:
    """Resolves by getaddrinfo; users that ask for one name at the same time share one call."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], int], dns: Dns = ANY_DNS) -> None:
        self.dns = dns
        self._family = FAMILIES[dns.family]
        self._loop = loop
        self._clock = clock
        self._known: dict[tuple[str, int], tuple[int, Addresses]] = {}
        self._asked: dict[tuple[str, int], asyncio.Task[Addresses]] = {}

    def known(self, host: str, port: int) -> Addresses | None:
        """The addresses of `host` if the plan says them, if it is one itself, or if it was resolved lately."""
        kept = self._known.get((host, port))
        if kept is None:
            given = [read_literal(address, port) for address in self.dns.addresses_of(host) or (host,)]
            fixed = [address for address in given if address is not None and self._family in (0, address.family)]
            if not fixed:
                return None
            kept = (NEVER, Addresses(fixed))
            self._keep((host, port), kept)
        return kept[1] if self._clock() < kept[0] else None

    def _keep(self, key: tuple[str, int], kept: tuple[int, Addresses]) -> None:
        self._known.pop(key, None)
        self._known[key] = kept
        if len(self._known) > MAX_KEPT_NAMES:
            del self._known[next(iter(self._known))]

    async def ask(self, host: str, port: int) -> Addresses:
        """The addresses of `host`; OSError when there are none."""
        key = (host, port)
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = self._loop.create_task(self._ask(host, port))
            task.add_done_callback(lambda done: self._learn(key, done))
        return await asyncio.shield(task)

    def close(self) -> None:
        """Cancel what is being resolved."""
        for task in self._asked.values():
            task.cancel()

    def _learn(self, key: tuple[str, int], task: asyncio.Task[Addresses]) -> None:
        del self._asked[key]
        if not task.cancelled() and task.exception() is None:
            self._keep(key, (self._clock() + self.dns.ttl, task.result()))

    async def _ask(self, host: str, port: int) -> Addresses:
        found = await self._loop.getaddrinfo(host, port, family=self._family, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(Address(family, sockaddr) for family, _, _, _, sockaddr in found))
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return Addresses(addresses)


def read_literal(host: str, port: int) -> Address | None:
    """`host` as an address, or None for a name. An address with a zone (`fe80::1%eth0`) needs the resolver, too."""
    try:
        version = ip_address(host).version
    except ValueError:
        return None
    if "%" in host:
        return None
    return Address(socket.AF_INET, (host, port)) if version == 4 else Address(socket.AF_INET6, (host, port, 0, 0))
