"""What arrives at an OpenTelemetry receiver is what was measured: over HTTP and gRPC, also after errors on the way."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message
from email.utils import format_datetime
from math import ceil, log2
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from histogram_samples import histogram_of
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse,
)
from otlp_receiver import DEADLINE_S, GrpcAnswer, GrpcReceiver, HttpAnswer, HttpReceiver, Receiver, retry_info
from otlp_run import BEGIN, CUMULATIVE_TEMPORALITY, DELTA, DELTA_TEMPORALITY, SECONDS, FedRun, reporter_to
from raw_run import S
from structlog.testing import capture_logs

from gradual_common import __version__
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import KINDS
from gradual_master.errors import ReporterError
from gradual_master.reporting.otlp import exporter
from gradual_master.reporting.otlp.encoding import GAUGES
from gradual_master.reporting.otlp.endpoint import find_endpoint
from gradual_master.reporting.otlp.transport import retry_after_s


@pytest.fixture(scope="module")
def run() -> FedRun:
    return FedRun()


@pytest.fixture(params=[HttpReceiver, GrpcReceiver], ids=["http", "grpc"])
def receiver(request: Any) -> Iterator[Any]:
    receiver = request.param()
    yield receiver
    receiver.stop()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second for what is back in a moment."""
    monkeypatch.setattr(exporter, "FIRST_DELAY_S", 0.02)


def points(receiver: Receiver) -> Iterator[tuple[str, dict[str, Any], Any, Any]]:
    """Metric name, attributes, data point and metric of everything that arrived, in order."""
    for arrival in receiver.full:
        for metric in arrival.request.resource_metrics[0].scope_metrics[0].metrics:
            for point in getattr(metric, metric.WhichOneof("data")).data_points:
                yield metric.name, attributes_of(point), point, metric


def attributes_of(message: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in message.attributes}


def gauge(receiver: Receiver, name: str) -> list[tuple[int, dict[str, Any], float]]:
    return [
        (p.time_unix_nano, attributes, p.as_double) for found, attributes, p, _ in points(receiver) if found == name
    ]


def step_of(attributes: dict[str, Any]) -> tuple[str, bool]:
    return attributes["gradual.step"], attributes["gradual.warm_up"]


def fed(run: FedRun, warm_up: bool) -> dict[str, list[tuple[str, int]]]:
    """(kind, ns) of every sample by step: the first second is warm-up."""
    chosen = run.samples[:1] if warm_up else run.samples[1:]
    names = ("login", "browse", "rates")
    rows: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
    for samples in chosen:
        for step, kind, ns in samples:
            rows[names[step]].append((kind, ns))
    return rows


def rebuild(points_: list[Any]) -> Histogram:
    """A histogram of exponential data points, by nothing but what they say."""
    total = Histogram()
    for point in points_:
        counts = list(point.positive.bucket_counts)
        indices = {point.positive.offset + n: count for n, count in enumerate(counts) if count}
        overflow = indices.pop(757, 0)
        document = {
            "scale": point.scale,
            "unit": "ns",
            "count": point.count,
            "sum": round(point.sum * S),
            "min": round(point.min * S),
            "max": round(point.max * S),
            "underflow": point.zero_count,
            "overflow": overflow,
            "indices": list(indices),
            "counts": list(indices.values()),
        }
        total.merge(Histogram.from_json(document))
    return total


def latencies_of(rows: list[tuple[str, int]]) -> Histogram:
    """What percentiles are taken over: samples with a response, and timeouts."""
    return histogram_of(ns for kind, ns in rows if kind != "connect")


def test_every_sample_arrives_bucket_by_bucket(run: FedRun, receiver: Any) -> None:
    """Cumulative: the last point of every step holds all of its samples."""
    assert run.through(reporter_to(receiver.url)) == []
    last = {step_of(a): p for name, a, p, _ in points(receiver) if name == "gradual.request.duration"}
    for warm_up in (True, False):
        for step, rows in fed(run, warm_up).items():
            assert rebuild([last[step, warm_up]]) == latencies_of(rows), (step, warm_up)


def test_deltas_of_a_slow_receiver_add_up_to_every_sample(run: FedRun, receiver: Any) -> None:
    assert run.through(reporter_to(receiver.url, DELTA)) == []
    for warm_up in (True, False):
        for step, rows in fed(run, warm_up).items():
            mine = [
                p
                for name, a, p, _ in points(receiver)
                if name == "gradual.request.duration" and step_of(a) == (step, warm_up)
            ]
            assert rebuild(mine) == latencies_of(rows)


def test_buckets_are_those_of_the_data_model(run: FedRun, receiver: Any) -> None:
    """Bucket i of scale s holds (base^i, base^(i+1)], base = 2^(2^-s): worked out here by logarithms."""
    run.through(reporter_to(receiver.url))
    point = [
        p
        for name, a, p, _ in points(receiver)
        if name == "gradual.request.duration" and step_of(a) == ("browse", False)
    ][-1]
    expected = Counter(ceil(log2(ns / S) * 2**point.scale) - 1 for _, ns in fed(run, False)["browse"])
    found = {point.positive.offset + n: count for n, count in enumerate(point.positive.bucket_counts) if count}
    assert found == expected
    assert point.count == sum(expected.values())


def test_requests_and_failures_are_counted_by_kind(run: FedRun, receiver: Any) -> None:
    run.through(reporter_to(receiver.url))
    requests = {step_of(a): p.as_int for name, a, p, _ in points(receiver) if name == "gradual.requests"}
    failures = {
        (*step_of(a), a["error.type"]): p.as_int for name, a, p, _ in points(receiver) if name == "gradual.failures"
    }
    for warm_up in (True, False):
        for step, rows in fed(run, warm_up).items():
            assert requests.pop((step, warm_up)) == len(rows)
            for kind, count in Counter(kind for kind, _ in rows if kind).items():
                assert failures.pop((step, warm_up, kind)) == count
    assert not requests
    assert not failures
    assert {a["gradual.action"] for name, a, _, _ in points(receiver) if name == "gradual.requests"} == {
        "login",
        "browse",
        "rates",
    }


@pytest.mark.parametrize("environ", [{}, DELTA], ids=["cumulative", "delta"])
def test_instants_are_those_of_the_intervals(run: FedRun, receiver: Any, environ: dict[str, str]) -> None:
    """Cumulative: from the start of the schedule. Deltas: each starts where the last one ended, and none is empty."""
    run.through(reporter_to(receiver.url, environ), paced_by=receiver)
    spans = dict.fromkeys(
        (p.start_time_unix_nano, p.time_unix_nano) for name, _, p, _ in points(receiver) if name == "gradual.requests"
    )
    ends = [BEGIN + second * S for second in range(1, SECONDS + 1)]
    begins = [BEGIN, *ends[:-1]] if environ else [BEGIN] * SECONDS
    # The verdict comes with the sums as they are then; of deltas there are no more.
    verdict = [] if environ else [(BEGIN, 1_767_323_052_000_000_000)]
    assert list(spans) == [*zip(begins, ends, strict=True), *verdict]
    temporality = {
        metric.WhichOneof("data"): getattr(metric, metric.WhichOneof("data")).aggregation_temporality
        for _, _, _, metric in points(receiver)
        if metric.WhichOneof("data") != "gauge"
    }
    wanted = DELTA_TEMPORALITY if environ else CUMULATIVE_TEMPORALITY
    assert temporality == {"sum": wanted, "exponential_histogram": wanted}


def test_users_and_agents_of_every_interval_arrive(run: FedRun, receiver: Any) -> None:
    run.through(reporter_to(receiver.url))
    users = {
        (at, attributes["gradual.group"], attributes["gradual.user.state"]): value
        for at, attributes, value in gauge(receiver, "gradual.users")
    }
    instants = [BEGIN + second * S for second in range(1, SECONDS + 1)]
    assert users == {
        (at, group, state): value
        for at in instants
        for group, state, value in (
            ("customer", "active", 2),
            ("customer", "stopping", 0.25),
            ("guest", "active", 1),
            ("guest", "stopping", 0),
        )
    }
    assert [value for _, _, value in gauge(receiver, "gradual.target_users")] == [2, 1] * SECONDS
    assert gauge(receiver, "gradual.agent.cpu.utilization") == [(at, {"gradual.agent": "a"}, 0.5) for at in instants]
    assert [value for _, _, value in gauge(receiver, "gradual.agent.connections")] == [6] * SECONDS
    lags = gauge(receiver, "gradual.agent.loop_lag")
    assert lags == [(at, {"gradual.agent": "a"}, pytest.approx(0.003)) for at in (*instants[:2], instants[3])], (
        "a lag that was not measured is absent"
    )


def test_an_objective_is_judged_by_its_current_state_and_without_data_only_at_the_end(
    run: FedRun, receiver: Any
) -> None:
    run.through(reporter_to(receiver.url))
    judged: dict[str, list[tuple[int, float]]] = {}
    for at, attributes, value in gauge(receiver, "gradual.objective.passed"):
        judged.setdefault(attributes["gradual.objective.name"], []).append((at, value))
    end = 1_767_323_052_000_000_000
    final = {row.name: row.passed for row in run.summary.verdict.objectives}
    assert {name: bool(rows[-1][1]) for name, rows in judged.items()} == final
    assert {rows[-1][0] for rows in judged.values()} == {end}
    assert judged["p99(ok, phase=main) < 1ms"][0] == (BEGIN + 2 * S, 0), "in the warm-up there is nothing to judge"
    assert len(judged["error_rate < 100%"]) == SECONDS


def test_resource_scope_and_units_say_whose_metrics_these_are(run: FedRun, receiver: Any) -> None:
    run.through(reporter_to(receiver.url))
    resource_metrics = receiver.full[0].request.resource_metrics[0]
    attributes = attributes_of(resource_metrics.resource)
    host = attributes.pop("host.name")
    assert host
    assert attributes == {
        "service.name": "gradual",
        "service.version": __version__,
        "service.instance.id": "run-1",
        "gradual.run.id": "run-1",
        "gradual.run.name": "raw",
        "gradual.tag.team": "payments",
    }
    scope = resource_metrics.scope_metrics[0].scope
    assert (scope.name, scope.version) == ("gradual", __version__)
    assert {name: metric.unit for name, _, _, metric in points(receiver)} == {
        "gradual.request.duration": "s",
        "gradual.requests": "{request}",
        "gradual.failures": "{request}",
        "gradual.users": "{user}",
        "gradual.target_users": "{user}",
        "gradual.agent.cpu.utilization": "1",
        "gradual.agent.loop_lag": "s",
        "gradual.agent.connections": "{connection}",
        "gradual.objective.passed": "1",
    }
    assert all(metric.sum.is_monotonic for _, _, _, metric in points(receiver) if metric.WhichOneof("data") == "sum")


def test_no_series_has_two_points_at_one_instant(run: FedRun, receiver: Any) -> None:
    """The data model's single writer, also where a lost agent and the one started in its place are called alike."""
    health = run.records[0].health[0]
    rows = (health, replace(health, agent=f"{health.agent}#2", cpu=0.9, loop_lag_ms_max=None, connections=2))
    reporter = reporter_to(receiver.url)
    reporter.prepare()
    reporter.on_test_start(run.facts)
    reporter.on_interval(replace(run.records[0], health=rows))
    receiver.wait_for(len)
    reporter.close()
    seen = Counter((name, *sorted(a.items()), p.time_unix_nano) for name, a, p, _ in points(receiver))
    assert set(seen.values()) == {1}
    shares = gauge(receiver, "gradual.agent.cpu.utilization")
    cpu = {attributes["gradual.agent"]: value for _, attributes, value in shares}
    assert cpu == {health.agent: health.cpu, f"{health.agent}#2": 0.9}
    assert len(gauge(receiver, "gradual.agent.loop_lag")) == 1


def test_headers_are_passed_and_the_body_is_compressed(run: FedRun) -> None:
    receiver = HttpReceiver()
    run.through(reporter_to(receiver.url, {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20s3cret,X-Scope=a"}))
    receiver.stop()
    arrival = receiver.full[0]
    assert arrival.headers["authorization"] == "Bearer s3cret"
    assert arrival.headers["x-scope"] == "a"
    assert arrival.headers["content-type"] == "application/x-protobuf"
    assert arrival.headers["content-encoding"] == "gzip"
    assert arrival.headers[":path"] == "/v1/metrics"
    assert arrival.headers["user-agent"] == f"gradual/{__version__}"
    assert len(arrival.raw) < len(arrival.request.SerializeToString())


def test_over_grpc_headers_are_metadata_and_messages_are_compressed(run: FedRun) -> None:
    receiver = GrpcReceiver()
    run.through(reporter_to(receiver.url, {"OTEL_EXPORTER_OTLP_METRICS_HEADERS": "api-key=s3cret"}))
    receiver.stop()
    headers = receiver.full[0].headers
    assert headers["api-key"] == "s3cret"
    assert headers["user-agent"].startswith(f"gradual/{__version__}")


def test_without_compression_the_body_is_as_it_is(run: FedRun) -> None:
    receiver = HttpReceiver()
    run.through(reporter_to(receiver.url, {"OTEL_EXPORTER_OTLP_COMPRESSION": "none"}))
    receiver.stop()
    assert "content-encoding" not in receiver.full[0].headers
    assert receiver.full[0].raw == receiver.full[0].request.SerializeToString()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("environ", [{}, DELTA], ids=["cumulative", "delta"])
@pytest.mark.parametrize(("kind", "scheme"), [(HttpReceiver, "http"), (GrpcReceiver, "grpc")], ids=["http", "grpc"])
def test_what_happened_while_the_receiver_was_away_arrives_when_it_is_there(
    run: FedRun, kind: Any, scheme: str, environ: dict[str, str]
) -> None:
    port = free_port()
    reporter = reporter_to(f"{scheme}://127.0.0.1:{port}", environ)
    with capture_logs() as logs:
        reporter.prepare()
        reporter.on_test_start(run.facts)
        for record in run.records:
            reporter.on_interval(record)
        wait_until(lambda: len(logs) == 2)
        receiver = kind(port=port)
        receiver.wait_for(len)
        reporter.on_test_complete(run.summary)
        reporter.close()
    receiver.stop()
    events = [entry["event"] for entry in logs]
    assert "does not accept metrics" in events[0]
    assert "it is tried again during the run" in events[0]
    assert ["reach" in event for event in events[1:]] == [True, True], "one event when it is gone, one when it is back"
    assert [entry["log_level"] for entry in logs] == ["warning", "warning", "info"]
    requests = [(step_of(a), p.as_int) for name, a, p, _ in points(receiver) if name == "gradual.requests"]
    arrived: Counter[Any] = Counter()
    for step, count in requests:
        arrived[step] = arrived[step] + count if environ else count
    assert arrived == {
        (step, warm_up): len(rows) for warm_up in (True, False) for step, rows in fed(run, warm_up).items()
    }
    assert len({at for at, _, _ in gauge(receiver, "gradual.users")}) == SECONDS, "users of every interval"


def test_retry_after_is_honoured(run: FedRun) -> None:
    """The same bytes come again, and not before the second is over that the receiver asked for."""
    receiver = HttpReceiver(HttpAnswer(), HttpAnswer(503, {"retry-after": "1"}))
    logs = run.through(reporter_to(receiver.url))
    receiver.stop()
    first, again = receiver.full[:2]
    assert again.raw == first.raw
    assert again.at - first.at >= 1
    assert "HTTP 503 Service Unavailable" in logs[0]["event"]
    assert "reach" in logs[-1]["event"]


def test_retry_info_is_honoured_over_grpc(run: FedRun) -> None:
    busy = GrpcAnswer(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", retry_info(0, 600_000_000))
    receiver = GrpcReceiver(GrpcAnswer(), busy)
    run.through(reporter_to(receiver.url))
    receiver.stop()
    first, again = receiver.full[:2]
    assert again.request == first.request
    assert again.at - first.at >= 0.6


@pytest.mark.parametrize(
    ("kind", "answer", "refusal"),
    [
        (HttpReceiver, HttpAnswer(400, body=b"\x08\x03\x12\x07no good"), "HTTP 400 Bad Request: no good"),
        (HttpReceiver, HttpAnswer(404, body=b"<html>\xff"), "HTTP 404 Not Found"),
        (HttpReceiver, HttpAnswer(302, {"location": "http://127.0.0.1:1/"}), "HTTP 302 Found"),
        (GrpcReceiver, GrpcAnswer(grpc.StatusCode.INVALID_ARGUMENT, "no"), "INVALID_ARGUMENT: no"),
        (GrpcReceiver, GrpcAnswer(grpc.StatusCode.RESOURCE_EXHAUSTED), "RESOURCE_EXHAUSTED"),
    ],
    ids=["400", "a page that is not there", "a redirect", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED without a RetryInfo"],
)
def test_what_is_refused_is_reported_and_not_sent_again(run: FedRun, kind: Any, answer: Any, refusal: str) -> None:
    """The sums are in the next export all the same."""
    receiver = kind(type(answer)(), answer)
    logs = run.through(reporter_to(receiver.url), paced_by=receiver)
    receiver.stop()
    assert logs[0]["event"] == f"otlp: {receiver.url}{path_of(receiver)} rejects metrics: {refusal}"
    assert f"1 of {SECONDS + 1} exports did not arrive" in logs[-1]["event"]
    assert logs[-1]["event"].endswith("its sums of requests and times are complete")
    assert len({arrival.request.SerializeToString() for arrival in receiver.full}) == len(receiver.full)
    last = {step_of(a): p.as_int for name, a, p, _ in points(receiver) if name == "gradual.requests"}
    assert last["browse", False] == len(fed(run, False)["browse"])


def path_of(receiver: Any) -> str:
    return "/v1/metrics" if isinstance(receiver, HttpReceiver) else ""


@pytest.mark.parametrize("kind", [HttpReceiver, GrpcReceiver], ids=["http", "grpc"])
def test_partial_success_is_reported_once_and_counted(run: FedRun, kind: Any) -> None:
    partial = ExportMetricsPartialSuccess(rejected_data_points=3, error_message="too old")
    response = ExportMetricsServiceResponse(partial_success=partial)
    answer: Any = (
        HttpAnswer(body=response.SerializeToString()) if kind is HttpReceiver else GrpcAnswer(response=response)
    )
    receiver = kind(type(answer)(), answer, answer)
    logs = run.through(reporter_to(receiver.url), paced_by=receiver)
    receiver.stop()
    events = [entry["event"] for entry in logs]
    where = f"{receiver.url}{path_of(receiver)}"
    assert events == [
        f"otlp: {where} accepted an export, but: 3 data points were rejected: too old",
        f"otlp: {where}: 6 data points were rejected",
    ]


@pytest.mark.parametrize("environ", [{}, DELTA], ids=["cumulative", "delta"])
def test_a_receiver_that_never_answers_delays_the_end_only_briefly(
    run: FedRun, receiver: Any, environ: dict[str, str]
) -> None:
    """Intervals are accepted while an export hangs; at the end is logged what did not arrive."""
    reporter = reporter_to(receiver.url, environ | {"OTEL_EXPORTER_OTLP_TIMEOUT": "200"}, finish_s=0.3)
    with capture_logs() as logs:
        reporter.prepare()
        receiver.hold.clear()
        reporter.on_test_start(run.facts)
        reporter.on_interval(run.records[0])
        receiver.wait_for(len)
        for record in run.records[1:]:
            reporter.on_interval(record)
        reporter.on_test_complete(run.summary)
        reporter.close()
    receiver.hold.set()
    event = logs[-1]["event"]
    assert f"{SECONDS + 1} of {SECONDS + 1} exports did not arrive: " in event
    count = sum(map(len, run.samples))
    assert event.endswith(
        f"{count} requests are missing from its sums" if environ else "its sums end before the run did"
    )
    assert logs[-1]["log_level"] == "warning"


@pytest.mark.parametrize(("kind", "scheme"), [(HttpReceiver, "http"), (GrpcReceiver, "grpc")], ids=["http", "grpc"])
def test_the_end_of_a_run_waits_out_no_back_off(run: FedRun, kind: Any, scheme: str) -> None:
    """In a pause of half a minute an attempt is made at once, and the pauses after it are short again."""
    port = free_port()
    reporter = reporter_to(f"{scheme}://127.0.0.1:{port}")
    with capture_logs() as logs:
        reporter.prepare()
        reporter.on_test_start(run.facts)
        assert reporter._exporter is not None
        reporter._exporter._delays = iter([60.0])
        reporter.on_interval(run.records[0])
        wait_until(lambda: len(logs) == 2)
        receiver = kind(HttpAnswer(503) if kind is HttpReceiver else GrpcAnswer(grpc.StatusCode.UNAVAILABLE), port=port)
        reporter.on_test_complete(run.summary)
        reporter.close()
    receiver.stop()
    assert "again" in logs[-1]["event"]
    assert len(receiver.full) >= 2


def test_of_deltas_that_did_not_arrive_the_requests_are_counted(run: FedRun) -> None:
    reporter = reporter_to(f"http://127.0.0.1:{free_port()}", DELTA, finish_s=0.05)
    logs = run.through(reporter)
    count = sum(map(len, run.samples))
    assert logs[-1]["event"].endswith(f"Connection refused; {count} requests are missing from its sums")


def test_a_reporter_whose_run_never_starts_is_closed(receiver: Any) -> None:
    reporter = reporter_to(receiver.url)
    reporter.close()
    reporter.prepare()
    reporter.close()
    reporter.close()
    assert [len(arrival.request.resource_metrics) for arrival in receiver.arrivals] == [0]


def test_a_failure_of_the_sending_thread_is_raised_where_intervals_come_in(run: FedRun, receiver: Any) -> None:
    reporter = reporter_to(receiver.url)
    reporter.prepare()
    reporter.on_test_start(run.facts)
    broken = replace(run.records[0], users={"\ud800": 1.0}, stopping={"\ud800": 0.0}, target={"\ud800": 1.0})
    reporter.on_interval(broken)
    with pytest.raises(UnicodeEncodeError):
        wait_until(lambda: reporter.on_interval(run.records[1]) is not None)
    reporter.close()


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_tls_is_verified_against_the_given_authority(run: FedRun, scheme: str, tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    receiver = _tls_receiver(scheme, certificate)
    for name, ca in (("good.pem", authority), ("bad.pem", stranger)):
        ca.cert_pem.write_to_path(tmp_path / name)
    url = f"{scheme}://127.0.0.1:{receiver.port}"
    good = run.through(reporter_to(url, {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "good.pem")}))
    arrived = len(receiver.full)
    bad = run.through(reporter_to(url, {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "bad.pem")}, finish_s=0.05))
    receiver.stop()
    assert good == []
    assert arrived > 0
    assert len(receiver.full) == arrived
    assert "did not arrive" in bad[-1]["event"]


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_with_a_certificate_of_its_own_it_is_let_in(run: FedRun, scheme: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    receiver = _tls_receiver(scheme, authority.issue_cert("127.0.0.1"), clients=authority)
    mine = authority.issue_cert("gradual@example.org")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "mine.pem")
    mine.private_key_pem.write_to_path(tmp_path / "key.pem")
    files = {"CERTIFICATE": "ca.pem", "CLIENT_CERTIFICATE": "mine.pem", "CLIENT_KEY": "key.pem"}
    environ = {f"OTEL_EXPORTER_OTLP_{name}": str(tmp_path / file) for name, file in files.items()}
    url = f"{scheme}://127.0.0.1:{receiver.port}"
    assert run.through(reporter_to(url, environ)) == []
    arrived = len(receiver.full)
    environ = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "ca.pem")}
    stranger = run.through(reporter_to(url, environ, finish_s=0.05))
    receiver.stop()
    assert "did not arrive" in stranger[-1]["event"]
    assert len(receiver.full) == arrived > 0


def _tls_receiver(scheme: str, certificate: trustme.LeafCert, clients: trustme.CA | None = None) -> Any:
    """A receiver with this certificate, that wants one of `clients` from the client, if given."""
    chain = certificate.cert_chain_pems[0].bytes()
    if scheme == "grpcs":
        root = clients.cert_pem.bytes() if clients is not None else None
        pair = (certificate.private_key_pem.bytes(), chain)
        return GrpcReceiver(credentials=grpc.ssl_server_credentials([pair], root, clients is not None))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return HttpReceiver(tls=context)


def test_an_answer_of_something_else_is_reported_before_the_run(run: FedRun) -> None:
    page = HttpAnswer(body=b"<html>welcome</html>")
    receiver = HttpReceiver(page, page, page)
    logs = run.through(reporter_to(receiver.url), paced_by=receiver)
    receiver.stop()
    assert ["the answer is not OTLP" in entry["event"] for entry in logs] == [True, True]


def test_an_answer_that_trickles_is_not_waited_for(run: FedRun) -> None:
    """Every byte comes in time, and all of them would take two seconds."""
    receiver = HttpReceiver(HttpAnswer(), HttpAnswer(body=b"x" * 40, pause_s=0.05))
    logs = run.through(reporter_to(receiver.url, {"OTEL_EXPORTER_OTLP_TIMEOUT": "300"}))
    receiver.stop()
    assert "no answer in time; they are kept and sent again" in logs[0]["event"]
    assert receiver.full[1].raw == receiver.full[0].raw


@pytest.mark.parametrize(("url", "shown"), [("https://c:1", "https://c:1/v1/metrics"), ("grpcs://c:1", "grpcs://c:1")])
def test_a_certificate_that_is_none_is_an_error_before_the_run(url: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ReporterError, match=re.escape(f"the TLS files for {shown} cannot be used")):
        reporter_to(url, {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "ca.pem")}).prepare()


def test_a_proxy_is_not_asked_for_this_machine(run: FedRun, receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert run.through(reporter_to(receiver.url)) == []
    assert find_endpoint("grpc://[::1]:1", {}).is_loopback
    assert not find_endpoint("http://collector:4318", {}).is_loopback


def test_an_unknown_temporality_is_warned_of_and_cumulative_is_taken(run: FedRun) -> None:
    receiver = HttpReceiver()
    logs = run.through(reporter_to(receiver.url, {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "both"}))
    receiver.stop()
    assert "must be cumulative, delta or lowmemory" in logs[0]["event"]
    assert {p.start_time_unix_nano for name, _, p, _ in points(receiver) if name == "gradual.requests"} == {BEGIN}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (format_datetime(datetime(2026, 1, 1, 0, 1, tzinfo=UTC), usegmt=True), 60.0),
        (format_datetime(datetime(2025, 1, 1, tzinfo=UTC), usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    headers = Message()
    if text is not None:
        headers["Retry-After"] = text
    assert retry_after_s(headers, datetime(2026, 1, 1, tzinfo=UTC)) == seconds


def test_back_off_doubles_up_to_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "FIRST_DELAY_S", 1.0)
    for delay, longest in zip(exporter.back_off_s(), (1, 2, 4, 8, 16, 30, 30, 30), strict=False):
        assert longest / 2 <= delay <= longest


def test_failure_kinds_are_those_of_the_results(run: FedRun, receiver: Any) -> None:
    run.through(reporter_to(receiver.url))
    assert {a["error.type"] for name, a, _, _ in points(receiver) if name == "gradual.failures"} <= set(KINDS)


def test_the_documentation_names_every_metric_with_its_unit_and_attributes(run: FedRun) -> None:
    receiver = HttpReceiver()
    run.through(reporter_to(receiver.url))
    receiver.stop()
    page = (Path(__file__).parents[4] / "docs/telemetry.md").read_text()
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `gradual.")}
    for name, attributes, _, metric in points(receiver):
        assert f"`{metric.unit}`" in rows[name]
        missing = [key for key in attributes if f"`{key}`" not in rows[name] and "the same" not in rows[name]]
        assert missing == [], name
    for name, (unit, _) in GAUGES.items():
        assert f"`{unit}`" in rows[name]
