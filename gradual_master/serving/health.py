"""Whether the master is ready, as anybody may ask: the standard service grpc.health.v1 (`gradual health` asks it)."""

from __future__ import annotations

from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health  # type: ignore[attr-defined]  # the stubs lack it

SERVICES = ("", "gradual.v1.Fleet")
"""The whole server, and what agents call."""


async def add_health(server: Any) -> None:
    """Serve it: ready, until the server stops."""
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for service in SERVICES:
        await servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
