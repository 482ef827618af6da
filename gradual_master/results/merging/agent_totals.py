"""What one agent measured of itself over the whole run.

Of each interval a few bytes are kept: its CPU share, its number if the agent was strained in it; of each stretch of
ten seconds (`WINDOW`) its user time. Everything may be added in any order.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_common.protocol.batch import COUNTER, LOOP_LAG, START_LAG
from gradual_master.results.merging.batches import ReadBatch
from gradual_master.results.merging.histograms import GrowingHistograms, SparseHistograms

BATCHES_PER_MERGE = 16
"""Batches whose lags are merged together: 4 µs each instead of 20, and 2 KB each until then."""

WINDOW = 10 * NS_PER_S
"""Long enough that user time which a batch reports one interval too late does not matter."""

_INTERRUPTED = 2 + COUNTER["interrupted"]


def window_of(interval: int) -> int:
    """The length of a window, ns: as many whole intervals as `WINDOW` holds, one at least."""
    return max(1, WINDOW // interval) * interval


class UserTimes:
    """The user time of one agent by windows: active, unaccounted for, the most of a frame. 32 bytes a window."""

    def __init__(self, interval: int) -> None:
        self._interval = interval
        self._length = window_of(interval)
        self._rows = array("q")

    def add(self, interval: int, users: Sequence[int], unattended: int) -> None:
        """Add what a frame measured: `users` active, in a request, thinking, stopping."""
        # Batches mostly come in order, so a new window is appended; `windows` joins rows of one window.
        active, in_request, thinking, _ = users
        window, rows = interval * self._interval // self._length, self._rows
        if not rows or rows[-4] != window:
            rows.extend((window, 0, 0, 0))
        rows[-3] += active
        rows[-2] += active - in_request - thinking + unattended
        rows[-1] = max(rows[-1], active)

    def windows(self) -> list[tuple[int, int, int, int]]:
        """(start in ns since the schedule's start, active, unaccounted for, the most active of a frame), user-ns."""
        table = np.array(self._rows, dtype=np.int64).reshape(-1, 4)
        numbers, positions = np.unique(table[:, 0], return_inverse=True)
        windows = np.zeros((len(numbers), 4), dtype=np.int64)
        windows[:, 0] = numbers * self._length
        np.add.at(windows[:, 1:3], positions, table[:, 1:3])
        np.maximum.at(windows[:, 3], positions, table[:, 3])
        return [(begin, active, gap, peak) for begin, active, gap, peak in windows.tolist()]


class AgentLoad:
    """The CPU shares and the lags of one agent over some of its intervals."""

    def __init__(self) -> None:
        self._cpu = array("d")
        self._lags = GrowingHistograms(2)
        self._new_lags: list[SparseHistograms] = []

    def add(self, cpu: float, lags: SparseHistograms) -> None:
        """Add an interval; the lags are kept."""
        self._cpu.append(cpu)
        self._new_lags.append(lags)
        if len(self._new_lags) == BATCHES_PER_MERGE:
            self._merge_lags()

    def _merge_lags(self) -> GrowingHistograms:
        """The histograms of all batches so far."""
        if self._new_lags:
            self._lags.add(*self._new_lags)
            self._new_lags.clear()
        return self._lags

    @property
    def cpu_shares(self) -> npt.NDArray[np.float64]:
        """The share of a core in each interval, in any order."""
        return np.frombuffer(self._cpu.tobytes())

    @property
    def loop_lag(self) -> Histogram:
        """How late the agent's event loop was, ns."""
        return self._merge_lags().total([LOOP_LAG])

    @property
    def start_lag(self) -> Histogram:
        """Actual less intended start of an action after a think, ns."""
        return self._merge_lags().total([START_LAG])


class AgentTotals:
    """Requests and health of one agent; `interval` in ns."""

    def __init__(self, interval: int = NS_PER_S) -> None:
        self.requests = 0
        self.merged = 0
        """Completed and interrupted requests, to be compared with the requests that the agent started."""
        self.late_starts = 0
        self.is_complete = False
        self.user_times = UserTimes(interval)
        """How its users spent the measured time."""
        self.strained = array("q")
        """The intervals in which it was strained, in any order."""
        self.judged_load = AgentLoad()
        """Without the intervals that lie in warm-up phases."""
        self._warm_up_load: AgentLoad | None = None
        """In those, of which most runs have none: the histograms of a load take memory."""

    def add(self, reading: ReadBatch) -> None:
        """Add one batch."""
        batch, layout = reading.batch, reading.layout
        completed = int(batch.requests @ layout.samples)
        self.requests += completed
        self.merged += completed + sum(batch.counters[:, _INTERRUPTED].tolist())
        self.late_starts += batch.health.late_starts
        self.is_complete = self.is_complete or batch.last
        if reading.health.strained:
            self.strained.append(batch.interval)
        for frame in layout.judged:
            self.user_times.add(batch.interval, reading.users[frame], reading.unattended[frame])
        load = self.judged_load
        if layout.is_warm_up:
            load = self._warm_up_load = self._warm_up_load or AgentLoad()
        load.add(batch.health.cpu, reading.lags.copy())

    @property
    def _loads(self) -> tuple[AgentLoad, ...]:
        """Over the whole run."""
        return (self.judged_load,) if self._warm_up_load is None else (self._warm_up_load, self.judged_load)

    @property
    def cpu_p95(self) -> float | None:
        """The share of a core that 95 % of the intervals stayed at or below; None when no batch of it came."""
        shares = np.concatenate([load.cpu_shares for load in self._loads])
        return float(np.percentile(shares, 95, method="inverted_cdf")) if len(shares) else None

    @property
    def loop_lag(self) -> Histogram:
        """How late the agent's event loop was in the whole run, ns."""
        return _merged(load.loop_lag for load in self._loads)

    @property
    def start_lag(self) -> Histogram:
        """Actual less intended start of an action after a think, ns, in the whole run."""
        return _merged(load.start_lag for load in self._loads)


def _merged(histograms: Iterable[Histogram]) -> Histogram:
    total = Histogram()
    for one in histograms:
        total.merge(one)
    return total
