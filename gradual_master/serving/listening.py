"""Where the master listens, and whether plaintext may go there (DESIGN 7)."""

from __future__ import annotations

from typing import Self

from gradual_common.net.addresses import EndpointAddress
from gradual_master.errors import InsecureError, ListenError


class ListenAddress(EndpointAddress):
    """An address that gRPC binds."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """`HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`; ListenError says what is wrong with anything else."""
        try:
            return cls.parse(text, any_port=True)
        except ValueError as error:
            raise ListenError(f"--listen: {error}") from None

    def allow(self, *, insecure: bool, confidential: str) -> None:
        """InsecureError when plaintext would leave this machine unasked, or carry what authenticates.

        `confidential`: the entry of the plan that holds such a thing, else "".
        """
        if self.is_local:
            return
        if not insecure:
            raise InsecureError(
                f"--listen: {self.target} can be reached from other machines, and connections are neither encrypted "
                "nor authenticated; listen on 127.0.0.1 or a unix: socket, or say --insecure (on the agents too) if "
                "the network between is trusted"
            )
        if confidential:
            raise InsecureError(
                f"--listen: the plan holds what authenticates (a secret, a key or a credential): {confidential}; and "
                f"{self.target} is plaintext that leaves this machine; listen on 127.0.0.1 or a unix: socket, or take "
                f"{confidential} out of the plan"
            )
