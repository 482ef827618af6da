"""Exports as OTLP messages: names and units by the semantic conventions, times as Unix time in ns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Histogram as ExplicitHistogram
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from gradual_common import __version__
from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import EDGES, SCALE
from gradual_common.histogram.histogram import Histogram
from gradual_master.reporting.metric_sums import MetricKey, bounds_of, count_up_to, in_unit
from gradual_master.reporting.otlp.pending import Attributes, Export, Temporality
from gradual_master.results.facts import RunFacts

GAUGES: dict[str, tuple[str, str]] = {
    "gradual.users": ("{user}", "Users of a group, the mean over an interval"),
    "gradual.target_users": ("{user}", "Users of a group that the schedule wants, the mean over an interval"),
    "gradual.agent.cpu.utilization": ("1", "Share of a core that an agent's process used in an interval"),
    "gradual.agent.loop_lag": ("s", "The longest that an agent's event loop was late in an interval"),
    "gradual.agent.start_lag": ("s", "The latest start of a request after a think time in an interval"),
    "gradual.agent.connections": ("{connection}", "Connections that an agent holds at the end of an interval"),
    "gradual.objective.passed": ("1", "1 while the run so far meets an objective, 0 while it does not"),
    "gradual.capacity.users": ("{user}", "The most users with whom all objectives of a search were met"),
    "gradual.capacity.confirmed": ("1", "1 if a second trial of that capacity held, 0 if none did"),
}
"""Unit and description of every gauge."""

DESCRIPTION = "Values that the plan records"
"""Of every custom metric."""

_TEMPORALITIES: dict[Temporality, AggregationTemporality.ValueType] = {
    "cumulative": AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE,
    "delta": AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA,
}


def describe_resource(run: RunFacts, host: str) -> Resource:
    """The resource of a run. Its id is the instance, so that sums of two runs are never one series."""
    attributes: dict[str, str | bool] = {
        "service.name": "gradual",
        "service.version": __version__,
        "service.instance.id": run.id,
        "host.name": host,
        "gradual.run.id": run.id,
        "gradual.run.name": run.name,
    }
    attributes.update({f"gradual.tag.{name}": value for name, value in run.tags.items()})
    return Resource(attributes=_attributes(attributes.items()))


def encode(export: Export, resource: Resource) -> ExportMetricsServiceRequest:
    """The OTLP request of an export."""
    scope = InstrumentationScope(name="gradual", version=__version__)
    scoped = [ScopeMetrics(scope=scope, metrics=[*_sums(export), *_values(export), *_gauges(export)])]
    return ExportMetricsServiceRequest(resource_metrics=[ResourceMetrics(resource=resource, scope_metrics=scoped)])


def _attributes(pairs: Iterable[tuple[str, str | bool]]) -> list[KeyValue]:
    return [
        KeyValue(key=key, value=AnyValue(bool_value=value) if isinstance(value, bool) else AnyValue(string_value=value))
        for key, value in pairs
    ]


def _sums(export: Export) -> Iterator[Metric]:
    """Requests, failures and response times; a metric without data points is left out."""
    temporality = _TEMPORALITIES[export.temporality]
    # What has no name, such as the service of an action that names none, is no attribute.
    steps = [
        (tuple((f"gradual.{name}", of) for name, of in key._asdict().items() if of != ""), sums)
        for key, sums in export.sums
    ]
    requests = [_count(export, attributes, sums.requests) for attributes, sums in steps]
    failures = [
        _count(export, (*attributes, ("error.type", kind)), count)
        for attributes, sums in steps
        for kind, count in sums.errors.items()
    ]
    for name, description, points in (
        ("gradual.requests", "Requests that were completed, failed ones among them", requests),
        ("gradual.failures", "Requests that failed, by the kind of their failure", failures),
    ):
        if points:
            total = Sum(data_points=points, aggregation_temporality=temporality, is_monotonic=True)
            yield Metric(name=name, description=description, unit="{request}", sum=total)
    times = [_times(export, attributes, sums.times) for attributes, sums in steps if sums.times.count]
    if times:
        yield Metric(
            name="gradual.request.duration",
            description="From the wish to send to the last byte: DNS, connect, TLS, redirects and retries included",
            unit="s",
            exponential_histogram=ExponentialHistogram(data_points=times, aggregation_temporality=temporality),
        )


def _count(export: Export, attributes: Attributes, count: int) -> NumberDataPoint:
    return NumberDataPoint(
        attributes=_attributes(attributes),
        start_time_unix_nano=export.start,
        time_unix_nano=export.at,
        as_int=count,
    )


def _times(export: Export, attributes: Attributes, histogram: Histogram) -> ExponentialHistogramDataPoint:
    """Times in seconds. Our buckets are those of OpenTelemetry at scale 6, so every count is copied exactly."""
    offset, counts = histogram.otel_buckets()
    return ExponentialHistogramDataPoint(
        attributes=_attributes(attributes),
        start_time_unix_nano=export.start,
        time_unix_nano=export.at,
        count=histogram.count,
        sum=histogram.sum / NS_PER_S,
        scale=SCALE,
        zero_count=histogram.underflow,
        zero_threshold=EDGES[0] / NS_PER_S,
        positive=ExponentialHistogramDataPoint.Buckets(offset=offset, bucket_counts=counts),
        min=None if histogram.min is None else histogram.min / NS_PER_S,
        max=None if histogram.max is None else histogram.max / NS_PER_S,
    )


def _values(export: Export) -> Iterator[Metric]:
    """Custom metrics, each a metric of its own: a metric of OpenTelemetry has one unit."""
    temporality = _TEMPORALITIES[export.temporality]
    by_name: dict[str, list[tuple[MetricKey, Histogram]]] = defaultdict(list)
    for key, values in export.values:
        by_name[key.name].append((key, values))
    for name, parts in by_name.items():
        metric = Metric(name=f"gradual.metric.{name}", description=DESCRIPTION, unit=parts[0][0].unit)
        if parts[0][0].type == "counter":
            totals = [_total(export, key, values) for key, values in parts]
            metric.sum.CopyFrom(Sum(data_points=totals, aggregation_temporality=temporality, is_monotonic=True))
        else:
            points = [_distribution(export, key, values) for key, values in parts]
            metric.histogram.CopyFrom(ExplicitHistogram(data_points=points, aggregation_temporality=temporality))
        yield metric


def _total(export: Export, key: MetricKey, values: Histogram) -> NumberDataPoint:
    return NumberDataPoint(
        attributes=_attributes((("gradual.warm_up", key.warm_up),)),
        start_time_unix_nano=export.start,
        time_unix_nano=export.at,
        as_double=in_unit(values.sum, key.resolution),
    )


def _distribution(export: Export, key: MetricKey, values: Histogram) -> HistogramDataPoint:
    """Values in the metric's unit, in buckets whose bounds are written out (`reporting.metric_sums`)."""
    resolution = key.resolution
    return HistogramDataPoint(
        attributes=_attributes((("gradual.warm_up", key.warm_up),)),
        start_time_unix_nano=export.start,
        time_unix_nano=export.at,
        count=values.count,
        sum=in_unit(values.sum, resolution),
        explicit_bounds=bounds_of(resolution),
        bucket_counts=[after - before for before, after in pairwise((0, *count_up_to(values)))],
        min=None if values.min is None else in_unit(values.min, resolution),
        max=None if values.max is None else in_unit(values.max, resolution),
    )


def _gauges(export: Export) -> Iterator[Metric]:
    points: dict[str, list[NumberDataPoint]] = defaultdict(list)
    for interval in export.intervals:
        for metric, attributes, value in interval.values:
            point = NumberDataPoint(
                attributes=_attributes(attributes), time_unix_nano=interval.at, as_double=float(value)
            )
            points[metric].append(point)
    for name, (unit, description) in GAUGES.items():
        if name in points:
            yield Metric(name=name, description=description, unit=unit, gauge=Gauge(data_points=points[name]))
