"""Single samples as columns, and whole exchanges: what reporters get to see beside batches.

Neither is sent again when a stream breaks, and nothing is judged by them: counts and percentiles come from batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradual_common.histogram.buckets import Int64
from gradual_common.protocol.batch import Int32

UInt8 = npt.NDArray[np.uint8]
UInt16 = npt.NDArray[np.uint16]

MOST_SAMPLES = 8192
"""Samples of one message: 200 KiB."""

FIRST_SHOWN = 3
RANDOM_SHOWN = 5
"""Of the failures of one kind in one step the first ones are shown, and a random choice of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleColumns:
    """Samples that ended within level `level` (`DRAIN_LEVEL`: the drain), in the order in which they ended.

    All columns (n,): `started` run time, `duration` response time, both ns; `slot` the ordinal in the step's group;
    `step` as in `SeriesIndex`; `kind` as in `SeriesIndex.failures`; `status` 0 without a response.
    """

    level: int
    started: Int64
    duration: Int64
    slot: Int32
    step: UInt16
    kind: UInt8
    status: UInt16

    def __len__(self) -> int:
        return len(self.started)


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One failed exchange of an agent, picked by `number` (its first ones) or by `key` (the smallest of many).

    `ended` run time, ns; `document` is plain JSON data, masked: {"detail", "request", "response"}.
    """

    step: int
    kind: int
    number: int
    key: float
    ended: int
    slot: int
    document: dict[str, Any]

    @property
    def detail(self) -> str:
        """Why it failed, in a sentence; "" where the status says it."""
        return str(self.document.get("detail", ""))
