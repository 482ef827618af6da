"""How connections of an action reach a system, apart from TLS: names, source addresses, a proxy, the user's line."""

from __future__ import annotations

from gradual_common.net.dns import Dns
from gradual_common.net.line import Line
from gradual_common.net.proxies import DirectHost, Proxy
from gradual_common.net.sources import SourceNetwork

ANY_DNS = Dns()


class Way:
    """The settings of a connection's way. Connections of different ways are never shared.

    Its hash is kept, as it is a part of keys that are looked up for each request.
    """

    __slots__ = ("_direct", "_hash", "_key", "_proxy", "bind", "dns", "line")

    def __init__(
        self,
        dns: Dns = ANY_DNS,
        bind: tuple[SourceNetwork, ...] = (),
        proxy: Proxy | None = None,
        direct: tuple[DirectHost, ...] = (),
        line: Line | None = None,
    ) -> None:
        self.dns = dns
        self.bind = bind
        self.line = line
        self._proxy = proxy
        self._direct = direct if proxy is not None else ()
        self._key = (dns, bind, proxy, self._direct, line)
        self._hash = hash(self._key)

    def proxy_for(self, host: str) -> Proxy | None:
        """The proxy through which a host is reached; None for one that is reached directly."""
        return None if any(entry.matches(host) for entry in self._direct) else self._proxy

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Way) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash


STRAIGHT = Way()
"""The way of a plan that sets nothing of it."""
