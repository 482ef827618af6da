"""What agents send, from bytes on: a message is measured before it is parsed.

Parsed, a message may take a hundred times its size: 15 MB of empty entries would be 1.4 GB.
"""

from __future__ import annotations

from typing import Any, TypeVar

import grpc

from gradual_common.errors import WireError
from gradual_common.wire import fleet_pb2

SERVICE = "gradual.v1.Fleet"
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""Messages should stay under 256 KiB. This limit is larger, because one batch of a very large plan cannot be split."""

MAX_GRPC_MESSAGE_BYTES = 4 * MAX_MESSAGE_BYTES
"""gRPC rejects a larger message without telling us the sender. Up to this size we read it, and can name the agent."""

M = TypeVar("M", fleet_pb2.AgentMessage, fleet_pb2.SampleMessage)


def read_message(kind: type[M], content: bytes) -> M:
    """The message; WireError for more bytes than allowed, DecodeError for what is no such message."""
    if len(content) > MAX_MESSAGE_BYTES:
        raise WireError(f"a message of {len(content):,} bytes; at most {MAX_MESSAGE_BYTES:,} are allowed")
    return kind.FromString(content)


def add_fleet(servicer: Any, server: Any) -> None:
    """Serve the Fleet service as the generated code does; but streams of agents come as bytes."""
    handlers: dict[str, Any] = {
        "Session": grpc.stream_stream_rpc_method_handler(
            servicer.Session, response_serializer=fleet_pb2.MasterMessage.SerializeToString
        ),
        "Provision": grpc.unary_stream_rpc_method_handler(
            servicer.Provision,
            request_deserializer=fleet_pb2.ProvisionRequest.FromString,
            response_serializer=fleet_pb2.ProvisionChunk.SerializeToString,
        ),
        "Samples": grpc.stream_unary_rpc_method_handler(
            servicer.Samples, response_serializer=fleet_pb2.SampleReceipt.SerializeToString
        ),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_registered_method_handlers(SERVICE, handlers)
