"""The custom metrics of a plan for Prometheus: a family of histograms and one of counters, over all closed intervals.

Each value is in its metric's own unit, which is a label, as the metric's name is: a plan's names need not be names of
Prometheus. Histograms have classic buckets only (`reporting.metric_sums`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from gradual_common.histogram.histogram import Histogram
from gradual_master.reporting.metric_sums import MetricKey, MetricSums, bounds_of, count_up_to, in_unit

VALUE_LABELS = ("metric", "unit", "warm_up")


@dataclass(frozen=True, slots=True)
class ClassicHistogram:
    """One series of a family: its labels, its bounds and how many values are at most each of them."""

    labels: dict[str, str]
    bounds: tuple[float, ...]
    """Without the last one, +Inf."""
    below: tuple[int, ...]
    """Last, the number of all values."""
    sum: float


class ValuesFamily(HistogramMetricFamily):
    """Values in the unit of each metric: the bounds depend on its resolution."""

    def __init__(self) -> None:
        super().__init__("gradual_metric", "Values that the plan records, each in its own unit.", labels=VALUE_LABELS)
        self.classic: list[ClassicHistogram] = []

    def add_values(self, key: MetricKey, histogram: Histogram) -> None:
        """Add what one metric has recorded."""
        bounds, below = bounds_of(key.resolution), count_up_to(histogram)
        total, labels = in_unit(histogram.sum, key.resolution), _labels(key)
        ends = (*(repr(bound) for bound in bounds), "+Inf")
        self.add_metric(labels, list(zip(ends, map(float, below), strict=True)), total)
        self.classic.append(ClassicHistogram(dict(zip(VALUE_LABELS, labels, strict=True)), bounds, below, total))


def value_families(sums: MetricSums) -> Iterator[Metric]:
    """The two families, as far as they have values."""
    values = ValuesFamily()
    counters = CounterMetricFamily("gradual_counter", "Sums that the plan counts up.", labels=VALUE_LABELS)
    for key, histogram in sums.items():
        if key.type == "counter":
            counters.add_metric(_labels(key), in_unit(histogram.sum, key.resolution))
        else:
            values.add_values(key, histogram)
    yield from (family for family in (values, counters) if family.samples)


def _labels(key: MetricKey) -> Sequence[str]:
    return (key.name, key.unit, str(key.warm_up).lower())
