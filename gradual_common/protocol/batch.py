"""What one agent measured in one interval, as columns (DESIGN 5.1).

A batch is made of frames: stretches of the interval that lie within one level. A *cell* is (frame, step, kind): the
samples of one step that ended in that frame with one outcome. `step` is the step's number in `SeriesIndex`; the
numbers after the last step stand for the iterations of group 0, 1, … `kind` is an outcome by its number in
`SeriesIndex.failures`. A histogram belongs to (cell, measure); the agent's own health has cell −1.

All columns are numpy arrays:

=============  ======  ============================  =========================================================
column         dtype   shape                         meaning
=============  ======  ============================  =========================================================
users          int64   (frames, groups, 4)           user-nanoseconds: active, in a request, thinking, stopping
iterations     int64   (frames, groups, 2)           iterations completed; of those, empty ones
cells          int32   (cells, 3)                    frame, step, kind
requests       int64   (cells,)                      samples completed
counters       int64   (rows, 2 + len(COUNTERS))     frame, step, then each of `COUNTERS`
statuses       int64   (rows, 5)                     frame, step, kind, status code, responses
assertions     int64   (rows, 5)                     frame, step, assertion number in the action, passed, failed
=============  ======  ============================  =========================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

RESPONSE_TIME, EXCHANGE, TTFB, CONNECT, ITERATION, LOOP_LAG, START_LAG = range(7)
MEASURES = ("response_time", "exchange", "ttfb", "connect", "iteration", "loop_lag", "start_lag")

ACTIVE, IN_REQUEST, THINKING, STOPPING = range(4)

COUNTERS = (
    "sent",
    "unsent",
    "interrupted",
    "skipped",
    "hops",
    "retried",
    "resent",
    "bytes_sent",
    "bytes_received",
)
"""Per step: messages whose first byte went to the kernel; completed samples that failed before it; cut requests;
steps skipped by their condition; redirect hops; retries; re-sends on a stale connection; bytes."""

COUNTER = {name: number for number, name in enumerate(COUNTERS)}

STAT_COLUMNS = ("count", "sum", "min", "max", "underflow", "overflow")


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of one interval within one level; `level` −1 is the drain. Instants in run time, ns."""

    level: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class HistogramColumns:
    """Many sparse histograms as five arrays.

    `keys` int32 (n, 2): cell, measure. `stats` int64 (n, 6): `STAT_COLUMNS`, times in ns. `sizes` uint16 (n,): how
    many of `indices` (int16: bucket number counted from the lowest bucket, 0 …) and `counts` (uint32) belong to
    each histogram, in order.
    """

    keys: Int32
    stats: Int64
    sizes: npt.NDArray[np.uint16]
    indices: npt.NDArray[np.int16]
    counts: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Health:
    """The agent process over one interval: share of a core; users and connections at its end; late starts in it."""

    cpu: float
    users: int
    connections: int
    late_starts: int


@dataclass(frozen=True, slots=True)
class Applied:
    """When the agent put a level in force; instants in run time, ns."""

    level: int
    apply_at: int
    applied_at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One sealed batch; it never changes. `number` counts 1, 2, … per incarnation; `last` ends the agent's run."""

    number: int
    interval: int
    last: bool
    frames: tuple[Frame, ...]
    users: Int64
    iterations: Int64
    cells: Int32
    requests: Int64
    counters: Int64
    statuses: Int64
    assertions: Int64
    histograms: HistogramColumns
    health: Health
    applied: tuple[Applied, ...]
