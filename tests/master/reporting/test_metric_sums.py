"""Custom metrics reach Prometheus and OpenTelemetry in their own unit: exact counts and sums, warm-up apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from histogram_samples import histogram_of
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_run import read_protobuf
from raw_run import S, agent, fleet_of, plan_of, run_of, schedule_of

from gradual_agent.recording.recorder import Recorder
from gradual_common.kinds.values.metrics import NS_PER_STEP
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Batch, Health
from gradual_master.reporting.metric_sums import bounds_of, count_up_to
from gradual_master.reporting.otlp.encoding import encode
from gradual_master.reporting.otlp.pending import PendingMetrics, Temporality
from gradual_master.reporting.prometheus.metrics import RunMetrics
from gradual_master.reporting.prometheus.protobuf import write_protobuf
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

RECORD = {
    "basket": {"json": "total", "unit": "EUR", "resolution": 0.01},
    "orders": {"value": "{{n}}", "type": "counter", "unit": "{order}"},
    "never": {"json": "x"},
}
PLAN = plan_of(actions={"login": {"url": "/l", "record": RECORD}, "browse": {"url": "/b"}, "rates": {"url": "/r"}})
SECONDS = ([("basket", 5), ("orders", 1)], [("basket", 19.99), ("basket", 0), ("basket", None), ("orders", 2.5)])
"""What is recorded in each second; the first is warm-up."""


class RecordedRun:
    """Two seconds of an agent: the records of their intervals, and the summary."""

    def __init__(self) -> None:
        self.aggregate = Aggregate(PLAN, schedule_of((1, 1), (1, 1), seconds=1, warm_up=1), S)
        self.records: list[IntervalRecord] = []
        for number, batch in enumerate(batches(SECONDS)):
            self.aggregate.merge("a", batch)
            self.records.append(self.aggregate.close(number))

    def summary(self) -> Summary:
        return build_summary(self.aggregate, fleet_of(agent("a")), run_of())

    def prometheus(self) -> RunMetrics:
        metrics = RunMetrics()
        for record in self.records:
            metrics.add(record)
        return metrics

    def otlp(self, temporality: Temporality) -> list[dict[str, Metric]]:
        """The custom metrics of one export for each interval."""
        pending, exports = PendingMetrics(temporality, 0), []
        for record in self.records:
            pending.add(record)
            scoped = encode(pending.take(), Resource()).resource_metrics[0].scope_metrics[0]
            exports.append({metric.name: metric for metric in scoped.metrics if ".metric." in metric.name})
        return exports


def batches(seconds: Sequence[Sequence[tuple[str, Any]]]) -> Iterator[Batch]:
    """What one agent sends, second by second."""
    now = 0
    recorder = Recorder(SeriesIndex.of(PLAN), lambda: now)
    recorder.schedule(0, S, [(0, 0), (S, 1)])
    for number, values in enumerate(seconds):
        recorder.roll(now)
        for name, value in values:
            recorder.metrics.record(name, value)
        now = (number + 1) * S
        yield recorder.seal(number, 0, Health(0.0, 0, 0, 0))


def samples_of(metrics: RunMetrics) -> dict[tuple[str, ...], float]:
    """(sample, metric, warm_up, and the upper bound of a bucket) → value."""
    return {
        (sample.name, sample.labels["metric"], sample.labels["warm_up"], sample.labels.get("le", "")): sample.value
        for family in metrics.collect()
        for sample in family.samples
        if "metric" in sample.labels
    }


def test_prometheus_has_the_values_in_their_unit_and_the_warm_up_apart() -> None:
    samples = samples_of(RecordedRun().prometheus())
    without_buckets = {key[:3]: value for key, value in samples.items() if not key[3]}
    assert without_buckets == {
        ("gradual_metric_count", "basket", "true"): 1,
        ("gradual_metric_sum", "basket", "true"): 5,
        ("gradual_metric_count", "basket", "false"): 2,
        ("gradual_metric_sum", "basket", "false"): 19.99,
        ("gradual_counter_total", "orders", "true"): 1,
        ("gradual_counter_total", "orders", "false"): 2.5,
    }
    buckets = {float(key[3]): value for key, value in samples.items() if key[1:3] == ("basket", "false") and key[3]}
    assert all(count == sum(value <= bound for value in (0, 19.99)) for bound, count in buckets.items())
    assert sorted(buckets)[-1] == math.inf


def test_the_labels_name_metric_and_unit() -> None:
    labels = {
        sample.labels["metric"]: sample.labels["unit"]
        for family in RecordedRun().prometheus().collect()
        for sample in family.samples
        if "metric" in sample.labels
    }
    assert labels == {"basket": "EUR", "orders": "{order}"}


def test_a_scrape_as_protobuf_has_what_the_text_has() -> None:
    metrics = RecordedRun().prometheus()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    text = generate_latest(registry).decode()
    families = {family.name: family for family in read_protobuf(write_protobuf(metrics))}
    [_, basket] = families["gradual_metric"].metric
    labels = {label.name: label.value for label in basket.label}
    assert labels == {"metric": "basket", "unit": "EUR", "warm_up": "false"}
    assert (basket.histogram.sample_count, basket.histogram.sample_sum) == (2, 19.99)
    for bucket in basket.histogram.bucket:
        ending = (
            f'{{le="{bucket.upper_bound!r}",metric="basket",unit="EUR",warm_up="false"}} {bucket.cumulative_count}.0'
        )
        assert f"gradual_metric_bucket{ending}" in text
    assert [series.counter.value for series in families["gradual_counter_total"].metric] == [1, 2.5]


def test_a_plan_without_metrics_has_no_such_family() -> None:
    assert not [family for family in RunMetrics().collect() if family.name in ("gradual_metric", "gradual_counter")]


def test_at_the_end_values_that_came_late_are_in_prometheus() -> None:
    run = RecordedRun()
    metrics = run.prometheus()
    [_, late] = batches(([], [("basket", 100), ("orders", 1)]))
    run.aggregate.merge("b", late)
    metrics.settle(run.summary())
    samples = samples_of(metrics)
    assert samples["gradual_metric_count", "basket", "false", ""] == 3
    assert samples["gradual_metric_sum", "basket", "false", ""] == 119.99
    assert samples["gradual_counter_total", "orders", "false", ""] == 3.5
    assert samples["gradual_metric_count", "basket", "true", ""] == 1


def test_otlp_has_a_metric_with_its_unit_for_each_name() -> None:
    first, second = RecordedRun().otlp("cumulative")
    assert (first.keys(), second.keys()) == ({"gradual.metric.basket", "gradual.metric.orders"},) * 2
    basket, orders = second["gradual.metric.basket"], second["gradual.metric.orders"]
    assert (basket.unit, orders.unit, orders.sum.is_monotonic) == ("EUR", "{order}", True)
    points = {warm_up_of(point): point for point in basket.histogram.data_points}
    assert (points[True].count, points[True].sum, points[True].min, points[True].max) == (1, 5, 5, 5)
    assert (points[False].count, points[False].sum, points[False].min, points[False].max) == (2, 19.99, 0, 19.99)
    assert {warm_up_of(point): point.as_double for point in orders.sum.data_points} == {True: 1, False: 2.5}
    bounds = (-math.inf, *points[False].explicit_bounds, math.inf)
    held = [sum(low < value <= high for value in (0, 19.99)) for low, high in pairwise(bounds)]
    assert list(points[False].bucket_counts) == held


def test_otlp_deltas_have_each_value_once() -> None:
    first, second = RecordedRun().otlp("delta")
    found = [
        [(warm_up_of(point), point.sum) for point in export["gradual.metric.basket"].histogram.data_points]
        for export in (first, second)
    ]
    assert found == [[(True, 5)], [(False, 19.99)]]


def warm_up_of(point: Any) -> bool:
    return {pair.key: pair.value.bool_value for pair in point.attributes}["gradual.warm_up"]


@given(st.lists(st.integers(0, 3_600_000_000), max_size=30))
def test_every_bucket_counts_exactly(steps: list[int]) -> None:
    histogram = histogram_of(n * NS_PER_STEP for n in steps)
    found = [sum(n <= bound for n in steps) for bound in bounds_of(1.0)]
    assert count_up_to(histogram) == (*found, len(steps))
