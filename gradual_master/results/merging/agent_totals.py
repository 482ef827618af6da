"""What one agent measured of itself over the whole run.

Of each interval a few bytes are kept: its CPU share, its number if the agent was strained in it; of each stretch of
ten seconds (`littles_law.WINDOW`) its user time. Everything may be added in any order.
"""

from __future__ import annotations

from array import array
from math import ceil

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_common.protocol.batch import COUNTER, LOOP_LAG, START_LAG
from gradual_master.results.judging.littles_law import UserTimes
from gradual_master.results.judging.saturation import SUSTAINED, sustained
from gradual_master.results.merging.batches import Reading
from gradual_master.results.merging.histogram_rows import FrozenRows, HistogramRows, join

AT_ONCE = 16
"""Batches whose lags are merged together: 4 µs each instead of 20, and 2 KB each until then."""

_INTERRUPTED = 2 + COUNTER["interrupted"]


class AgentTotals:
    """Requests and health of one agent. `merged`: requests and interrupted ones, to be held against those begun.

    `user_times`: how its users spent the measured time, by stretches of ten seconds. `interval` in ns.
    """

    def __init__(self, interval: int = NS_PER_S) -> None:
        self.requests = 0
        self.merged = 0
        self.late_starts = 0
        self.is_complete = False
        self.user_times = UserTimes(interval)
        self._sustained = ceil(SUSTAINED / interval)
        self._cpu = array("d")
        self._strained = array("q")
        self._lags = HistogramRows(2)
        self._new_lags: list[FrozenRows] = []

    def add(self, reading: Reading) -> None:
        """Add one batch."""
        batch, layout, attendance = reading.batch, reading.layout, reading.attendance
        completed = int(batch.requests @ layout.samples)
        self.requests += completed
        self.merged += completed + sum(batch.counters[:, _INTERRUPTED].tolist())
        self.late_starts += batch.health.late_starts
        self.is_complete = self.is_complete or batch.last
        self._cpu.append(batch.health.cpu)
        if attendance.is_strained:
            self._strained.append(batch.interval)
        for frame in layout.judged:
            self.user_times.add(batch.interval, attendance.users[frame], attendance.unattended[frame])
        self._new_lags.append(reading.lags.copy())
        if len(self._new_lags) == AT_ONCE:
            self._merge_lags()

    def _merge_lags(self) -> HistogramRows:
        """The histograms of all batches so far."""
        if self._new_lags:
            codes = np.concatenate([lags.codes for lags in self._new_lags])
            self._lags.add(codes, join([lags.columns for lags in self._new_lags]))
            self._new_lags.clear()
        return self._lags

    @property
    def cpu_p95(self) -> float | None:
        """The share of a core that 95 % of the intervals stayed at or below."""
        return float(np.percentile(np.frombuffer(self._cpu), 95, method="inverted_cdf")) if self._cpu else None

    @property
    def has_reported(self) -> bool:
        """Whether a batch of it came."""
        return bool(self._cpu)

    @property
    def saturated(self) -> tuple[int, ...]:
        """The intervals in which it was saturated: strained for `SUSTAINED` on end."""
        return sustained(self._strained, self._sustained)

    @property
    def loop_lag(self) -> Histogram:
        """How late the agent's event loop was, ns."""
        return self._merge_lags().total([LOOP_LAG])

    @property
    def start_lag(self) -> Histogram:
        """Actual less intended start of an action after a think, ns."""
        return self._merge_lags().total([START_LAG])
