"""What a reporter of single requests counts: latencies and status codes, in bounded memory."""

from __future__ import annotations

from array import array
from collections import Counter

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.histogram import Histogram

AT_ONCE = 4096

LONGEST_S = 2**62 / NS_PER_S
"""146 years: what a histogram's integers can hold."""


class RequestMetrics:
    """Latencies in a histogram (percentiles within 0.55 %), status codes counted."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.dropped = 0
        """Requests that this reporter did not get, because it was too slow or they were lost on their way from an
        agent; what it counts lacks them."""
        self._latencies = Histogram()
        self._new = array("d")

    def record_latency(self, seconds: float) -> None:
        """Count one latency; ValueError for what is none: below 0, beyond any measure, no number.

        Measured, with the histogram: 0.3 µs.
        """
        if not 0 <= seconds < LONGEST_S:
            raise ValueError(f"a latency is a number of seconds from 0 on, not {seconds}")
        self._new.append(seconds)
        if len(self._new) == AT_ONCE:
            self._settle()

    def record_status(self, code: int) -> None:
        """Count one status code; 0 stands for no response."""
        self.statuses[code] += 1

    @property
    def count(self) -> int:
        """How many latencies were recorded."""
        return self._latencies.count + len(self._new)

    def percentile(self, p: float) -> float | None:
        """The latency, s, that `p` percent stayed at or below; None before the first. ValueError outside [0, 100]."""
        if not 0 <= p <= 100:
            raise ValueError(f"a percentile lies in [0, 100], not at {p}")
        self._settle()
        ns = self._latencies.quantile(p / 100)
        return None if ns is None else ns / NS_PER_S

    def _settle(self) -> None:
        self._latencies.add_many(np.rint(np.frombuffer(self._new) * NS_PER_S).astype(np.int64))
        self._new = array("d")
