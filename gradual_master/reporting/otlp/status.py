"""google.rpc.Status, as receivers explain a failure: its message, and the delay that a RetryInfo asks for."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from gradual_common.clock import NS_PER_S


@dataclass(frozen=True, slots=True)
class StatusDetails:
    """What a Status says; nothing, when there was none."""

    message: str = ""
    retry_after_s: float | None = None


def read_status(data: bytes) -> StatusDetails:
    """What these bytes say, if they are a Status: a proxy's page of HTML is none."""
    info = RetryInfo()
    try:
        status = Status.FromString(data)
        delays = [_delay_s(info) for detail in status.details if detail.Unpack(info)]
    except DecodeError:
        return StatusDetails()
    return StatusDetails(status.message, delays[0] if delays else None)


def _delay_s(info: RetryInfo) -> float:
    return max(0.0, float(info.retry_delay.seconds + info.retry_delay.nanos / NS_PER_S))
