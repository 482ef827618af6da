"""A run as Prometheus' reporter is given it, and what a scrape of it says."""

import io
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.proto import parse_length_prefixed
from prometheus_client.parser import text_string_to_metric_families
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of

from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.batch import Health
from gradual_master.reporting.prometheus.metrics import RunMetrics
from gradual_master.reporting.prometheus.protobuf import MetricFamily
from gradual_master.reporting.prometheus.reporter import PrometheusReporter
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
"""What Prometheus 2.42 says with --enable-feature=native-histograms."""

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PAGE = (Path(__file__).parents[2] / "docs/reporters.md").read_text()

TIMES = [(n + 1) * 7 * MS for n in range(40)]
"""Response times of the logins of an interval: 7 to 280 ms, evenly."""


@dataclass
class ReportedRun:
    """What a reporter gets."""

    run: RunFacts
    intervals: list[IntervalRecord]
    summary: Summary


def reported_run(seconds: int = 3, warm_up: int = 0, plan: Plan | None = None) -> ReportedRun:
    """Every second 40 logins, 3 browses of which 2 fail; in the drain, a second later, 1 guest's."""
    plan, schedule = plan or plan_of(), schedule_of(*[(4, 2)] * seconds, seconds=1, warm_up=warm_up)
    aggregate, records = aggregate_of(plan, schedule), []
    samples = [(0, "", ns) for ns in TIMES] + [(1, "", MS), (1, "status", 2 * MS), (1, "timeout", 90 * S)]
    users = [(4, 2, 1.5, 0.25), (2, 0.5, 0.5, 0)]
    for number in range(seconds):
        stretch = Stretch(number, number * S, (number + 1) * S, samples, users=users)
        health = Health(0.75, 6, 12, 0)
        aggregate.merge("a", batch_of(number + 1, number, stretch, loop_lags=[3 * MS], health=health))
        records.append(aggregate.close(number))
    drain = Stretch(-1, seconds * S, (seconds + 1) * S, [(2, "", 5 * MS), (2, "connect", MS)])
    aggregate.merge("a", batch_of(seconds + 1, seconds, drain, last=True))
    records.append(aggregate.close(seconds))
    summary = build_summary(aggregate, fleet_of(agent("a")), run_of())
    return ReportedRun(run_of(), records, summary)


def metrics_of(reported: ReportedRun, *, complete: bool = False) -> RunMetrics:
    metrics = RunMetrics()
    metrics.begin(reported.run)
    for record in reported.intervals:
        metrics.add(record)
    if complete:
        metrics.settle(reported.summary)
    return metrics


def samples_of(metrics: RunMetrics) -> dict[tuple[str, ...], float]:
    """(name, each label's value in the order of the labels' names) → value."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def scrape(reporter: PrometheusReporter, accept: str = "", path: str = "") -> tuple[str, bytes]:
    assert reporter.url is not None
    request = urllib.request.Request(reporter.url + path, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.headers["Content-Type"], response.read()


def feed(reporter: PrometheusReporter, reported: ReportedRun) -> None:
    reporter.on_test_start(reported.run)
    for record in reported.intervals:
        reporter.on_interval(record)


def parsed_text(body: bytes) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(body.decode())}


def read_protobuf(body: bytes) -> list[Any]:
    stream, families = io.BytesIO(body), []
    while (family := parse_length_prefixed(MetricFamily, stream)) is not None:
        families.append(family)
    return families


def wait_until(look: Callable[[], Any], deadline_s: float = 60.0) -> Any:
    """What `look` returns once it is not None."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"nothing after {deadline_s} s")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
