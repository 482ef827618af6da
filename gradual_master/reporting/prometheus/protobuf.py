"""Prometheus' protobuf format: the only one in which a scrape can have native histograms.

The client library writes text formats only. Messages: `proto/prometheus/exposition.proto`; buckets: "Native histograms"
of the Prometheus documentation.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from google.protobuf.proto import serialize_length_prefixed
from prometheus_client import Metric
from prometheus_client.registry import Collector

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import FIRST_INDEX, SCALE
from gradual_common.histogram.histogram import Histogram as ResponseTimes
from gradual_master.reporting.prometheus.metrics import BOUNDS, ResponseTimeFamily
from gradual_master.reporting.prometheus.values import ClassicHistogram, ValuesFamily
from gradual_master.wire.exposition_pb2 import (
    COUNTER,
    GAUGE,
    HISTOGRAM,
    Bucket,
    BucketSpan,
    Counter,
    Gauge,
    Histogram,
    LabelPair,
    MetricFamily,
)

PROTOBUF = "application/vnd.google.protobuf"
FAMILY = "io.prometheus.client.MetricFamily"
CONTENT_TYPE = f"{PROTOBUF}; proto={FAMILY}; encoding=delimited"

TYPES = {"counter": COUNTER, "gauge": GAUGE, "info": GAUGE}

ZERO_THRESHOLD = 2.0 ** (FIRST_INDEX / 2**SCALE)
"""The lower bound of the lowest bucket in seconds: shorter times are in the zero bucket."""


def write_protobuf(collector: Collector) -> bytes:
    """The body of a scrape: each family with its length before it."""
    body = io.BytesIO()
    for metric in collector.collect():
        if isinstance(metric, ResponseTimeFamily):
            family = MetricFamily(name=metric.name, help=metric.documentation, type=HISTOGRAM)
            for labels, below, times in metric.native:
                family.metric.add(label=_labels(labels), histogram=_histogram(below, times))
        elif isinstance(metric, ValuesFamily):
            family = MetricFamily(name=metric.name, help=metric.documentation, type=HISTOGRAM)
            for row in metric.classic:
                family.metric.add(label=_labels(row.labels), histogram=_classic(row))
        else:
            family = _values(metric)
        if family.metric:
            serialize_length_prefixed(family, body)
    return body.getvalue()


def _values(metric: Metric) -> MetricFamily:
    """A family of counters or gauges, with the name of its samples (`_total`, `_info`)."""
    family = MetricFamily(help=metric.documentation, type=TYPES[metric.type])
    for sample in metric.samples:
        family.name = sample.name
        if family.type == COUNTER:
            family.metric.add(label=_labels(sample.labels), counter=Counter(value=sample.value))
        else:
            family.metric.add(label=_labels(sample.labels), gauge=Gauge(value=sample.value))
    return family


def _labels(labels: Mapping[str, str]) -> list[LabelPair]:
    return [LabelPair(name=name, value=value) for name, value in labels.items()]


def _histogram(below: Sequence[int], times: ResponseTimes) -> Histogram:
    """Both forms at once: Prometheus uses the native one if it is configured to, else the classic one."""
    buckets = times.prometheus_buckets()
    return Histogram(
        sample_count=times.count,
        sample_sum=times.sum / NS_PER_S,
        bucket=_buckets(below, BOUNDS),
        schema=SCALE,
        zero_threshold=ZERO_THRESHOLD,
        zero_count=times.underflow,
        positive_span=[BucketSpan(offset=offset, length=length) for offset, length in spans(buckets)],
        positive_delta=deltas(buckets.values()),
    )


def _classic(row: ClassicHistogram) -> Histogram:
    return Histogram(sample_count=row.below[-1], sample_sum=row.sum, bucket=_buckets(row.below, row.bounds))


def _buckets(below: Sequence[int], bounds: Sequence[float]) -> list[Bucket]:
    classic = zip(below[:-1], bounds, strict=True)
    return [Bucket(cumulative_count=count, upper_bound=bound) for count, bound in classic]


def spans(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(gap after the span before, length) of each group of consecutive indices; the first gap is from 0."""
    # Consecutive indices have the same difference to their position in the sequence: 7, 8, 9 at 0, 1, 2 → 7, 7, 7.
    end = 0
    for _, group in groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0]):
        run = [index for _, index in group]
        yield run[0] - end, len(run)
        end = run[-1] + 1


def deltas(counts: Iterable[int]) -> list[int]:
    """Each count minus the count before it."""
    return [after - before for before, after in pairwise((0, *counts))]
