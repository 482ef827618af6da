"""The key numbers of a run as OpenMetrics text (`-o openmetrics=PATH`), for pipelines that compare two runs.

GitLab compares such a file of a merge request with that of the target branch (`artifacts: reports: metrics`), by name
and labels. So the same plan gives the same lines, in the same order: nothing in a label differs from run to run, as run
ids and times of day do. Times are seconds, as in the metrics for Prometheus.

Format: https://github.com/prometheus/OpenMetrics, specification/OpenMetrics.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, StateSetMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from gradual_common.process.exit_codes import Status
from gradual_master.reporting.capacity_metrics import capacity_families
from gradual_master.reporting.interface.files import FileReporter
from gradual_master.reporting.text.formatting import distinct
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.metrics import MetricRow
from gradual_master.results.summary.sections import ActionRow, GroupRow, Summary

STEP_LABELS = ("group", "step", "action", "service")
QUANTILES = {"0.5": "p50", "0.95": "p95", "0.99": "p99"}
"""Label → key of a `Distribution`."""

DIGITS = 9
"""Of seconds: a nanosecond. Without rounding, 2.3 ms would be 0.0022999999999999995 s."""


def render_openmetrics(summary: Summary) -> str:
    """The text, ending in `# EOF`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SummaryMetrics(summary))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # prometheus_client has no types here
    return text.decode()


class OpenMetricsReporter(FileReporter):
    """Writes the file when the run is judged."""

    option = "openmetrics"
    default = "metrics.txt"
    render = staticmethod(render_openmetrics)


class SummaryMetrics(Collector):
    """The metrics of one summary; what has no data is absent."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary

    def collect(self) -> Iterator[Metric]:
        """All families: the verdict, the whole run, its steps, its groups, its objectives, its capacity."""
        yield from _of_run(self._summary)
        yield from _of_steps(self._summary.actions)
        yield from _of_metrics(self._summary.metrics)
        yield from _of_groups(self._summary.groups)
        yield _of_objectives(self._summary.verdict.objectives)
        yield from capacity_families(self._summary.analysis.capacity)


def _of_run(summary: Summary) -> Iterator[Metric]:
    run, totals = summary.run, summary.totals
    states = {status: status == summary.verdict.status for status in get_args(Status)}
    yield StateSetMetricFamily("gradual_verdict", "What the run is: 1 for one of them.", states)
    yield GaugeMetricFamily("gradual_exit_code", "The exit code of the command.", run.exit_code)
    yield GaugeMetricFamily("gradual_run_duration_seconds", "How long the run took.", run.duration_s)
    yield CounterMetricFamily("gradual_run_requests", "Completed samples of the run.", totals.requests)
    yield CounterMetricFamily("gradual_run_failures", "Failed samples of the run.", totals.failures)
    rates = (("throughput", "Successful", totals.throughput_rps), ("request_rate", "All", totals.request_rate_rps))
    for name, which, rate in rates:
        if rate is not None:
            yield GaugeMetricFamily(f"gradual_run_{name}_rps", f"{which} samples per second.", rate)
    times = _times("gradual_run_response_time_seconds", "Response times of the run.")
    _add_quantiles(times, {}, totals.response_time_ms)
    yield times


def _of_steps(actions: Sequence[ActionRow]) -> Iterator[Metric]:
    requests = CounterMetricFamily("gradual_requests", "Completed samples.", labels=STEP_LABELS)
    failures = CounterMetricFamily("gradual_failures", "Failed samples.", labels=STEP_LABELS)
    times = _times("gradual_response_time_seconds", "Response times of samples with a response, and timeouts.")
    for row in actions:
        names = _encodable((row.group, row.step, row.action, row.service or ""))
        requests.add_metric(names, row.requests)
        failures.add_metric(names, row.failures)
        _add_quantiles(times, dict(zip(STEP_LABELS, names, strict=True)), row.response_time_ms)
    yield from (requests, failures, times)


def _of_metrics(rows: Sequence[MetricRow]) -> Iterator[Metric]:
    """Custom metrics, each in its own unit."""
    if not rows:
        return
    values = Metric("gradual_metric", "Values that the plan records, each in its own unit.", "summary")
    for row in rows:
        name, unit = _encodable((row.name, row.unit))
        labels = {"metric": name, "unit": unit}
        if row.type == "histogram":
            for quantile, key in QUANTILES.items():
                if row[key] is not None:
                    values.add_sample("gradual_metric", {**labels, "quantile": quantile}, row[key])
        values.add_sample("gradual_metric_count", labels, row.count)
        if row.sum is not None:
            values.add_sample("gradual_metric_sum", labels, row.sum)
    yield values


def _of_groups(groups: Sequence[GroupRow]) -> Iterator[Metric]:
    users = GaugeMetricFamily(
        "gradual_users", "Users: the most that were scheduled, the most at once, and the mean.", labels=("group", "of")
    )
    for row in groups:
        for of, number in (("target", row.users_target), ("max", row.users_max), ("mean", row.users_mean)):
            if number is not None:
                users.add_metric((*_encodable((row.name,)), of), number)
    yield users


def _of_objectives(objectives: Sequence[ObjectiveRow]) -> Metric:
    gauge = GaugeMetricFamily("gradual_objective_passed", "1: it was met, 0: it was not.", labels=("objective",))
    for name, row in zip(distinct(row.name for row in objectives), objectives, strict=True):
        if row.passed is not None:
            gauge.add_metric(_encodable((name,)), int(row.passed))
    return gauge


def _times(name: str, documentation: str) -> Metric:
    # `SummaryMetricFamily` has no quantiles; the format does.
    return Metric(name, documentation, "summary")


def _add_quantiles(family: Metric, labels: dict[str, str], times: Distribution) -> None:
    for quantile, key in QUANTILES.items():
        if times[key] is not None:
            family.add_sample(family.name, {**labels, "quantile": quantile}, round(times[key] / 1000, DIGITS))


def _encodable(names: Iterable[str]) -> tuple[str, ...]:
    """Names without lone surrogates, which UTF-8 does not have."""
    return tuple(name.encode("utf-8", "replace").decode() for name in names)
