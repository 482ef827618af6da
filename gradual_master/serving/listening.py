"""The address on which the master listens, and whether plaintext is allowed there (docs/design/architecture.md, 7)."""

from typing import Self

from gradual_common.net.addresses import EndpointAddress
from gradual_master.errors import InsecureError, ListenError


class ListenAddress(EndpointAddress):
    """An address that gRPC can bind."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`; ListenError for anything else."""
        try:
            return cls.parse(text, any_port=True)
        except ValueError as error:
            raise ListenError(f"--listen: {error}") from None

    def allow(self, *, insecure: bool, confidential: str) -> None:
        """InsecureError if plaintext would leave this machine without `--insecure`, or with secrets in it.

        `confidential`: the entry of the plan with a secret, a key or a credential; "" if there is none.
        """
        # The job, with all secrets of the plan, is sent to each agent. `--insecure` accepts that others on the network
        # see and disturb the run, but never that they read credentials: so it does not help for a confidential plan.
        if self.is_local:
            return
        if not insecure:
            raise InsecureError(
                f"--listen: {self.target} can be reached from other machines, and connections are neither encrypted "
                "nor authenticated; listen on 127.0.0.1 or a unix: socket, or use --insecure (on the agents too) if "
                "the network between them is trusted"
            )
        if confidential:
            raise InsecureError(
                f"--listen: the plan has a secret, a key or a credential: {confidential}; and "
                f"{self.target} is plaintext that leaves this machine; listen on 127.0.0.1 or a unix: socket, or take "
                f"{confidential} out of the plan"
            )
