"""Did an agent attend to its users? What one batch says of that, by its agent's own health.

Two questions are asked of every interval. Was the agent **strained**, with its core or its loop beyond what can be
measured with? And how much user time did it leave **unattended**: counted as thinking though the think time was over,
or as in a request though nobody looked whether the response had come?

strained     CPU ≥ `BUSY` of one core, or the loop-lag p99 above `LATE`
overdue      every start lag (actual less intended start after a wait) beyond `ALLOWANCE`
standstill   every loop lag above `LATE`, times the users in a request

An agent's integrals cannot show the last two by themselves: a wait ends when its user wakes, and a request when its
last byte is read, both of which a loop that stands still puts off. Lags are samples of a histogram, so sums of them are
within its error, 0.55 %; they belong to the interval whose batch brought them, a few seconds beside the truth when the
process was stopped (it seals what it missed in one go). Integers throughout: the order of batches does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.buckets import ESTIMATES
from gradual_common.histogram.columns import MAX
from gradual_common.protocol.batch import IN_REQUEST, LOOP_LAG, START_LAG, THINKING, Batch
from gradual_master.results.merging.histogram_rows import FrozenRows

BUSY = 0.9
"""Share of a core. What a single server has to do waits ρ/(1 − ρ) times as long as it takes (M/M/1; L. Kleinrock,
Queueing Systems I, 1975): nine times at 0.9, growing without bound above, and all of it charged to the system."""

LATE = 100 * NS_PER_MS
"""Loop lag. A loop that is late reads every response that much later: beyond 100 ms it measures itself. Twice the clock
error that a fleet is allowed (50 ms, DESIGN 4.1), and fifty times the lag of a healthy loop (2 ms, the grain of its
timers), so that a crowd of users that joins, or a neighbour on the machine, does not reach it."""

ALLOWANCE = 2 * NS_PER_MS
"""Start lag that is no lateness: libuv's timers count whole milliseconds from a loop time in whole milliseconds."""

_MOST = 1 << 56
"""User-ns, 20,000 hours: what an agent says in error must not keep its batch from being added."""

_ESTIMATES = np.rint(np.array(ESTIMATES)).astype(np.int64)
_WORTH = {
    START_LAG: (ALLOWANCE, np.maximum(0, _ESTIMATES - ALLOWANCE)),
    LOOP_LAG: (LATE, np.where(_ESTIMATES > LATE, _ESTIMATES, 0)),
}
"""Up to which lag a sample is worth nothing, and what one in each bucket is worth, ns."""


@dataclass(frozen=True, slots=True)
class AgentHealth:
    """One agent in one interval. `cpu`: its share of a core; lags: the worst of the interval, None when there was none.

    `agent` is its name when reporters see it, its incarnation before.
    """

    agent: str
    cpu: float
    loop_lag_ms_max: float | None
    start_lag_ms_max: float | None
    users: int
    connections: int
    strained: bool


@dataclass(frozen=True, slots=True)
class Attendance:
    """One agent in one interval, by frame: `users` as in a batch's column, over all groups; `unattended` user-ns."""

    is_strained: bool
    users: list[list[int]]
    unattended: list[int]


def attendance_of(batch: Batch, lags: FrozenRows) -> Attendance:
    """What a batch says; `lags` are its agent's own histograms, by measure. Measured: 12 µs, 40 for a late loop."""
    sums = {LOOP_LAG: 0, START_LAG: 0}
    for measure, total in _sums(lags):
        sums[measure] += total
    users = [[sum(state) for state in zip(*groups, strict=True)] for groups in batch.users.tolist()]
    standstill = sums[LOOP_LAG]
    is_strained = batch.health.cpu >= BUSY or (standstill > 0 and _is_late(lags))
    length = sum(frame.end - frame.begin for frame in batch.frames)
    return Attendance(is_strained, users, _by_frame(users, length, sums[START_LAG], standstill))


def _sums(lags: FrozenRows) -> Iterator[tuple[int, int]]:
    """(measure, what its samples are worth) of each histogram; nothing when even its longest lag is worth nothing."""
    columns, begin = lags.columns, 0
    longest = columns.stats[:, MAX].tolist()
    for row, (measure, size) in enumerate(zip(lags.codes.tolist(), columns.sizes.tolist(), strict=True)):
        bound, worth = _WORTH[measure]
        if longest[row] > bound:
            filled = slice(begin, begin + size)
            yield measure, int(worth[columns.indices[filled]] @ columns.counts[filled].astype(np.int64))
        begin += size


def _is_late(lags: FrozenRows) -> bool:
    return (lags.total([LOOP_LAG]).quantile(0.99) or 0) > LATE


def _by_frame(users: list[list[int]], length: int, overdue: int, standstill: int) -> list[int]:
    """Overdue time goes to the frames by their thinking; a standstill costs each of them its users in a request."""
    thinking = sum(frame[THINKING] for frame in users)
    return [
        min(
            _MOST,
            (overdue * frame[THINKING] // thinking if thinking else 0)
            + (standstill * frame[IN_REQUEST] // length if length else 0),
        )
        for frame in users
    ]
