"""Custom metrics as reports show them: plain numbers of the metric's unit, null where there is no data.

Percentiles are within 0.55 %, and then rounded to the metric's resolution, as every value is a multiple of it. Count,
sum, minimum and maximum are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from gradual_common.histogram.buckets import ESTIMATES, QUANTILE_ERROR
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.values.metrics import MAX_STEPS, NS_PER_STEP, value_of
from gradual_common.plan.model.series import MetricSeries, SeriesIndex
from gradual_common.protocol.batch import METRIC, MISSING, OUT_OF_RANGE, RECORDED
from gradual_common.units import count
from gradual_master.results.measures.totals import Selection, Totals
from gradual_master.results.section import Section

MAX_SUM = 2**63 / (1 + 2 * QUANTILE_ERROR)
"""An estimated sum below this did not overflow 64 bits while it was added up."""


@dataclass(frozen=True, slots=True)
class MetricRow(Section):
    """A custom metric over the run, without warm-up."""

    name: str
    type: str
    """"histogram" or "counter"."""
    unit: str
    resolution: float
    """Values are multiples of it."""
    count: int
    """Values that were recorded."""
    sum: float | None
    """None without data (0 of a counter), and when it was too large to be added up."""
    rate: float | None
    """Of a counter: its sum per measured second, without the drain."""
    mean: float | None
    min: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None
    missing: int
    """Successes without a value, or with one that is no number."""
    out_of_range: int
    """Values that could not be counted: negative, or too large for the resolution."""
    histogram: Histogram = field(
        default_factory=Histogram, repr=False, compare=False, kw_only=True, metadata={"aside": True}
    )
    """Of its values, as agents count them: 1,000 for each step of the resolution."""


class MetricValues:
    """The values of one metric in a selection of phases."""

    def __init__(self, series: MetricSeries, phases: tuple[int, ...], totals: Totals) -> None:
        self._resolution = series.resolution
        self.histogram = totals.histogram(METRIC, Selection(phases, (series.number,), (RECORDED,)))

    @property
    def count(self) -> int:
        """How many there are."""
        return self.histogram.count

    @property
    def sum(self) -> float | None:
        """All of them together, exactly."""
        known = self.count > 0 and _estimated_sum(self.histogram) < MAX_SUM
        return self._value(self.histogram.sum) if known else None

    @property
    def mean(self) -> float | None:
        """The mean, exactly but for one division."""
        return None if (total := self.sum) is None else total / self.count

    @property
    def min(self) -> float | None:
        """The smallest."""
        return self._value(self.histogram.min)

    @property
    def max(self) -> float | None:
        """The largest."""
        return self._value(self.histogram.max)

    def quantile(self, q: float) -> float | None:
        """A percentile, within 0.55 %."""
        return self._value(self.histogram.quantile(q))

    def _value(self, ns: float | None) -> float | None:
        return None if ns is None else value_of(round(ns / NS_PER_STEP), self._resolution)


def _estimated_sum(histogram: Histogram) -> float:
    # Values are between 0 and the last bucket, so there is no overflow; those below the first bucket are 0.
    return sum(ESTIMATES[bucket] * int(histogram.counts[bucket]) for bucket in histogram.counts.nonzero()[0].tolist())


def metric_rows(index: SeriesIndex, totals: Totals) -> Iterator[MetricRow]:
    """Every metric of the plan."""
    for series in index.metrics:
        values, outcomes = MetricValues(series, totals.measured, totals), _outcomes(series, totals)
        rounded = {q: values.quantile(q) for q in (0.5, 0.9, 0.95, 0.99)}
        yield MetricRow(
            name=series.name,
            type=series.type,
            unit=series.unit,
            resolution=series.resolution,
            count=values.count,
            sum=0.0 if series.type == "counter" and not values.count else values.sum,
            rate=rate_of(series, totals.phases, totals) if series.type == "counter" else None,
            mean=None if values.mean is None else float(f"{values.mean:.12g}"),
            min=values.min,
            p50=rounded[0.5],
            p90=rounded[0.9],
            p95=rounded[0.95],
            p99=rounded[0.99],
            max=values.max,
            missing=outcomes.get(MISSING, 0),
            out_of_range=outcomes.get(OUT_OF_RANGE, 0),
            histogram=values.histogram,
        )


def rate_of(series: MetricSeries, phases: tuple[int, ...], totals: Totals) -> float | None:
    """The sum per second of these phases; the drain and pauses lie outside."""
    seconds, values = totals.seconds(phases), MetricValues(series, phases, totals)
    total = values.sum if values.count else 0.0
    return round(total / seconds, 3) if seconds and total is not None else None


def doubtful_metrics(rows: Iterable[MetricRow]) -> Iterator[str]:
    """A sentence for every metric that lacks values."""
    for row in rows:
        if row.missing:
            yield f"metric {row.name}: {row.missing:,} of its values missing, or no number"
        if row.out_of_range:
            yield (
                f"metric {row.name}: {count(row.out_of_range, 'value')} left out, negative or above "
                f"{value_of(MAX_STEPS, row.resolution):,.15g}; `resolution:` sets what can be counted"
            )
        if row.count and row.sum is None:
            yield f"metric {row.name}: its sum is too large to be added up; a larger `resolution:` makes room"


def _outcomes(series: MetricSeries, totals: Totals) -> dict[int, int]:
    return totals.by_kind(replace(totals.everything(), steps=(series.number,)))
