"""What one agent measured of itself over the whole run."""

from __future__ import annotations

from array import array

import numpy as np

from gradual_common.batch import COUNTER, LOOP_LAG, START_LAG, Batch
from gradual_common.histogram import Histogram
from gradual_master.results.batches import health_rows
from gradual_master.results.histogram_rows import HistogramRows
from gradual_master.results.measurements import Contribution, Shape


class AgentTotals:
    """Requests and health of one agent. `merged`: requests and interrupted ones, to be held against those begun."""

    def __init__(self) -> None:
        self.requests = 0
        self.merged = 0
        self.late_starts = 0
        self.is_complete = False
        self._cpu = array("d")
        self._lags = HistogramRows(2)

    def add(self, batch: Batch, contribution: Contribution, shape: Shape) -> None:
        """Add one batch; `contribution` is what it contributes."""
        completed = int(contribution.requests[:, : shape.steps].sum())
        self.requests += completed
        self.merged += completed + int(contribution.counters[:, :, COUNTER["interrupted"]].sum())
        self.late_starts += batch.health.late_starts
        self.is_complete = self.is_complete or batch.last
        self._cpu.append(batch.health.cpu)
        lags = health_rows(batch)
        self._lags.add(lags.codes, lags.columns)

    @property
    def cpu_p95(self) -> float | None:
        """The share of a core that 95 % of the intervals stayed at or below."""
        return float(np.percentile(np.frombuffer(self._cpu), 95, method="inverted_cdf")) if self._cpu else None

    @property
    def loop_lag(self) -> Histogram:
        """How late the agent's event loop was, ns."""
        return self._lags.total([LOOP_LAG])

    @property
    def start_lag(self) -> Histogram:
        """Actual less intended start of an action after a think, ns."""
        return self._lags.total([START_LAG])
