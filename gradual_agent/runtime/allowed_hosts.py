"""`--allow-host`: where the operator of an agent lets it send. Decisions only: nothing is resolved or dialled here.

A destination is allowed if an entry matches its name, or if an entry matches the address that is dialled. A listed
name is trusted with whatever it resolves to; any other name is allowed only at addresses that are listed. Without an
entry everything is allowed.

Both sides are compared in one spelling: names in small letters, as IDNA, without the dot at the end; addresses without
a zone, and an IPv4 address inside of an IPv6 address (`::ffff:10.1.2.3`) as the IPv4 address that it reaches.

Cost of each new connection: 0.2 µs without entries; with three of them 1.2 µs for a listed name, 7 µs for a name whose
address is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

from gradual_common.net.urls import encode_host
from gradual_common.secrecy.quoting import quoted

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

WANTED: Final = (
    "write HOST, HOST:PORT, *.DOMAIN, an address, a network such as 10.0.0.0/8, or [IPV6]:PORT;"
    " repeat --allow-host for more"
)
MOST_SHOWN: Final = 8
"""Entries, or addresses, that a message names."""

_ENTRY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[^:]*))?")
_MAPPED_BITS: Final = 96
"""Of an IPv4-mapped IPv6 address, before the IPv4 address (RFC 4291, 2.5.5.2)."""


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """One entry: a name, the names below a domain, or a network; at one port or at all."""

    text: str
    """As it was written."""
    name: str = ""
    """A name; with `is_domain` the part after the star, from its dot on. Empty for a network."""
    is_domain: bool = False
    network: IpNetwork | None = None
    """An address alone is a network of one."""
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """An entry as the command line writes it; ValueError says what is wrong and what to write."""
        host, port = _split(text)
        if "/" in host or ":" in host:
            return cls(text, network=_read_network(text, host), port=port)
        if host.startswith("*."):
            return cls(text, f".{_read_name(text, host[2:])}", is_domain=True, port=port)
        if "*" in host:
            raise _mistake(text, "a star stands for whole labels at the beginning only, as in *.bank.example")
        if (address := read_address(host)) is not None:
            return cls(text, network=_single(address), port=port)
        return cls(text, _read_name(text, host), port=port)

    def is_at(self, port: int) -> bool:
        """Whether the entry says something about this port."""
        return self.port is None or self.port == port

    def matches_name(self, name: str) -> bool:
        """Whether it lists a name in its usual spelling (`plain_name`)."""
        return bool(self.name) and (name.endswith(self.name) if self.is_domain else name == self.name)

    def matches_address(self, address: IpAddress) -> bool:
        """Whether it lists an address (`read_address`)."""
        return self.network is not None and address.version == self.network.version and address in self.network


class AllowedHosts:
    """All entries of one agent; none: it may send anywhere."""

    __slots__ = ("entries", "is_limited")

    def __init__(self, entries: Iterable[AllowedHost] = ()) -> None:
        self.entries: Sequence[AllowedHost] = tuple(entries)
        self.is_limited = bool(self.entries)

    def allows_name(self, host: str, port: int) -> bool:
        """Whether the name is listed, so that it may be dialled at every address that it resolves to."""
        if not self.is_limited:
            return True
        name = plain_name(host)
        return bool(name) and any(entry.is_at(port) and entry.matches_name(name) for entry in self.entries)

    def allows_address(self, address: str, port: int) -> bool:
        """Whether the address is listed."""
        if not self.is_limited:
            return True
        read = read_address(address)
        return read is not None and any(entry.is_at(port) and entry.matches_address(read) for entry in self.entries)

    def allows(self, host: str, port: int, address: str) -> bool:
        """Whether a connection to `address`, which `host` resolved to, may be opened."""
        return self.allows_name(host, port) or self.allows_address(address, port)

    def may_allow(self, host: str, port: int) -> bool:
        """Whether the destination is allowed as far as it is known before `host` is resolved.

        If not, its name need not even be asked for.
        """
        if self.allows_name(host, port):
            return True
        if read_address(host) is not None:
            return self.allows_address(host, port)
        return any(entry.network is not None and entry.is_at(port) for entry in self.entries)

    def refusal(self, host: str, port: int, addresses: Sequence[str] = ()) -> str:
        """Why a destination was refused; `addresses`: those that it resolved to."""
        others = [address for address in addresses if address != host]
        where = f"{show_destination(host, port)} ({_listed(others)})" if others else show_destination(host, port)
        return f"this agent may not send to {where}: {self}"

    def refusal_of_all(self, destinations: Iterable[tuple[str, int]]) -> str:
        """Why a plan cannot be run, with all of its (host, port) that can never be allowed; empty if there are none."""
        refused = sorted({destination for destination in destinations if not self.may_allow(*destination)})
        if not refused:
            return ""
        shown = [show_destination(*destination) for destination in refused]
        return (
            f"the plan sends to {_listed(shown)}, but on this agent {self};"
            f" its operator may allow it with --allow-host {shown[0]}"
        )

    def __str__(self) -> str:
        if not self.is_limited:
            return "everything is allowed"
        return f"--allow-host allows {_listed([entry.text for entry in self.entries])}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AllowedHosts) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(self.entries)


ANYWHERE: Final = AllowedHosts()
"""The limits of an agent without `--allow-host`."""


@lru_cache(maxsize=4096)  # Each new connection asks.
def plain_name(host: str) -> str:
    """A name in its usual spelling: small letters, IDNA, no dot at the end; empty for what is an address or no name."""
    try:
        name = encode_host(host).removesuffix(".")
    except ValueError:
        return ""
    return "" if read_address(name) is not None else name


@lru_cache(maxsize=4096)
def read_address(text: str) -> IpAddress | None:
    """An address without its zone, an IPv4-mapped one as IPv4; None for a name."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def show_destination(host: str, port: int) -> str:
    """HOST:PORT, or [IPV6]:PORT."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(text: str) -> tuple[str, int | None]:
    """Host without brackets, and port; ValueError for what has not this form."""
    if "://" in text:
        raise _mistake(text, "it is a URL")
    if "," in text or text != text.strip() or not text:
        raise _mistake(text, "it is not one entry")
    if text.count(":") > 1 and not text.startswith("["):
        return text, None
    match = _ENTRY.fullmatch(text)
    if match is None or not match["host"].strip("[]"):
        raise _mistake(text, "it names no host")
    host, port = match["host"], match["port"]
    if host.startswith("[") and ":" not in host:
        raise _mistake(text, "brackets are for IPv6 addresses")
    return host.strip("[]"), None if port is None else _read_port(text, port)


def _read_port(text: str, port: str) -> int:
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise _mistake(text, f"{quoted(port)} is not a port from 1 to 65535")
    return int(port)


def _read_network(text: str, host: str) -> IpNetwork:
    """A network, or an IPv6 address; one inside of `::ffff:0:0/96` is the IPv4 network that it reaches."""
    if "%" in host:
        raise _mistake(text, "a zone is not compared; leave it out")
    try:
        network = ip_network(host)
    except ValueError as error:
        if "host bits set" in str(error):
            raise _mistake(
                text, f"the network is {ip_network(host, strict=False)}, and {host.partition('/')[0]} an address in it"
            ) from None
        raise _mistake(text, "it is neither a network nor an IPv6 address") from None
    start = network.network_address
    mapped = start.ipv4_mapped if isinstance(start, IPv6Address) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def _read_name(text: str, host: str) -> str:
    if not host:
        raise _mistake(text, "it names no host")
    try:
        name = encode_host(host).removesuffix(".")
    except ValueError as error:
        raise _mistake(text, str(error)) from None
    # What ends in a number is read as an IPv4 address by everything that resolves it, or is a mistyped one.
    if name.rpartition(".")[2].isdecimal() or read_address(name) is not None:
        raise _mistake(text, "it is neither a name nor an IPv4 address of four numbers from 0 to 255")
    return name


def _single(address: IpAddress) -> IpNetwork:
    return IPv4Network(address) if isinstance(address, IPv4Address) else IPv6Network(address)


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - MOST_SHOWN
    return ", ".join(texts[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _mistake(text: str, reason: str) -> ValueError:
    return ValueError(f"{quoted(text)} cannot be used: {reason}; {WANTED}")
