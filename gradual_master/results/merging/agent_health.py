"""The health of an agent in one batch: was it strained, and did it attend to its users?

Two questions are asked of every interval. Was the agent **strained**, with its core or its loop beyond what can be
measured with? And how much user time did it leave **unattended**: counted as thinking though the think time was over,
or as in a request although the agent did not read the response yet?

strained     CPU ≥ `MAX_CPU_SHARE` of one core, or the loop-lag p99 above `MAX_LOOP_LAG_NS`
overdue      every start lag (actual less intended start after a wait) beyond `START_LAG_ALLOWANCE_NS`
standstill   every loop lag above `MAX_LOOP_LAG_NS`, times the users in a request

An agent's integrals cannot show the last two by themselves: a wait ends when its user wakes, and a request when its
last byte is read, and a blocked loop delays both. Lags are samples of a histogram, so sums of them are
within its error, 0.55 %; they belong to the interval whose batch brought them, a few seconds late when the
process was stopped (it then seals what it missed at once). Integers throughout: the order of batches does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.buckets import ESTIMATES
from gradual_common.histogram.columns import MAX
from gradual_common.protocol.batch import IN_REQUEST, LOOP_LAG, START_LAG, THINKING, Batch
from gradual_master.results.merging.histograms import SparseHistograms

MAX_CPU_SHARE = 0.9
"""Share of a core. What a single server has to do waits ρ/(1 − ρ) times as long as it takes (M/M/1; L. Kleinrock,
Queueing Systems I, 1975): nine times at 0.9, growing without bound above, and all of it charged to the system."""

MAX_LOOP_LAG_NS = 100 * NS_PER_MS
"""Loop lag. A loop that is late reads every response that much later: beyond 100 ms it measures itself. Twice the clock
error that a fleet is allowed (50 ms: docs/design/fleet.md, 4.1), and fifty times the lag of a healthy loop (2 ms, the
grain of its timers), so that many users that start at once, or another process of the machine, do not reach it."""

START_LAG_ALLOWANCE_NS = 2 * NS_PER_MS
"""Start lag that does not count as late: libuv's timers and its loop time are both rounded to whole milliseconds."""

_MAX_USER_NS = 1 << 56
"""User-ns, 20,000 hours: a limit, so that a wrong number of one agent does not overflow the sums."""

_ESTIMATES = np.rint(np.array(ESTIMATES)).astype(np.int64)
_COUNTED = {
    START_LAG: (START_LAG_ALLOWANCE_NS, np.maximum(0, _ESTIMATES - START_LAG_ALLOWANCE_NS)),
    LOOP_LAG: (MAX_LOOP_LAG_NS, np.where(_ESTIMATES > MAX_LOOP_LAG_NS, _ESTIMATES, 0)),
}
"""Up to which lag a sample counts as none, and for how much one in each bucket counts, ns."""


@dataclass(frozen=True, slots=True)
class AgentHealth:
    """One agent in one interval."""

    agent: str
    """Its name when reporters see it, its incarnation before."""
    cpu: float
    """Its share of a core."""
    loop_lag_ms_max: float | None
    start_lag_ms_max: float | None
    """The worst of the interval, None when there was none."""
    users: int
    connections: int
    strained: bool


@dataclass(frozen=True, slots=True)
class Lags:
    """The lags of one batch, ns: the longest of each, and the sums of those that count."""

    longest_loop: int
    longest_start: int
    standstill: int
    overdue: int


def read_lags(lags: SparseHistograms) -> Lags:
    """From an agent's own histograms, by measure."""
    columns, begin = lags.columns, 0
    longest, sums = {LOOP_LAG: 0, START_LAG: 0}, {LOOP_LAG: 0, START_LAG: 0}
    rows = zip(lags.codes.tolist(), columns.sizes.tolist(), columns.stats[:, MAX].tolist(), strict=True)
    for measure, size, most in rows:
        longest[measure] = max(longest[measure], most)
        bound, counted = _COUNTED[measure]
        # Most batches have no lag above the bound: their buckets are not read.
        if most > bound:
            filled = slice(begin, begin + size)
            sums[measure] += int(counted[columns.indices[filled]] @ columns.counts[filled].astype(np.int64))
        begin += size
    return Lags(longest[LOOP_LAG], longest[START_LAG], sums[LOOP_LAG], sums[START_LAG])


def health_of(agent: str, batch: Batch, histograms: SparseHistograms, lags: Lags) -> AgentHealth:
    """The health that an agent reported; `histograms`: its lags, by measure."""
    health = batch.health
    is_late = lags.standstill > 0 and (histograms.total([LOOP_LAG]).quantile(0.99) or 0) > MAX_LOOP_LAG_NS
    return AgentHealth(
        agent=agent,
        cpu=health.cpu,
        loop_lag_ms_max=lags.longest_loop / NS_PER_MS or None,
        start_lag_ms_max=lags.longest_start / NS_PER_MS or None,
        users=health.users,
        connections=health.connections,
        strained=health.cpu >= MAX_CPU_SHARE or is_late,
    )


def unattended_time(batch: Batch, users: list[list[int]], lags: Lags) -> list[int]:
    """User-ns that the agent did not attend to, by frame; `users`: what the users of each did, over all groups.

    Overdue time goes to the frames by their thinking; a standstill costs each of them its users in a request.
    """
    length = sum(frame.end - frame.begin for frame in batch.frames)
    thinking = sum(frame[THINKING] for frame in users)
    return [
        min(
            _MAX_USER_NS,
            (lags.overdue * frame[THINKING] // thinking if thinking else 0)
            + (lags.standstill * frame[IN_REQUEST] // length if length else 0),
        )
        for frame in users
    ]
