"""The Prometheus endpoint: what it exposes, in each form, is what was measured; and Prometheus itself reads it so."""

import io
import json
import math
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.proto import parse_length_prefixed
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of
from structlog.testing import capture_logs

from gradual_common import __version__
from gradual_common.histogram.buckets import QUANTILE_ERROR
from gradual_common.histogram.histogram import Histogram
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.batch import Health
from gradual_master.errors import ReporterError
from gradual_master.reporting.prometheus.metrics import BOUNDS, RunMetrics, cumulative
from gradual_master.reporting.prometheus.protobuf import CONTENT_TYPE, MetricFamily, deltas, spans
from gradual_master.reporting.prometheus.reporter import PrometheusReporter
from gradual_master.reporting.prometheus.server import prefers_protobuf
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
PAGE = (Path(__file__).parents[4] / "docs/reporters.md").read_text()

TIMES = [(n + 1) * 7 * MS for n in range(40)]
"""Response times of the logins of an interval: 7 to 280 ms, evenly."""


class Options:
    allow_missing = 0.01
    allow_saturated = False


@dataclass
class Fed:
    """What a reporter was told."""

    run: RunFacts
    intervals: list[IntervalRecord]
    summary: Summary


def fed(seconds: int = 3, warm_up: int = 0, plan: Plan | None = None) -> Fed:
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
    summary = build_summary(aggregate, fleet_of(agent("a")), run_of(), Options())
    return Fed(run_of(), records, summary)


def metrics_of(told: Fed, *, complete: bool = False) -> RunMetrics:
    metrics = RunMetrics()
    metrics.begin(told.run)
    for record in told.intervals:
        metrics.add(record)
    if complete:
        metrics.settle(told.summary.actions, told.summary.verdict.objectives)
    return metrics


def samples_of(metrics: RunMetrics) -> dict[tuple[str, ...], float]:
    """(name, each label's value in the order of the labels' names) → value."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


@pytest.fixture
def reporter() -> Iterator[PrometheusReporter]:
    made = PrometheusReporter("127.0.0.1:0")
    made.prepare()
    yield made
    made.close()


def scrape(reporter: PrometheusReporter, accept: str = "", path: str = "") -> tuple[str, bytes]:
    assert reporter.url is not None
    request = urllib.request.Request(reporter.url + path, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.headers["Content-Type"], response.read()


def feed(reporter: PrometheusReporter, told: Fed) -> None:
    reporter.on_test_start(told.run)
    for record in told.intervals:
        reporter.on_interval(record)


def test_counters_are_the_summary_of_a_run_without_warm_up_with_its_drain() -> None:
    told = fed()
    samples = samples_of(metrics_of(told))
    for row in told.summary.actions:
        assert samples["gradual_requests_total", row.action, row.group, row.step, "false"] == row.requests
        count = samples["gradual_response_time_seconds_count", row.action, row.group, row.step, "false"]
        assert count == row.response_time_ms.count
        for kind, failures in row.errors.items():
            assert samples["gradual_failures_total", row.action, row.group, kind, row.step, "false"] == failures
    assert sum(value for key, value in samples.items() if key[0] == "gradual_requests_total") == 131
    assert sum(value for key, value in samples.items() if key[0] == "gradual_failures_total") == 7
    assert told.summary.totals.requests == 131


def test_warm_up_has_a_label_of_its_own() -> None:
    told = fed(3, warm_up=1)
    samples = samples_of(metrics_of(told))
    assert samples["gradual_requests_total", "login", "customer", "login", "true"] == 40
    assert samples["gradual_requests_total", "login", "customer", "login", "false"] == 80
    assert told.summary.actions[0].requests == 80


def test_the_gauges_are_those_of_the_last_interval() -> None:
    told = fed(2)
    told.intervals.pop()
    samples = samples_of(metrics_of(told))
    gauges = {
        ("gradual_users", "customer", "target"): 4,
        ("gradual_users", "customer", "active"): 4,
        ("gradual_users", "customer", "stopping"): 0.25,
        ("gradual_users", "guest", "target"): 2,
        ("gradual_users_in_request",): 2.5,
        ("gradual_users_thinking",): 2.0,
        ("gradual_agents",): 1,
        ("gradual_agent_cpu_ratio", "a"): 0.75,
        ("gradual_agent_loop_lag_seconds", "a"): 0.003,
        ("gradual_agent_connections", "a"): 12,
        ("gradual_run_elapsed_seconds",): 2,
        ("gradual_run_info", "raw", "run-1", __version__): 1,
    }
    assert {key: samples[key] for key in gauges} == gauges


def test_objectives_of_one_name_are_told_apart() -> None:
    told = fed(1)
    last = told.intervals[0]
    rows = last.objectives
    told.intervals = [replace(last, objectives=(rows[0], replace(rows[0], passed=False)))]
    samples = samples_of(metrics_of(told))
    assert samples["gradual_objective_passed", rows[0].name] == 1
    assert samples["gradual_objective_passed", f"{rows[0].name} (2)"] == 0


def test_an_objective_without_data_is_absent() -> None:
    told = fed(1, plan=plan_of(thresholds=["p95(login) < 1ms", "p95(login) < 1s", "p95(rates) < 1s"]))
    metrics = metrics_of(Fed(told.run, told.intervals[:1], told.summary))
    seen = {key[1]: value for key, value in samples_of(metrics).items() if key[0] == "gradual_objective_passed"}
    assert seen == {"p95(login) < 1ms": 0, "p95(login) < 1s": 1, "error_rate < 5% (default)": 1, "error_rate < 100%": 1}
    metrics.settle(told.summary.actions, told.summary.verdict.objectives)
    seen = {key[1]: value for key, value in samples_of(metrics).items() if key[0] == "gradual_objective_passed"}
    assert seen["p95(rates) < 1s"] == 1, "the drain brought one"


def test_what_was_not_measured_is_absent() -> None:
    metrics = RunMetrics()
    assert samples_of(metrics) == {}
    metrics.begin(run_of())
    assert list(samples_of(metrics)) == [("gradual_run_info", "raw", "run-1", __version__)]


def test_at_the_end_counts_take_in_what_came_late_and_never_go_back() -> None:
    told = fed()
    missed = Fed(told.run, told.intervals[1:], told.summary)
    assert samples_of(metrics_of(missed, complete=True)) == samples_of(metrics_of(told, complete=True))
    counted_on = metrics_of(told)
    counted_on.add(told.intervals[0])
    before = samples_of(counted_on)
    counted_on.settle(told.summary.actions, told.summary.verdict.objectives)
    after = samples_of(counted_on)
    assert all(after[key] >= value for key, value in before.items() if key[0].endswith(("_total", "_count", "_bucket")))


@given(st.lists(st.one_of(st.integers(1, 100 * S), st.sampled_from([math.floor(b * S) for b in BOUNDS])), max_size=30))
def test_every_classic_bucket_counts_exactly(values: list[int]) -> None:
    histogram = Histogram()
    for value in [*values, *(value + 1 for value in values)]:
        histogram.add(value)
    everything = sorted([*values, *(value + 1 for value in values)])
    assert cumulative(histogram) == (*(sum(v <= bound * S for v in everything) for bound in BOUNDS), len(everything))


@given(st.dictionaries(st.integers(-1300, 800), st.integers(1, 2**40), max_size=40))
def test_spans_and_deltas_say_which_buckets_hold_how_many(buckets: dict[int, int]) -> None:
    rising = dict(sorted(buckets.items()))
    index, indices = 0, []
    for offset, length in spans(rising):
        indices += range(index + offset, index + offset + length)
        index += offset + length
    total, counts = 0, []
    for delta in deltas(rising.values()):
        total += delta
        counts.append(total)
    assert dict(zip(indices, counts, strict=True)) == rising


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (PROTOBUF, True),
        (OPENMETRICS, False),
        ("", False),
        ("*/*", False),
        ("application/vnd.google.protobuf", False),
        ("application/vnd.google.protobuf;proto=other;encoding=delimited", False),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", False),
        ("text/plain;q=0.9, " + CONTENT_TYPE + ";q=0.8", False),
        (CONTENT_TYPE + ";q=0", False),
        (CONTENT_TYPE + ";q=high", False),
        ('APPLICATION/vnd.google.protobuf; Proto="io.prometheus.client.MetricFamily"; encoding=delimited', True),
    ],
)
def test_protobuf_is_written_for_those_who_like_it_best(accept: str, wanted: bool) -> None:
    assert prefers_protobuf(accept) is wanted


def parsed_text(body: bytes) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(body.decode())}


def test_texts_are_what_their_parsers_read(reporter: PrometheusReporter) -> None:
    told = fed()
    feed(reporter, told)
    expected = samples_of(metrics_of(told))
    content_type, body = scrape(reporter)
    assert content_type.startswith("text/plain; version=0.0.4")
    content_type, modern = scrape(reporter, OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    families = [*openmetrics_parser.text_string_to_metric_families(modern.decode())]
    for form in (parsed_text(body).values(), families):
        read = {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in form
            for sample in family.samples
        }
        assert read == expected


def test_label_values_survive_whatever_stands_in_them(reporter: PrometheusReporter) -> None:
    told = fed(1)
    odd = 'a "quoted" \\ back\nslash {x="1"} ü'
    told.intervals[0] = replace(told.intervals[0], target={odd: 3.0}, users={odd: 2.0}, stopping={odd: 1.0})
    reporter.on_test_start(replace(told.run, name=odd))
    reporter.on_interval(told.intervals[0])
    families = parsed_text(scrape(reporter)[1])
    assert {sample.labels["group"] for sample in families["gradual_users"].samples} == {odd}
    assert families["gradual_run_info"].samples[0].labels["name"] == odd
    groups = {
        label.value
        for family in read_protobuf(scrape(reporter, PROTOBUF)[1])
        if family.name == "gradual_users"
        for metric in family.metric
        for label in metric.label
        if label.name == "group"
    }
    assert groups == {odd}


def read_protobuf(body: bytes) -> list[Any]:
    stream, families = io.BytesIO(body), []
    while (family := parse_length_prefixed(MetricFamily, stream)) is not None:
        families.append(family)
    return families


def test_protobuf_holds_the_same_and_loses_nothing_of_a_histogram(reporter: PrometheusReporter) -> None:
    told = fed()
    feed(reporter, told)
    content_type, body = scrape(reporter, PROTOBUF)
    assert content_type == CONTENT_TYPE
    families = {family.name: family for family in read_protobuf(body)}
    flat = {
        (name, *(label.value for label in sorted(metric.label, key=lambda label: label.name))): (
            metric.counter.value if family.type == 0 else metric.gauge.value
        )
        for name, family in families.items()
        for metric in family.metric
        if family.type in (0, 1)
    }
    text = samples_of(metrics_of(told))
    assert flat == {key: value for key, value in text.items() if "response_time" not in key[0]}
    metrics = families["gradual_response_time_seconds"].metric
    login = next(m.histogram for m in metrics if any(label.value == "login" for label in m.label))
    whole = Histogram.from_json(told.summary.actions[0].histogram)
    assert (login.sample_count, login.sample_sum) == (120, whole.sum / S)
    assert login.schema == 6
    assert [bucket.cumulative_count for bucket in login.bucket] == list(cumulative(whole)[:-1])
    assert sum(span.length for span in login.positive_span) == len(whole.prometheus_buckets())


def test_there_is_nothing_but_metrics(reporter: PrometheusReporter) -> None:
    reporter.on_test_start(run_of())
    with pytest.raises(urllib.error.HTTPError, match="404"):
        scrape(reporter, path="/../../etc/passwd")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        scrape(reporter, path="s")
    assert scrape(reporter, path="?x=1")[1]


def test_before_the_run_has_begun_it_says_so(reporter: PrometheusReporter) -> None:
    with pytest.raises(urllib.error.HTTPError, match="503"):
        scrape(reporter)
    reporter.on_test_start(run_of())
    assert b"gradual_run_info" in scrape(reporter)[1]


def test_the_last_values_stay_until_it_is_closed_and_then_the_port_is_free() -> None:
    told = fed()
    reporter = PrometheusReporter("0")
    reporter.prepare()
    feed(reporter, told)
    reporter.on_test_complete(told.summary)
    assert parsed_text(scrape(reporter)[1])["gradual_requests"].samples[0].value == 120
    assert reporter.url is not None
    port = urllib.parse.urlsplit(reporter.url).port
    reporter.close()
    reporter.close()
    assert reporter.url is None
    again = PrometheusReporter(str(port))
    again.prepare()
    again.close()


def test_a_port_that_is_taken_is_said_before_the_load() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ReporterError, match=rf"prometheus={port}: 127.0.0.1:{port} cannot be listened on: Address"):
            PrometheusReporter(str(port)).prepare()


@pytest.mark.parametrize("arg", ["nine", "127.0.0.1:", "127.0.0.1:70000", "::1:9464", ":9464", "unix:/tmp/x", "-1"])
def test_an_address_that_is_none_is_said_before_the_load(arg: str) -> None:
    with pytest.raises(ReporterError, match=r"this is no \[HOST:\]PORT|scrapes no Unix sockets"):
        PrometheusReporter(arg).prepare()


def test_a_host_that_is_not_there_is_said_before_the_load() -> None:
    with pytest.raises(ReporterError, match="cannot be listened on"):
        PrometheusReporter("192.0.2.1:0").prepare()


def test_off_loopback_it_warns_that_anyone_can_read() -> None:
    for arg, warnings in (("0.0.0.0:0", 1), ("127.0.0.1:0", 0), ("localhost:0", 0)):
        reporter = PrometheusReporter(arg)
        with capture_logs() as logs:
            reporter.prepare()
        reporter.close()
        assert sum(entry["log_level"] == "warning" for entry in logs) == warnings, arg


def test_ipv6_is_served_too() -> None:
    reporter = PrometheusReporter("[::1]:0")
    try:
        reporter.prepare()
    except ReporterError as error:
        pytest.skip(f"no IPv6 here: {error}")
    reporter.on_test_start(run_of())
    assert b"gradual_run_info" in scrape(reporter)[1]
    reporter.close()


def test_a_scrape_that_fails_is_logged_and_the_next_one_answered(
    reporter: PrometheusReporter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as logs:
        reporter.on_test_start(run_of())
        with monkeypatch.context() as patch:
            patch.setattr(RunMetrics, "collect", lambda _: iter([None]))
            with pytest.raises(OSError):  # noqa: PT011  # however the connection ends
                scrape(reporter)
        wait_until(lambda: any("could not be answered" in entry["event"] for entry in logs) or None)
    assert scrape(reporter)[1]
    assert capsys.readouterr() == ("", "")


def test_scrapes_while_intervals_come_see_one_moment_each(reporter: PrometheusReporter) -> None:
    told = fed(40)
    reporter.on_test_start(told.run)
    feeder = threading.Thread(target=lambda: [reporter.on_interval(record) for record in told.intervals])
    feeder.start()
    seen = []
    while feeder.is_alive() or not seen:
        families = parsed_text(scrape(reporter)[1])
        requests = Counter({"login": 0, "browse": 0})
        for sample in families["gradual_requests"].samples:
            requests[sample.labels["action"]] += int(sample.value)
        counts = {
            sample.labels["action"]: sample.value
            for sample in families["gradual_response_time_seconds"].samples
            if sample.name.endswith("_count")
        }
        assert requests["login"] * 3 == requests["browse"] * 40
        assert counts.get("login", 0) == requests["login"]
        seen.append(requests["login"])
    feeder.join()
    assert seen == sorted(seen)


# ── Prometheus itself ─────────────────────────────────────────────────────────────────────────────────────────────


def wait_until(look: Callable[[], Any], deadline_s: float = 60.0) -> Any:
    """What `look` returns once it is not None."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"nothing after {deadline_s} s")


@dataclass
class Scraper:
    """A Prometheus that scrapes one endpoint."""

    port: int

    def query(self, promql: str) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": promql})
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                found: list[dict[str, Any]] = json.load(response)["data"]["result"]
                return found
        except (OSError, urllib.error.URLError):
            return []

    def value(self, promql: str) -> float | None:
        found = self.query(promql)
        return float(found[0]["value"][1]) if found else None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def prometheus(tmp_path: Path, reporter: PrometheusReporter, request: pytest.FixtureRequest) -> Iterator[Scraper]:
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    assert reporter.url is not None
    target = urllib.parse.urlsplit(reporter.url).netloc
    (tmp_path / "prometheus.yml").write_text(
        f"global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n"
        f"scrape_configs: [{{job_name: gradual, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    port = free_port()
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [
                binary,
                f"--config.file={tmp_path}/prometheus.yml",
                f"--storage.tsdb.path={tmp_path}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                *getattr(request, "param", ()),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield Scraper(port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def quantile_of(told: Fed, q: float) -> float:
    """Exactly, in seconds, of the logins."""
    values = sorted(TIMES * (len(told.intervals) - 1))
    return values[math.ceil(q * len(values)) - 1] / S


def promtool(*words: str, given: bytes = b"") -> str:
    """What it says; it ends well."""
    binary = shutil.which("promtool")
    if binary is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run([binary, *words], input=given, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return (done.stdout + done.stderr).decode()


@pytest.mark.system
def test_prometheus_finds_nothing_amiss_with_names_and_units(reporter: PrometheusReporter) -> None:
    feed(reporter, fed())
    assert promtool("check", "metrics", given=scrape(reporter)[1]) == ""


@pytest.mark.system
def test_the_scrape_configuration_in_the_documentation_is_one(tmp_path: Path) -> None:
    (shown,) = re.findall(r"`prometheus.yml`:\n\n```yml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(shown)
    assert "SUCCESS" in promtool("check", "config", str(tmp_path / "prometheus.yml"))


def test_the_documentation_names_every_metric() -> None:
    told = fed(1)
    names = {key[0] for key in samples_of(metrics_of(replace(told, intervals=told.intervals[::-1])))}
    documented = set(re.findall(r"`(gradual_\w+)`", PAGE))
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in names} == documented


def is_all_there(prometheus: Scraper, told: Fed) -> bool | None:
    return prometheus.value("sum(gradual_requests_total)") == told.summary.totals.requests or None


@pytest.mark.system
def test_prometheus_reads_counters_gauges_and_classic_histograms(
    reporter: PrometheusReporter, prometheus: Scraper
) -> None:
    told = fed()
    feed(reporter, told)
    reporter.on_test_complete(told.summary)
    wait_until(lambda: is_all_there(prometheus, told))
    failures = {
        found["metric"]["kind"]: float(found["value"][1])
        for found in prometheus.query("sum by (kind) (gradual_failures_total)")
    }
    assert failures == {"status": 3, "timeout": 3, "connect": 1}
    assert prometheus.value('gradual_objective_passed{objective="error_rate < 100%"}') == 1
    assert prometheus.value("gradual_run_elapsed_seconds") == 4
    run = prometheus.query("gradual_run_info")[0]["metric"]
    assert (run["run"], run["name"], run["version"]) == ("run-1", "raw", __version__)
    buckets = prometheus.query('gradual_response_time_seconds_bucket{step="login"}')
    assert len(buckets) == len(BOUNDS) + 1
    for found in buckets:
        bound = float(found["metric"]["le"])
        assert float(found["value"][1]) == 3 * sum(ns <= bound * S for ns in TIMES), bound
    for q in (0.5, 0.9, 0.99):
        estimate = prometheus.value(f'histogram_quantile({q}, gradual_response_time_seconds_bucket{{step="login"}})')
        exact = quantile_of(told, q)
        assert estimate is not None
        assert exact / math.sqrt(2) <= estimate <= exact * math.sqrt(2), "a classic bucket is √2 wide"


@pytest.mark.system
def test_prometheus_answers_the_queries_in_the_documentation(reporter: PrometheusReporter, prometheus: Scraper) -> None:
    queries = re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL)
    assert len(queries) == 4
    feed(reporter, fed(2))
    wait_until(lambda: prometheus.value("sum(gradual_requests_total)"))
    for record in fed(3).intervals:
        reporter.on_interval(record)
    classic, native, failures, missing = queries
    for query in (classic, failures):
        wait_until(
            lambda query=query: steps_with_figures(prometheus.query(query)) == {"login", "browse", "rates"} or None
        )
    assert {row["metric"]["group"] for row in prometheus.query(missing)} == {"customer", "guest"}
    assert prometheus.query(native) == [], "it was not told to keep native histograms"


def steps_with_figures(found: list[dict[str, Any]]) -> set[str]:
    return {row["metric"]["step"] for row in found if row["value"][1] != "NaN"}


@pytest.mark.system
@pytest.mark.parametrize("prometheus", [["--enable-feature=native-histograms"]], indirect=True)
def test_prometheus_reads_native_histograms(reporter: PrometheusReporter, prometheus: Scraper) -> None:
    told = fed()
    feed(reporter, told)
    wait_until(lambda: is_all_there(prometheus, told))
    series = 'gradual_response_time_seconds{step="login"}'
    assert wait_until(lambda: prometheus.value(f"histogram_count({series})")) == 120
    assert prometheus.value(f"histogram_sum({series})") == pytest.approx(3 * sum(TIMES) / S)
    for q in (0.5, 0.9, 0.99):
        estimate = prometheus.value(f"histogram_quantile({q}, {series})")
        assert estimate == pytest.approx(quantile_of(told, q), rel=2 * QUANTILE_ERROR), "a native bucket is 1.1 % wide"
    share = sum(ns <= 125 * MS for ns in TIMES) / len(TIMES)
    assert prometheus.value(f"histogram_fraction(0, 0.125, {series})") == pytest.approx(share), "0.125 s is an edge"
