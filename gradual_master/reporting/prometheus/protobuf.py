"""Prometheus' protobuf exposition: the one form in which it takes native histograms from a scrape.

The client library writes texts only. Messages: `proto/prometheus/exposition.proto`; buckets: "Native histograms" of the
Prometheus documentation.
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
"""Below the lowest bucket, seconds: what is shorter is in the zero bucket."""


def write_protobuf(collector: Collector) -> bytes:
    """The body of a scrape."""
    body = io.BytesIO()
    for metric in collector.collect():
        if isinstance(metric, ResponseTimeFamily):
            family = MetricFamily(name=metric.name, help=metric.documentation, type=HISTOGRAM)
            for labels, below, times in metric.native:
                family.metric.add(label=_labels(labels), histogram=_histogram(below, times))
        else:
            family = _values(metric)
        if family.metric:
            serialize_length_prefixed(family, body)
    return body.getvalue()


def _values(metric: Metric) -> MetricFamily:
    """A family of counters or gauges; it has the name of its samples (`_total`, `_info`)."""
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
    """Classic and native at once: Prometheus takes the native form where it is set up to keep such histograms."""
    classic = zip(below[:-1], BOUNDS, strict=True)
    buckets = times.prometheus_buckets()
    return Histogram(
        sample_count=times.count,
        sample_sum=times.sum / NS_PER_S,
        bucket=[Bucket(cumulative_count=count, upper_bound=bound) for count, bound in classic],
        schema=SCALE,
        zero_threshold=ZERO_THRESHOLD,
        zero_count=times.underflow,
        positive_span=[BucketSpan(offset=offset, length=length) for offset, length in spans(buckets)],
        positive_delta=deltas(buckets.values()),
    )


def spans(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(gap since the span before, length) of each run of neighbours among rising indices; the first gap is from 0."""
    # In a run of neighbours the index rises by one as the ordinal does, so that their difference is the same for all.
    end = 0
    for _, neighbours in groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0]):
        run = [index for _, index in neighbours]
        yield run[0] - end, len(run)
        end = run[-1] + 1


def deltas(counts: Iterable[int]) -> list[int]:
    """Each count less the one before it."""
    return [after - before for before, after in pairwise((0, *counts))]
