"""The address on which the master listens, and what it must ask of agents there (docs/design/architecture.md, 7)."""

from typing import Self

from gradual_common.errors import SecurityError
from gradual_common.net.addresses import EndpointAddress
from gradual_common.security.security import TLS_OPTIONS, FleetSecurity, check_address
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

    def allow(self, security: FleetSecurity, *, insecure: bool, confidential: str) -> None:
        """InsecureError if connections would leave this machine unprotected, without `--insecure` or with secrets.

        `confidential`: the entry of the plan with a secret, a key or a credential; "" if there is none.
        """
        try:
            check_address(self, security, "master", insecure=insecure)
        except SecurityError as error:
            raise InsecureError(f"--listen: {error}") from None
        # The job, with all secrets of the plan, is sent to each agent. `--insecure` accepts that others on the network
        # see and disturb the run, but never that they read credentials: so it does not help for a confidential plan.
        is_protected = security.is_encrypted("master") and security.authenticates_agents()
        if confidential and not (self.is_local or is_protected):
            raise InsecureError(
                f"--listen: the plan has a secret, a key or a credential: {confidential}; {self.target} can be reached"
                f" from other machines, and would send it to whoever connects or listens; add"
                f" {TLS_OPTIONS['master']} --token-file FILE, or take {confidential} out of the plan"
            )
