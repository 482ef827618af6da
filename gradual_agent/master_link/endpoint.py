"""Where the master is, and what this agent shows there: channels, with TLS where it is wanted, and the join token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc import aio

from gradual_common.security.security import FleetSecurity

MAX_GRPC_MESSAGE_BYTES = 4 * 1024 * 1024
"""`outbox.pack` keeps messages within 256 KiB, but it cannot divide a batch, which a very large plan makes larger."""

CHANNEL_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_send_message_length", MAX_GRPC_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_GRPC_MESSAGE_BYTES),
    ("grpc.enable_retries", 0),
    # The proxy of the environment is meant for the web; the control stream connects to the master directly.
    ("grpc.enable_http_proxy", 0),
)


@dataclass(frozen=True, slots=True)
class MasterEndpoint:
    """The master's address as gRPC dials it, and the agent's security."""

    target: str
    security: FleetSecurity = field(default_factory=FleetSecurity)

    def open_channel(self) -> Any:
        """A new channel, encrypted if there is an authority to trust; only that authority is trusted."""
        identity, name = self.security.identity, self.security.server_name
        if identity.ca is None:
            return aio.insecure_channel(self.target, options=CHANNEL_OPTIONS)
        credentials = grpc.ssl_channel_credentials(identity.ca, identity.key, identity.cert)
        own = (("grpc.ssl_target_name_override", name),) if name else ()
        return aio.secure_channel(self.target, credentials, options=(*CHANNEL_OPTIONS, *own))

    @property
    def call_options(self) -> dict[str, Any]:
        """Keyword arguments of every call: the join token."""
        return {"metadata": metadata} if (metadata := self.security.metadata) else {}


def describe_error(code: grpc.StatusCode, details: str | None) -> str:
    """A failed call in words."""
    text = details or "no details"
    if code is grpc.StatusCode.UNAVAILABLE:
        # gRPC gives a chain, "failed to connect to all addresses; …: Connection refused": the last part is the cause.
        text = text.rpartition(": ")[2]
    return f"{code.name.lower().replace('_', ' ')}: {text}"
