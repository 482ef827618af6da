"""google.rpc.Status, as receivers explain a failure: its message, and the delay that a RetryInfo asks for.

The two messages are declared here, in a pool of their own: a whole package of generated code for three fields would be
one more dependency, and one that other packages may bring in another version.

Source: google/rpc/status.proto, google/rpc/error_details.proto.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, duration_pb2, message_factory
from google.protobuf.message import DecodeError

from gradual_common.clock import NS_PER_S

_Field = descriptor_pb2.FieldDescriptorProto


@dataclass(frozen=True, slots=True)
class StatusDetails:
    """What a Status says; nothing, when there was none."""

    message: str = ""
    retry_after_s: float | None = None


def _field(name: str, number: int, kind: _Field.Type.ValueType, type_name: str = "", repeated: bool = False) -> _Field:
    label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    return _Field(name=name, number=number, type=kind, label=label, type_name=type_name or None)


def _messages() -> tuple[type[Any], type[Any]]:
    """The classes Status and RetryInfo."""
    pool = descriptor_pool.DescriptorPool()
    for known in (any_pb2, duration_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    message = descriptor_pb2.DescriptorProto
    status = message(
        name="Status",
        field=[
            _field("code", 1, _Field.TYPE_INT32),
            _field("message", 2, _Field.TYPE_STRING),
            _field("details", 3, _Field.TYPE_MESSAGE, ".google.protobuf.Any", repeated=True),
        ],
    )
    retry = message(
        name="RetryInfo", field=[_field("retry_delay", 1, _Field.TYPE_MESSAGE, ".google.protobuf.Duration")]
    )
    file = descriptor_pb2.FileDescriptorProto(
        name="gradual/otlp_status.proto",
        package="google.rpc",
        syntax="proto3",
        dependency=[any_pb2.DESCRIPTOR.name, duration_pb2.DESCRIPTOR.name],
        message_type=[status, retry],
    )
    pool.AddSerializedFile(file.SerializeToString())
    named = (pool.FindMessageTypeByName(f"google.rpc.{name}") for name in ("Status", "RetryInfo"))
    status_class, retry_class = (message_factory.GetMessageClass(descriptor) for descriptor in named)
    return status_class, retry_class


_STATUS, _RETRY_INFO = _messages()


def read_status(data: bytes) -> StatusDetails:
    """What these bytes say, if they are a Status: a proxy's page of HTML is none."""
    try:
        status = _STATUS.FromString(data)
        delays = [_delay_s(entry.value) for entry in status.details if entry.type_url.endswith("/google.rpc.RetryInfo")]
    except DecodeError:
        return StatusDetails()
    return StatusDetails(status.message, delays[0] if delays else None)


def _delay_s(data: bytes) -> float:
    delay = _RETRY_INFO.FromString(data).retry_delay
    return max(0.0, float(delay.seconds + delay.nanos / NS_PER_S))
