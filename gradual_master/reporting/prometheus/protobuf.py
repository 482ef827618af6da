"""Prometheus' protobuf exposition: the one form in which it takes native histograms from a scrape.

The client library writes texts only, so the few messages that are needed are declared here, in a pool of their own.
Fields and numbers: github.com/prometheus/client_model, io/prometheus/client/metrics.proto; buckets: "Native
histograms" of the Prometheus documentation. A body is a row of MetricFamily messages, each after its length.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.proto import serialize_length_prefixed
from prometheus_client import Metric
from prometheus_client.registry import Collector

from gradual_common.histogram.buckets import FIRST_INDEX, SCALE
from gradual_master.reporting.prometheus.metrics import BOUNDS, NativeParts, ResponseTimeFamily

PROTOBUF = "application/vnd.google.protobuf"
FAMILY = "io.prometheus.client.MetricFamily"
CONTENT_TYPE = f"{PROTOBUF}; proto={FAMILY}; encoding=delimited"

COUNTER, GAUGE, HISTOGRAM = 0, 1, 4
TYPES = {"counter": COUNTER, "gauge": GAUGE, "info": GAUGE}

ZERO_THRESHOLD = 2.0 ** (FIRST_INDEX / 2**SCALE)
"""Below the lowest bucket, seconds: what is shorter is in the zero bucket."""

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "double": _Field.TYPE_DOUBLE,
    "uint64": _Field.TYPE_UINT64,
    "uint32": _Field.TYPE_UINT32,
    "sint32": _Field.TYPE_SINT32,
    "sint64": _Field.TYPE_SINT64,
    "int32": _Field.TYPE_INT32,
}
_MESSAGES = {
    "LabelPair": {"name": ("string", 1), "value": ("string", 2)},
    "Gauge": {"value": ("double", 1)},
    "Counter": {"value": ("double", 1)},
    "Bucket": {"cumulative_count": ("uint64", 1), "upper_bound": ("double", 2)},
    "BucketSpan": {"offset": ("sint32", 1), "length": ("uint32", 2)},
    "Histogram": {
        "sample_count": ("uint64", 1),
        "sample_sum": ("double", 2),
        "bucket": ("*Bucket", 3),
        "schema": ("sint32", 5),
        "zero_threshold": ("double", 6),
        "zero_count": ("uint64", 7),
        "positive_span": ("*BucketSpan", 12),
        "positive_delta": ("*sint64", 13),
    },
    "Metric": {
        "label": ("*LabelPair", 1),
        "gauge": ("Gauge", 2),
        "counter": ("Counter", 3),
        "histogram": ("Histogram", 7),
    },
    "MetricFamily": {"name": ("string", 1), "help": ("string", 2), "type": ("int32", 3), "metric": ("*Metric", 4)},
}
"""Type and number of each field; `*` repeats. An enum is an int32 on the wire."""


def _declare() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="exposition.proto", package="io.prometheus.client", syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (written, number) in fields.items():
            kind = written.lstrip("*")
            label = _Field.LABEL_REPEATED if kind != written else _Field.LABEL_OPTIONAL
            if kind in _SCALARS:
                message.field.add(name=field, number=number, label=label, type=_SCALARS[kind])
            else:
                message.field.add(
                    name=field,
                    number=number,
                    label=label,
                    type=_Field.TYPE_MESSAGE,
                    type_name=f".{file.package}.{kind}",
                )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(FAMILY))


MetricFamily = _declare()
"""The message class; its fields are known to protobuf alone."""


def write_protobuf(collector: Collector) -> bytes:
    """The body of a scrape."""
    body = io.BytesIO()
    for metric in collector.collect():
        family = _histograms(metric) if isinstance(metric, ResponseTimeFamily) else _values(metric)
        if family.metric:
            serialize_length_prefixed(family, body)
    return body.getvalue()


def _values(metric: Metric) -> Any:
    """A family of counters or gauges; it bears the name of its samples (`_total`, `_info`)."""
    family = MetricFamily(help=metric.documentation, type=TYPES[metric.type])
    field = "counter" if family.type == COUNTER else "gauge"
    for sample in metric.samples:
        family.name = sample.name
        family.metric.add(label=_labels(sample.labels), **{field: {"value": sample.value}})
    return family


def _histograms(metric: ResponseTimeFamily) -> Any:
    family = MetricFamily(name=metric.name, help=metric.documentation, type=HISTOGRAM)
    for labels, parts in metric.native:
        family.metric.add(label=_labels(labels), histogram=_histogram(parts))
    return family


def _labels(labels: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in labels.items()]


def _histogram(parts: NativeParts) -> dict[str, Any]:
    """Classic and native at once: Prometheus takes the native form where it is told to keep such histograms."""
    classic = zip(parts.classic[:-1], BOUNDS, strict=True)
    return {
        "sample_count": parts.count,
        "sample_sum": parts.sum_s,
        "bucket": [{"cumulative_count": count, "upper_bound": bound} for count, bound in classic],
        "schema": SCALE,
        "zero_threshold": ZERO_THRESHOLD,
        "zero_count": parts.underflow,
        "positive_span": [{"offset": offset, "length": length} for offset, length in spans(parts.buckets)],
        "positive_delta": deltas(parts.buckets.values()),
    }


def spans(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(gap since the span before, length) of each run of neighbours among rising indices; the first gap is from 0."""
    end = 0
    for _, neighbours in groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0]):
        run = [index for _, index in neighbours]
        yield run[0] - end, len(run)
        end = run[-1] + 1


def deltas(counts: Iterable[int]) -> list[int]:
    """Each count less the one before it."""
    return [after - before for before, after in pairwise((0, *counts))]
