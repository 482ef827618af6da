"""The metrics of a run for Prometheus: counters and histograms over all closed intervals, gauges of the last interval.

Two threads use this: the reporter's thread adds intervals, the thread of a scrape calls `collect`. With a lock, a
scrape sees one state: its number of requests and its histograms have the same samples. `collect` returns copies.

The upper bounds of the classic buckets, powers of √2 seconds, are also bounds of our buckets, so their counts are
exact: an integer of nanoseconds is at most ⌊10⁹·b^i⌋ if and only if it is at most 10⁹·b^i
(`gradual_common.histogram.buckets`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from gradual_common import __version__
from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import FIRST_INDEX, SCALE
from gradual_common.histogram.histogram import Histogram
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.reporting.capacity_metrics import capacity_families
from gradual_master.reporting.metric_sums import MetricKey, MetricSums, add_metrics
from gradual_master.reporting.prometheus.values import value_families
from gradual_master.reporting.step_sums import StepKey, StepSums, add_rows
from gradual_master.reporting.text.formatting import distinct
from gradual_master.results.facts import RunFacts
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary

PER_OCTAVE = 2
STEP = 2**SCALE // PER_OCTAVE
"""How many of our buckets are in a classic bucket."""

CLASSIC = range(-10 * PER_OCTAVE, 6 * PER_OCTAVE + 1)
"""Classic buckets end at 2^(k/2) s: from 1/1024 s to 64 s. Each further one costs a series per step."""

BOUNDS = tuple(2.0 ** (k / PER_OCTAVE) for k in CLASSIC)
"""Upper bounds of the classic buckets in seconds, without the last one (+Inf)."""

BOUND_LABELS = (*(repr(bound) for bound in BOUNDS), "+Inf")

CUTS = np.array([k * STEP - FIRST_INDEX for k in CLASSIC])
"""How many of our buckets are below each bound."""

STEP_LABELS = StepKey._fields


class ResponseTimeFamily(HistogramMetricFamily):
    """Response times in two forms: classic buckets, and the histogram for a native histogram.

    Why two:

    - The text formats have only classic buckets: a few fixed bounds, each its own series. Percentiles are interpolated
      between two bounds, so they are rough.
    - A native histogram is one series with exponential buckets. Prometheus' schema 6 has the same buckets as ours:
    every
      count is copied exactly, and its percentiles are those of the summary, within the same 0.55 %. Prometheus reads
      this form only from protobuf, and only if it is configured to keep it; else it needs the classic buckets.

    So both are made here, once, under the lock, and each format of a scrape uses the forms that it has. Prometheus
    names a bucket by its upper bound (`prometheus_buckets`). Times below our lowest bucket are counted in its zero
    bucket: without that the count of the buckets would not be the count of the histogram.
    """

    def __init__(self, name: str, documentation: str, labels: Sequence[str]) -> None:
        super().__init__(name, documentation, labels=labels)
        self.native: list[tuple[dict[str, str], tuple[int, ...], Histogram]] = []
        """Labels, counts up to each of `BOUNDS`, and the histogram for the native form."""
        self._names = tuple(labels)

    def add_histogram(self, labels: Sequence[str], histogram: Histogram) -> None:
        """Add both forms of a histogram, which must not change afterwards."""
        below = cumulative(histogram)
        self.add_metric(labels, list(zip(BOUND_LABELS, map(float, below), strict=True)), histogram.sum / NS_PER_S)
        self.native.append((dict(zip(self._names, labels, strict=True)), below, histogram))


def cumulative(histogram: Histogram) -> tuple[int, ...]:
    """How many samples are at most each of `BOUNDS`, exactly; last, the number of all samples."""
    below = np.concatenate(([0], np.cumsum(histogram.counts)))[CUTS] + histogram.underflow
    return (*below.tolist(), histogram.count)


class RunMetrics(Collector):
    """The metrics of one run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.run: RunFacts | None = None
        """None before the schedule starts."""
        self._steps: dict[StepKey, StepSums] = {}
        self._values: MetricSums = {}
        self._last: IntervalRecord | None = None
        self._objectives: tuple[ObjectiveRow, ...] = ()
        self._capacity: CapacityResult | None = None
        """None before the run is judged, and in a plan without a search."""

    def begin(self, run: RunFacts) -> None:
        """Set the run; the schedule is about to start."""
        with self._lock:
            self.run = run

    def add(self, interval: IntervalRecord) -> None:
        """Add the next closed interval."""
        rows, values = interval.actions(), interval.metrics()  # before the lock: it takes milliseconds
        with self._lock:
            add_rows(self._steps, rows, warm_up=interval.warm_up)
            add_metrics(self._values, values, warm_up=interval.warm_up)
            self._last = interval
            self._objectives = interval.objectives

    def settle(self, summary: Summary) -> None:
        """Use the final counts, which include late samples of closed intervals. A counter never decreases."""
        final = {
            StepKey(row.group, row.step, row.action, row.service or "", warm_up=False): StepSums(
                row.requests, Counter(row.errors), Histogram.from_json(row.histogram)
            )
            for row in summary.actions
            if row.requests
        }
        with self._lock:
            for key, total in final.items():
                if may_become(self._steps.get(key, StepSums()), total):
                    self._steps[key] = total
            for metric, values in _final_values(summary):
                if _has_grown(self._values.get(metric, Histogram()), values):
                    self._values[metric] = values
            self._objectives = summary.verdict.objectives
            self._capacity = summary.analysis.capacity

    def collect(self) -> Iterator[Metric]:
        """All families, in one state."""
        families = list[Metric]()
        with self._lock:
            if self.run is not None:
                facts = {"run": self.run.id, "name": self.run.name, "version": __version__}
                families.append(InfoMetricFamily("gradual_run", "The run that is measured.", facts))
            families += self._counters()
            families += value_families(self._values)
            if self._last is not None:
                families += _gauges(self._last)
            families.append(_objective_gauge(self._objectives))
            families += capacity_families(self._capacity)
        return iter(families)

    def _counters(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("gradual_requests", "Completed samples.", labels=STEP_LABELS)
        failures = CounterMetricFamily("gradual_failures", "Failed samples by kind.", labels=(*STEP_LABELS, "kind"))
        times = ResponseTimeFamily(
            "gradual_response_time_seconds", "Response times of samples with a response, and timeouts.", STEP_LABELS
        )
        for key, sums in self._steps.items():
            labels = (*key[:-1], str(key.warm_up).lower())
            requests.add_metric(labels, sums.requests)
            for kind, count in sorted(sums.errors.items()):
                failures.add_metric((*labels, kind), count)
            if sums.times.count:
                times.add_histogram(labels, sums.copy().times)
        yield from (requests, failures, times)


def may_become(before: StepSums, after: StepSums) -> bool:
    """Whether no count is lower afterwards: Prometheus takes a lower value for a restart."""
    return before.requests <= after.requests and before.errors <= after.errors and _has_grown(before.times, after.times)


def _has_grown(before: Histogram, after: Histogram) -> bool:
    return (
        before.underflow <= after.underflow
        and before.overflow <= after.overflow
        and bool((before.counts <= after.counts).all())
    )


def _final_values(summary: Summary) -> Iterator[tuple[MetricKey, Histogram]]:
    """The values of every metric; without those whose sum did not fit, which have no final sum."""
    for row in summary.metrics:
        if row.count and row.sum is not None:
            yield MetricKey.of(row, warm_up=False), row.histogram


def _gauges(interval: IntervalRecord) -> Iterator[Metric]:
    users = GaugeMetricFamily("gradual_users", "Mean users over the last interval.", labels=("group", "state"))
    for state, means in (("target", interval.target), ("active", interval.users), ("stopping", interval.stopping)):
        for group, mean in means.items():
            users.add_metric((group, state), mean)
    yield users
    for metric, description, value in (
        ("gradual_users_in_request", "Mean users in a request over the last interval.", interval.in_flight),
        ("gradual_users_thinking", "Mean users waiting on purpose over the last interval.", interval.thinking),
        ("gradual_run_elapsed_seconds", "End of the last interval since the start of the schedule.", interval.end_s),
        ("gradual_agents", "Agents that reported in the last interval.", interval.agents),
    ):
        yield GaugeMetricFamily(metric, description, value)
    cpu = GaugeMetricFamily("gradual_agent_cpu_ratio", "Share of a core that an agent used.", labels=("agent",))
    lag = GaugeMetricFamily("gradual_agent_loop_lag_seconds", "Worst lag of an agent's event loop.", labels=("agent",))
    connections = GaugeMetricFamily("gradual_agent_connections", "Open connections of an agent.", labels=("agent",))
    for agent in interval.health:
        name = agent.agent
        cpu.add_metric((name,), agent.cpu)
        connections.add_metric((name,), agent.connections)
        if agent.loop_lag_ms_max is not None:
            lag.add_metric((name,), agent.loop_lag_ms_max / 1000)
    yield from (cpu, lag, connections)


def _objective_gauge(objectives: Sequence[ObjectiveRow]) -> Metric:
    gauge = GaugeMetricFamily(
        "gradual_objective_passed", "1: the run so far meets the objective, 0: it does not.", labels=("objective",)
    )
    for name, row in zip(distinct(row.name for row in objectives), objectives, strict=True):
        if row.observed is not None and row.passed is not None:
            gauge.add_metric((name,), int(row.passed))
    return gauge
