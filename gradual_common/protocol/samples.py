"""Single samples as columns, and whole exchanges: what reporters get in addition to batches.

Neither is sent again when a stream breaks, and nothing is judged by them: counts and percentiles come from batches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gradual_common.histogram.buckets import Int64
from gradual_common.protocol.batch import Int32

UInt8 = npt.NDArray[np.uint8]
UInt16 = npt.NDArray[np.uint16]

MAX_SAMPLES = 8192
"""Samples of one message: 200 KiB."""

MAX_TRACED_SAMPLES = 4096
"""The same, where each has the id of its trace, too."""

FIRST_SHOWN = 3
RANDOM_SHOWN = 5
"""Of the failures of one kind in one step the first ones are shown, and a random choice of the others."""


TRACE_BYTES = 16


def no_traces() -> UInt8:
    """The column `trace` of a run without traces."""
    return np.zeros(0, dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class SampleColumns:
    """Samples that ended within one level, in the order in which they ended. All columns are (n,)."""

    level: int
    """`DRAIN_LEVEL` is the drain."""

    started: Int64
    """Run time, ns."""

    duration: Int64
    """Response time, ns."""

    slot: Int32
    """The ordinal in the step's group."""

    step: UInt16
    """As in `SeriesIndex`."""

    kind: UInt8
    """As in `SeriesIndex.failures`."""

    status: UInt16
    """0 without a response."""

    trace: UInt8 = field(default_factory=no_traces)
    """The trace-ids, `TRACE_BYTES` each, zeros for none; empty in a run without traces."""

    def __len__(self) -> int:
        return len(self.started)


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One failed exchange of an agent."""

    step: int
    kind: int

    number: int
    """Which of its kind in its step it is; the first ones are shown."""

    key: float
    """Random in [0, 1): of the others those with the smallest keys are shown."""

    ended: int
    """Run time, ns."""

    slot: int

    document: dict[str, Any]
    """Plain JSON data, masked: {"detail", "request", "response"}."""

    @property
    def detail(self) -> str:
        """Why it failed, in words; "" where the status code is the reason."""
        return str(self.document.get("detail", ""))
