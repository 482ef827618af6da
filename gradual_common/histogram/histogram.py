"""A histogram of times: exact counts, sum, minimum and maximum; quantiles within 0.55 %.

Everything in it is an integer of nanoseconds, so merging is addition: associative and commutative to the bit, in any
order, over any fleet. A quantile is read from its bucket (`buckets`): 2·l·u/(l + u), clamped to [min, max]. There is
one set of buckets; a document with other buckets is refused when it is read, so all histograms can be merged.

The same buckets as OpenTelemetry's exponential histogram at scale 6 and Prometheus' native histogram at schema 6, in
seconds: `indices`, `otel_buckets` and `prometheus_buckets` renumber them and lose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from gradual_common.errors import HistogramMismatchError
from gradual_common.histogram.buckets import (
    BUCKETS,
    ESTIMATES,
    FIRST_INDEX,
    PROMETHEUS_OFFSET,
    SCALE,
    Int64,
    buckets_of,
)
from gradual_common.histogram.columns import COUNT, MAX, MIN, NO_MAX, NO_MIN, OVER, SUM, UNDER, DenseHistograms

PARAMETERS = {"scale": SCALE, "unit": "ns"}
"""Two histograms with the same parameters can be merged; they are a part of the JSON form."""


class Histogram:
    """One dense histogram of times in ns. `counts` int64 (BUCKETS,); `min` and `max` are None while it is empty."""

    __slots__ = ("_max", "_min", "count", "counts", "overflow", "sum", "underflow")

    def __init__(self) -> None:
        self.counts: Int64 = np.zeros(BUCKETS, dtype=np.int64)
        self.count = self.sum = self.underflow = self.overflow = 0
        self._min, self._max = NO_MIN, NO_MAX

    @property
    def min(self) -> int | None:
        """The smallest time, exactly."""
        return self._min if self.count else None

    @property
    def max(self) -> int | None:
        """The largest time, exactly."""
        return self._max if self.count else None

    @property
    def mean(self) -> float | None:
        """The mean time, exactly but for one division."""
        return self.sum / self.count if self.count else None

    def add_many(self, values: Int64) -> None:
        """Count times."""
        if len(values) == 0:
            return
        tally = np.bincount(buckets_of(values) + 1, minlength=BUCKETS + 2)
        self.underflow += int(tally[0])
        self.overflow += int(tally[-1])
        self.counts += tally[1:-1]
        self._add_stats(len(values), int(values.sum()), int(values.min()), int(values.max()))

    def merge(self, other: Histogram) -> None:
        """Add everything that `other` counted."""
        self.counts += other.counts
        self.underflow += other.underflow
        self.overflow += other.overflow
        self._add_stats(other.count, other.sum, other._min, other._max)

    def copy(self) -> Histogram:
        """A copy that later additions do not change."""
        copy = Histogram()
        copy.merge(self)
        return copy

    def _add_stats(self, count: int, total: int, low: int, high: int) -> None:
        self.count += count
        self.sum += total
        self._min = min(self._min, low)
        self._max = max(self._max, high)

    def quantile(self, q: float) -> float | None:
        """The time (ns) at or below which a share `q` of all lies, of nearest rank ⌈q·count⌉; None when empty.

        The estimate is within `QUANTILE_ERROR` of the sample of that rank, but for one below 1 µs (then `min` is
        returned) or above an hour (then `max`). Raises ValueError for a `q` outside [0, 1].
        """
        share = _share(q)
        if self.count == 0:
            return None
        # ⌈q·count⌉ in integers: floats would be off by one rank for large counts.
        rank = max(1, -(-share.numerator * self.count // share.denominator))
        if rank <= self.underflow:
            return float(self._min)
        cumulative = np.cumsum(self.counts)
        bucket = int(np.searchsorted(cumulative, rank - self.underflow))
        if bucket == BUCKETS:
            return float(self._max)
        return float(min(max(ESTIMATES[bucket], self._min), self._max))

    def count_above(self, limit: float) -> int:
        """How many times lie above `limit` ns, each taken as `quantile` reads it, so the two never contradict.

        The quantile q is at most `limit` exactly if this count is at most count − ⌈q·count⌉.
        """
        if self.count == 0:
            return 0
        read = np.clip(ESTIMATES, self._min, self._max)
        above = int(self.counts[read > limit].sum())
        return above + self.underflow * (self._min > limit) + self.overflow * (self._max > limit)

    def sum_above(self, limit: float) -> float:
        """The sum of those times, ns, within `QUANTILE_ERROR`; it is exact if all of them lie above."""
        if self.count_above(limit) == self.count:
            return float(self.sum)
        read = np.clip(ESTIMATES, self._min, self._max)
        above = read > limit
        total = float(read[above] @ self.counts[above])
        return total + self.overflow * self._max * (self._max > limit)

    def indices(self) -> dict[int, int]:
        """The counts of the filled buckets by their index i (OpenTelemetry's at scale 6), ascending."""
        filled = np.flatnonzero(self.counts)
        return dict(zip((filled + FIRST_INDEX).tolist(), self.counts[filled].tolist(), strict=True))

    def otel_buckets(self) -> tuple[int, list[int]]:
        """(offset, bucket_counts) of OpenTelemetry's ExponentialHistogram at scale 6, in seconds.

        Underflow is its `zero_count` with `zero_threshold` EDGES[0]/10⁹; overflow is in the bucket after the last.
        """
        dense = np.append(self.counts, self.overflow)
        filled = np.flatnonzero(dense)
        if not len(filled):
            return 0, []
        return FIRST_INDEX + int(filled[0]), dense[filled[0] : filled[-1] + 1].tolist()

    def prometheus_buckets(self) -> dict[int, int]:
        """Filled buckets by Prometheus' native index at schema 6, in seconds; underflow is its zero bucket."""
        offset, counts = self.otel_buckets()
        return {offset + PROMETHEUS_OFFSET + n: count for n, count in enumerate(counts) if count}

    def to_json(self) -> dict[str, Any]:
        """The form of the summary: sparse and lossless; `min`, `max` null when empty."""
        indices = self.indices()
        return PARAMETERS | {
            "count": self.count,
            "sum": self.sum,
            "min": self.min,
            "max": self.max,
            "underflow": self.underflow,
            "overflow": self.overflow,
            "indices": list(indices),
            "counts": list(indices.values()),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Histogram:
        """Read `to_json` back; raises HistogramMismatchError for other parameters or buckets that do not add up."""
        found = {name: document.get(name) for name in PARAMETERS}
        if found != PARAMETERS:
            raise HistogramMismatchError(f"a histogram with {found} cannot be merged with one of {PARAMETERS}")
        histogram = cls()
        for index, count in zip(document["indices"], document["counts"], strict=True):
            if not 0 <= index - FIRST_INDEX < BUCKETS:
                raise HistogramMismatchError(f"bucket {index} lies outside {FIRST_INDEX} … {FIRST_INDEX + BUCKETS - 1}")
            histogram.counts[index - FIRST_INDEX] = count
        histogram.underflow, histogram.overflow = document["underflow"], document["overflow"]
        if histogram.underflow + histogram.overflow + int(histogram.counts.sum()) != document["count"]:
            raise HistogramMismatchError(f"the buckets do not add up to a count of {document['count']}")
        if document["count"]:
            histogram._add_stats(document["count"], document["sum"], document["min"], document["max"])
        return histogram

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Histogram(count={self.count}, min={self.min}, max={self.max})"


@lru_cache(maxsize=256)
def _share(q: float) -> Fraction:
    """`q` as the decimal it was written as: 0.07 of 100 is rank 7, which binary floats would make 8."""
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile lies in [0, 1], not at {q}")
    return Fraction(repr(float(q)))


def histogram_of_row(dense: DenseHistograms, row: int) -> Histogram:
    """A copy of one row."""
    stats: list[int] = dense.stats[row].tolist()
    histogram = Histogram()
    histogram.counts += dense.counts[row]
    histogram.underflow, histogram.overflow = stats[UNDER], stats[OVER]
    if stats[COUNT]:
        histogram._add_stats(stats[COUNT], stats[SUM], stats[MIN], stats[MAX])
    return histogram
