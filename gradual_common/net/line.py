"""The line between a user and the system: the setting `network`. What it adds is computed here, without a clock.

The line is before the user's side of its connections, which share it:

* A request reaches the system when half of the latency and the time of its bytes at `up` are over.
* A response is seen half of the latency after its last byte has passed the line, which its first byte enters when it
  comes from the system: bytes pass at `down`, or as fast as the system sends them if that is slower.
* What is under way at the same time shares the bandwidth (`gradual_agent.http.connecting.line_use`).
* Each round trip before the first request takes the whole latency: TCP, a proxy's tunnel, TLS (RFC 8446, 2: one for
  TLS 1.3; RFC 5246, 7.3: two for TLS 1.2).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from gradual_common.clock import NS_PER_S
from gradual_common.language.model import Duration, Model, scalar
from gradual_common.secrecy.quoting import quoted

UNITS = {"kbit": 10**3, "mbit": 10**6, "gbit": 10**9}
_RATE = re.compile(r"(\d+(?:\.\d+)?) ?([kmg]bit)")

BITS_PER_BYTE = 8


def read_bit_rate(value: Any) -> int:
    """`10mbit` → bits per second; ValueError for anything else."""
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    rate = 0 if match is None else int(Decimal(match[1]) * UNITS[match[2]])
    if match is None:
        raise ValueError(f"{quoted(value)} is not a bandwidth; write bits per second: 500kbit, 10mbit, 1gbit")
    if rate < 1:
        raise ValueError(f"{quoted(value)} must be above 0")
    return rate


BitRate = Annotated[int, BeforeValidator(read_bit_rate), scalar({"type": "string", "pattern": rf"^{_RATE.pattern}$"})]
"""Bits per second, written with kbit, mbit or gbit (powers of 1000)."""


class Bandwidth(Model):
    """How fast bytes pass the line; without a value, at once."""

    down: BitRate | None = None
    """Towards the user."""

    up: BitRate | None = None
    """Towards the system."""


class Line(Model):
    """What a user's line adds to the times of the system."""

    latency: Duration = 0
    """The time of a round trip, with a unit."""

    bandwidth: Bandwidth = Bandwidth()
    """Bits per second in both directions."""

    @model_validator(mode="after")
    def _check_effect(self) -> Line:
        if not self.latency and self.bandwidth == Bandwidth():
            raise ValueError("network says neither latency nor bandwidth; write {latency: 50ms}, or leave it out")
        return self

    def up_time(self, size: int) -> int:
        """How long `size` bytes take towards the system, if nothing else is on the line, ns."""
        return _time_of(size, self.bandwidth.up)

    def down_time(self, size: int) -> int:
        """How long they take towards the user, ns."""
        return _time_of(size, self.bandwidth.down)

    @property
    def half_out(self) -> int:
        """The latency on the way to the system."""
        return self.latency // 2

    @property
    def half_back(self) -> int:
        """The latency on the way to the user."""
        return self.latency - self.latency // 2


def _time_of(size: int, rate: int | None) -> int:
    return 0 if rate is None else size * BITS_PER_BYTE * NS_PER_S // rate
