"""A histogram as reports show it: in milliseconds, null where there is no data."""

from __future__ import annotations

from dataclasses import dataclass

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.histogram import Histogram
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class Distribution(Section):
    """Milliseconds, to the microsecond; None without data. Percentiles are within 0.55 % (DESIGN 1.2)."""

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
        """What a merged histogram says."""
        return cls(
            count=histogram.count,
            min=milliseconds(histogram.min),
            mean=milliseconds(histogram.mean),
            p50=milliseconds(histogram.quantile(0.5)),
            p90=milliseconds(histogram.quantile(0.9)),
            p95=milliseconds(histogram.quantile(0.95)),
            p99=milliseconds(histogram.quantile(0.99)),
            p99_9=milliseconds(histogram.quantile(0.999)),
            max=milliseconds(histogram.max),
        )


def milliseconds(ns: float | None) -> float | None:
    """Nanoseconds as milliseconds, to the microsecond."""
    return None if ns is None else round(ns / NS_PER_MS, 3)
