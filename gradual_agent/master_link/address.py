"""Where the master is, and whether plaintext may go there (DESIGN 7)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from gradual_agent.errors import AddressError

WANTED = "write HOST:PORT, [IPV6]:PORT or unix:PATH"


@dataclass(frozen=True, slots=True)
class MasterAddress:
    """`target` as gRPC dials it; `is_local`: it does not leave this machine."""

    target: str
    is_local: bool

    @classmethod
    def read(cls, text: str) -> MasterAddress:
        """`HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`; AddressError says what is wrong with anything else."""
        if text.startswith("unix:"):
            return cls._of_path(text)
        host, _, port = text.rpartition(":")
        if not host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
            raise AddressError(f"--master: {text!r} is not an address; {WANTED}")
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise AddressError(f"--master: {port!r} is not a port from 1 to 65535; {WANTED}")
        return cls(text, is_loopback(host.strip("[]")))

    @classmethod
    def _of_path(cls, text: str) -> MasterAddress:
        if not text.removeprefix("unix:").strip("/"):
            raise AddressError(f"--master: {text!r} names no socket; {WANTED}")
        return cls(text, is_local=True)

    def allow_plaintext(self, insecure: bool) -> None:
        """AddressError when plaintext would leave this machine and nobody has said that it may."""
        if not self.is_local and not insecure:
            raise AddressError(
                f"--master: {self.target} is not on this machine, and the connection is neither encrypted nor"
                " authenticated; say --insecure (on the master too) if the network between is trusted"
            )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its very name; nothing is resolved."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
