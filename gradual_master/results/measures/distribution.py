"""Times as reports show them: in seconds, a histogram in milliseconds; null where there is no data."""

from __future__ import annotations

from dataclasses import dataclass

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class Distribution(Section):
    """Milliseconds, to the microsecond; None without data. Percentiles are within 0.55 %."""

    count: int
    min: float | None
    mean: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    p99_9: float | None
    max: float | None

    @classmethod
    def of(cls, histogram: Histogram) -> Distribution:
        """The statistics of a merged histogram."""
        p50, p90, p95, p99, p99_9 = (milliseconds(histogram.quantile(q)) for q in (0.5, 0.9, 0.95, 0.99, 0.999))
        least, mean, most = (milliseconds(ns) for ns in (histogram.min, histogram.mean, histogram.max))
        return cls(histogram.count, least, mean, p50, p90, p95, p99, p99_9, most)


def seconds(ns: float) -> float:
    """Nanoseconds as seconds, to the millisecond."""
    return round(float(ns) / NS_PER_S, 3)


def milliseconds(ns: float | None) -> float | None:
    """Nanoseconds as milliseconds, to the microsecond."""
    return None if ns is None else round(ns / NS_PER_MS, 3)
