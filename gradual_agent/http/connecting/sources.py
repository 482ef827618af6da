"""The source addresses of connections (`bind`): those that this machine has, used in turn.

An address that is written alone must be one of this machine. Of a network those are used that this machine has: in a
fleet each agent finds its own. Whether an address is one of this machine's is found by binding a socket to it.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Final

from gradual_agent.errors import JobError
from gradual_agent.http.failures import explain
from gradual_common.net.sources import SourceNetwork, addresses_in

IP_BIND_ADDRESS_NO_PORT: Final = 24
"""From linux/in.h (Linux 4.2), as Python before 3.14 does not name it: the port is chosen when the socket connects.

Then it must be free for that destination only; otherwise `bind` would choose one that no other socket has.
"""

OPTION: Final[int | None] = IP_BIND_ADDRESS_NO_PORT if hasattr(socket, "SO_BINDTODEVICE") else None
"""None on other systems than Linux, which have no such option."""

FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}


class SourceAddresses:
    """Addresses by family, each used in turn."""

    __slots__ = ("_by_family", "_turn")

    def __init__(self, addresses: Iterable[str]) -> None:
        self._by_family: dict[int, list[str]] = {}
        self._turn = 0
        for address in addresses:
            self._by_family.setdefault(family_of(address), []).append(address)

    def has(self, family: int) -> bool:
        """Whether there is an address of this family."""
        return family in self._by_family

    def count(self, family: int) -> int:
        """How many addresses of this family there are."""
        return len(self._by_family.get(family, ()))

    def bind(self, sock: socket.socket) -> None:
        """Bind a socket to the next address of its family, without a port; OSError if that fails."""
        addresses = self._by_family[sock.family]
        self._turn += 1
        bind_address(sock, addresses[self._turn % len(addresses)])


def family_of(address: str) -> int:
    """AF_INET or AF_INET6."""
    return FAMILIES[ip_address(address).version]


def bind_address(sock: socket.socket, address: str) -> None:
    """Bind to an address; the port is chosen later, where the system can do that."""
    if OPTION is not None:
        sock.setsockopt(socket.IPPROTO_IP, OPTION, 1)
    sock.bind((address, 0))


def why_not_ours(address: str) -> str:
    """Why no socket can be bound to an address; empty if one can be."""
    try:
        with socket.socket(family_of(address), socket.SOCK_STREAM) as sock:
            bind_address(sock, address)
    except OSError as error:
        return "this machine does not have it" if error.errno == errno.EADDRNOTAVAIL else explain(error)
    return ""


def find_sources(
    networks: Iterable[SourceNetwork], why_not: Callable[[str], str] = why_not_ours
) -> SourceAddresses | None:
    """The addresses of this machine that `bind` allows, None without a `bind`; JobError if there is none to use."""
    found: list[str] = []
    for network in networks:
        reasons = {address: why_not(address) for address in addresses_in(network)}
        own = [address for address, reason in reasons.items() if not reason]
        if not own:
            raise JobError(_refusal(network, reasons))
        found += own
    return SourceAddresses(dict.fromkeys(found)) if found else None


def _refusal(network: SourceNetwork, reasons: Mapping[str, str]) -> str:
    if network.num_addresses > 1:
        return f"the plan binds connections to {network}, but this machine has none of its addresses"
    ((address, reason),) = reasons.items()
    return f"the plan binds connections to {address}, but {reason}"
