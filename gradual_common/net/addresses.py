"""Where a process listens or connects to, and whether its traffic leaves this host (docs/design/architecture.md, 7)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Self

WANTED = "write HOST:PORT, [IPV6]:PORT or unix:PATH"


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """A TCP address or a Unix socket."""

    target: str
    """As gRPC takes it."""

    host: str
    """Empty for a Unix socket."""

    port: int
    is_local: bool
    """Only this machine reaches it."""

    @classmethod
    def parse(cls, text: str, *, any_port: bool) -> Self:
        """`HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`; ValueError says what is wrong with anything else.

        `any_port`: port 0 is allowed and means any free one.
        """
        if text.startswith("unix:"):
            if not text.removeprefix("unix:").strip("/"):
                raise ValueError(f"{text!r} names no socket; {WANTED}")
            return cls(text, "", 0, is_local=True)
        host, _, port = text.rpartition(":")
        if not host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
            raise ValueError(f"{text!r} is not an address; {WANTED}")
        if not port.isdecimal() or not (0 if any_port else 1) <= int(port) <= 65535:
            lowest = "0 (any free one)" if any_port else "1"
            raise ValueError(f"{port!r} is not a port from {lowest} to 65535; {WANTED}")
        return cls(text, host.strip("[]"), int(port), is_loopback(host.strip("[]")))

    def at_port(self, port: int) -> str:
        """The address with the port that was bound; a Unix socket as it is."""
        if not self.host:
            return self.target
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or a loopback address. Nothing is resolved: DNS may change its answer later."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
