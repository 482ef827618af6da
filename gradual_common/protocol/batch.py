"""What one agent measured in one interval, as columns (docs/design/fleet.md, 5.1).

A batch is made of frames: stretches of the interval that lie within one level. A *cell* is (frame, step, kind): the
samples of one step that ended in that frame with one outcome. `step` is the step's number in `SeriesIndex`; the
numbers after the last step are the iterations of group 0, 1, …, then the transactions, then the custom metrics. `kind`
is an outcome by its number in `SeriesIndex.failures`; of a metric it is one of `METRIC_OUTCOMES`. A histogram belongs
to (cell, measure); the agent's own health has cell −1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gradual_common.histogram.buckets import Int64
from gradual_common.histogram.columns import HistogramColumns

Int32 = npt.NDArray[np.int32]

RESPONSE_TIME, EXCHANGE, TTFB, CONNECT, ITERATION, LOOP_LAG, START_LAG, TRANSACTION, METRIC, PACED = range(10)
MEASURES = (
    "response_time",
    "exchange",
    "ttfb",
    "connect",
    "iteration",
    "loop_lag",
    "start_lag",
    "transaction",
    "metric",
    "paced",
)
"""In the order of their numbers on the wire: a new one comes last. `paced`: an iteration from when it was due by the
pacing of its group."""

METRIC_OUTCOMES = ("recorded", "missing", "out of range")
RECORDED, MISSING, OUT_OF_RANGE = range(3)
"""What became of a value of a custom metric. A histogram of `METRIC` counts 1,000 for each step of its resolution."""

OF_HEALTH = (LOOP_LAG, START_LAG)
"""The measures of an agent; all others belong to cells."""

ACTIVE, IN_REQUEST, THINKING, STOPPING = range(4)

COUNTERS = (
    *("sent", "unsent", "interrupted", "skipped", "hops", "retried", "resent", "further"),
    *("bytes_sent", "bytes_received", "auth_sent"),
)
"""Per step: messages whose first byte went to the kernel; completed samples without one; cut requests;
steps skipped by their condition; redirect hops; retries; re-sends on a stale connection; the first messages of a
sample's further requests; bytes; messages that authentication added. In the order of the wire: a new one comes last."""

COUNTER = {name: number for number, name in enumerate(COUNTERS)}


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of one interval within one level."""

    level: int
    """−1 is the drain."""

    begin: int
    """Run time, ns, as `end`."""

    end: int


@dataclass(frozen=True, slots=True)
class Health:
    """The agent process over one interval."""

    cpu: float
    """Share of a core."""

    users: int
    """At the interval's end, as `connections`."""

    connections: int

    late_starts: int
    """Users that started late within the interval."""


@dataclass(frozen=True, slots=True)
class Applied:
    """When the agent put a level in force."""

    level: int

    apply_at: int
    """When it was due; run time, ns, as `applied_at`."""

    applied_at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One sealed batch; it never changes. Columns are numpy arrays."""

    number: int
    """1, 2, … per incarnation."""

    interval: int

    last: bool
    """It ends the agent's run."""

    frames: tuple[Frame, ...]

    users: Int64
    """(frames, groups, 4): user-nanoseconds: active, in a request, thinking, stopping."""

    iterations: Int64
    """(frames, groups, 2): iterations completed; of those, empty ones."""

    cells: Int32
    """(cells, 3): frame, step, kind."""

    requests: Int64
    """(cells,): samples completed."""

    counters: Int64
    """(rows, 2 + len(COUNTERS)): frame, step, then each of `COUNTERS`."""

    statuses: Int64
    """(rows, 5): frame, step, kind, status code, responses."""

    assertions: Int64
    """(rows, 5): frame, step, assertion number in the action, passed, failed."""

    histograms: HistogramColumns
    """Keyed by (cell, measure); the agent's own health has cell −1."""

    health: Health

    applied: tuple[Applied, ...]
