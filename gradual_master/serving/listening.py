"""Where the master listens, and whether plaintext may go there (DESIGN 7)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from gradual_master.errors import InsecureError, ListenError

WANTED = "write HOST:PORT, [IPV6]:PORT or unix:PATH"


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """`target` as gRPC binds it; `host` is empty for a Unix socket; `is_local`: only this machine reaches it."""

    target: str
    host: str
    port: int
    is_local: bool

    @classmethod
    def read(cls, text: str) -> ListenAddress:
        """`HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`; ListenError says what is wrong with anything else."""
        if text.startswith("unix:"):
            if not text.removeprefix("unix:").strip("/"):
                raise ListenError(f"--listen: {text!r} names no socket; {WANTED}")
            return cls(text, "", 0, is_local=True)
        host, _, port = text.rpartition(":")
        if not host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
            raise ListenError(f"--listen: {text!r} is not an address; {WANTED}")
        if not port.isdecimal() or int(port) > 65535:
            raise ListenError(f"--listen: {port!r} is not a port from 0 (any free one) to 65535; {WANTED}")
        return cls(text, host.strip("[]"), int(port), is_loopback(host.strip("[]")))

    def at_port(self, port: int) -> str:
        """The address with the port that was bound; a Unix socket as it is."""
        if not self.host:
            return self.target
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    def allow(self, *, insecure: bool, guarded: str) -> None:
        """InsecureError when plaintext would leave this machine unasked, or carry what authenticates.

        `guarded`: the entry of the plan that holds such a thing, else "".
        """
        if self.is_local:
            return
        if not insecure:
            raise InsecureError(
                f"--listen: {self.target} can be reached from other machines, and connections are neither encrypted "
                "nor authenticated; listen on 127.0.0.1 or a unix: socket, or say --insecure (on the agents too) if "
                "the network between is trusted"
            )
        if guarded:
            raise InsecureError(
                f"--listen: the plan holds what authenticates (a secret, a key or a credential): {guarded}; and "
                f"{self.target} is plaintext that leaves this machine; listen on 127.0.0.1 or a unix: socket, or take "
                f"{guarded} out of the plan"
            )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its very name; nothing is resolved."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
