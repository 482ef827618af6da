"""The addresses that connections come from: the setting `bind`.

A connection is told from others by its two addresses and two ports. Linux gives a client 28,232 ports, so that one
source address opens about 28,000 connections to one address and port of a system; each further source address allows
as many more.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from gradual_common.language.model import NAME
from gradual_common.secrecy.quoting import quoted

SourceNetwork = IPv4Network | IPv6Network
"""An address alone is a network of one."""

MAX_SOURCES = 65_536
"""Addresses that `bind` may name; each is tried before the run."""


def read_sources(value: Any) -> Any:
    """A list of addresses and networks, or one of them."""
    written = value if isinstance(value, list | tuple) else [value]
    if not written:
        raise ValueError('the list is empty; write addresses, or a network such as "127.0.0.0/28"')
    networks = tuple(_read_source(entry) for entry in written)
    if sum(network.num_addresses for network in networks) > MAX_SOURCES:
        raise ValueError(f"there are more than {MAX_SOURCES:,} addresses; write smaller networks")
    return networks


def _read_source(entry: Any) -> SourceNetwork:
    if isinstance(entry, IPv4Network | IPv6Network):
        return entry
    try:
        if isinstance(entry, str) and "%" not in entry:
            return ip_network(entry)
    except ValueError as error:
        if "host bits set" in str(error):
            network = ip_network(entry, strict=False)
            raise ValueError(
                f"{quoted(entry)} is an address in the network {network}; write the one or the other"
            ) from None
    raise ValueError(f'{quoted(entry)} is neither an IP address nor a network such as "127.0.0.0/28"')


Sources = Annotated[
    tuple[SourceNetwork, ...],
    BeforeValidator(read_sources),
    WithJsonSchema({"anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}]}),
]
"""Addresses and networks of source addresses."""


def addresses_in(network: SourceNetwork) -> Iterator[str]:
    """Every address that a socket may have: without that of the network itself and that for broadcast."""
    return map(str, network.hosts())
