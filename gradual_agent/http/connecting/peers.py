"""What a dial connects to: the system itself, or the proxy before it; and how its failures are called."""

from __future__ import annotations

import errno
from typing import Final, NamedTuple

from gradual_agent.http.failures import CONNECT, DNS, PROXY, explain
from gradual_agent.http.urls import Origin
from gradual_agent.runtime.allowed_hosts import AllowedHosts

OUR_SHORTAGES: Final = frozenset((errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""This machine is out of ports, descriptors or memory: the address may be good."""


class Peer(NamedTuple):
    """The other end of a TCP connection."""

    host: str
    port: int
    name: str
    """What messages call its host."""
    address: str
    """What messages call it."""
    dns_kind: int
    connect_kind: int


def peer_of(origin: Origin) -> Peer:
    """The proxy of an origin, or the origin."""
    proxy = origin.proxy
    if proxy is None:
        return Peer(origin.host, origin.port, origin.host, str(origin), DNS, CONNECT)
    return Peer(proxy.host, proxy.port, f"the proxy {proxy.host}", f"the proxy {proxy}", PROXY, PROXY)


def refusal_of(allowed: AllowedHosts, origin: Origin, peer: Peer) -> str:
    """Why an origin may not be dialled, as far as it is known before names are resolved; empty if it may be.

    Behind a proxy the agent does not see to which address a name leads: the name itself must be listed.
    """
    if not allowed.may_allow(peer.host, peer.port):
        return allowed.refusal(peer.host, peer.port)
    if origin.proxy is not None and not allowed.allows(origin.host, origin.port, origin.host):
        return allowed.refusal(origin.host, origin.port)
    return ""


def explain_connect(error: OSError) -> str:
    """Why an address could not be reached."""
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no free port left for it"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "this machine has no file descriptor left (raise `ulimit -n`)"
    return "no answer" if isinstance(error, TimeoutError) and error.errno is None else explain(error)
