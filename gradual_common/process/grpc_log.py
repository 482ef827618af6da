"""What gRPC itself writes to standard error: nothing, unless GRPC_VERBOSITY asks for it.

Its errors reach Python as exceptions. For every TLS handshake that fails it writes a line, without the peer's address:
with those a stranger could fill the log.
"""

from __future__ import annotations

import os

GRPC_VERBOSITY = "GRPC_VERBOSITY"


def quiet_grpc() -> None:
    """Call it before gRPC is imported: it reads its variable then."""
    os.environ.setdefault(GRPC_VERBOSITY, "NONE")
