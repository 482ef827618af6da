"""`gradual health`: asks a master whether it takes agents.

It uses the certificates of the container or host that it runs on. So readiness checks work where the master asks for a
certificate, and where no other client is installed.
"""

from __future__ import annotations

from datetime import UTC, datetime

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gradual.errors import NotReadyError
from gradual_agent.master_link.dial_check import explain_dial
from gradual_agent.master_link.endpoint import MasterEndpoint, describe_error
from gradual_common.net.addresses import EndpointAddress
from gradual_common.security.identity import TlsFlags, read_identity
from gradual_common.security.security import FleetSecurity

TIMEOUT_S = 5.0
SERVICE = "gradual.v1.Fleet"


async def check_health(address: EndpointAddress, flags: TlsFlags, server_name: str | None = None) -> None:
    """Return if the master takes agents; NotReadyError, with the reason, if not."""
    identity = read_identity(flags, datetime.now(UTC))
    master = MasterEndpoint(address.target, FleetSecurity("", identity, server_name))
    async with master.open_channel() as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            reason = await explain_dial(master) or describe_error(error.code(), error.details())
            raise NotReadyError(f"the master at {master.target} is not ready: {reason}") from None
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise NotReadyError(f"the master at {master.target} is not ready: it takes no agents")
