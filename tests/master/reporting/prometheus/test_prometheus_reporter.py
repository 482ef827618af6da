"""The port is taken before the load and free after it; a scrape gets one moment of the run, in the form it likes best.

And Prometheus itself reads what is served.
"""

import json
import math
import re
import shutil
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_run import (
    OPENMETRICS,
    PAGE,
    PROTOBUF,
    TIMES,
    ReportedRun,
    feed,
    free_port,
    metrics_of,
    parsed_text,
    read_protobuf,
    reported_run,
    samples_of,
    scrape,
    wait_until,
)
from raw_run import MS, S, run_of
from searched_run import SearchedRun, queue
from structlog.testing import capture_logs

from gradual_common import __version__
from gradual_common.histogram.buckets import QUANTILE_ERROR
from gradual_master.errors import ReporterError
from gradual_master.reporting.prometheus.metrics import BOUNDS, RunMetrics
from gradual_master.reporting.prometheus.protobuf import CONTENT_TYPE
from gradual_master.reporting.prometheus.reporter import PrometheusReporter, prefers_protobuf


def test_the_last_values_stay_until_it_is_closed_and_then_the_port_is_free() -> None:
    reported = reported_run()
    reporter = PrometheusReporter("0")
    reporter.prepare()
    feed(reporter, reported)
    reporter.on_test_complete(reported.summary)
    assert parsed_text(scrape(reporter)[1])["gradual_requests"].samples[0].value == 120
    assert reporter.url is not None
    port = urllib.parse.urlsplit(reporter.url).port
    reporter.close()
    reporter.close()
    assert reporter.url is None
    again = PrometheusReporter(str(port))
    again.prepare()
    again.close()


def test_a_port_that_is_taken_is_reported_before_the_load() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ReporterError, match=rf"prometheus={port}: 127.0.0.1:{port} cannot be listened on: Address"):
            PrometheusReporter(str(port)).prepare()


@pytest.mark.parametrize("arg", ["nine", "127.0.0.1:", "127.0.0.1:70000", "::1:9464", ":9464", "unix:/tmp/x", "-1"])
def test_a_malformed_address_is_an_error_before_the_load(arg: str) -> None:
    with pytest.raises(ReporterError, match=r"this is not a \[HOST:\]PORT|cannot scrape a Unix socket"):
        PrometheusReporter(arg).prepare()


def test_a_host_that_is_not_there_is_reported_before_the_load() -> None:
    with pytest.raises(ReporterError, match="cannot be listened on"):
        PrometheusReporter("192.0.2.1:0").prepare()


def test_off_loopback_it_warns_that_anyone_can_read() -> None:
    for arg, warnings in (("0.0.0.0:0", 1), ("127.0.0.1:0", 0), ("localhost:0", 0)):
        reporter = PrometheusReporter(arg)
        with capture_logs() as logs:
            reporter.prepare()
        reporter.close()
        assert sum(entry["log_level"] == "warning" for entry in logs) == warnings, arg


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


def quantile_of(reported: ReportedRun, q: float) -> float:
    """Exactly, in seconds, of the logins."""
    values = sorted(TIMES * (len(reported.intervals) - 1))
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
def test_promtool_accepts_names_and_units(reporter: PrometheusReporter) -> None:
    feed(reporter, reported_run())
    assert promtool("check", "metrics", given=scrape(reporter)[1]) == ""


@pytest.mark.system
def test_the_scrape_configuration_in_the_documentation_is_one(tmp_path: Path) -> None:
    (shown,) = re.findall(r"`prometheus.yml`:\n\n```yml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(shown)
    assert "SUCCESS" in promtool("check", "config", str(tmp_path / "prometheus.yml"))


def test_the_documentation_names_every_metric() -> None:
    reported = reported_run(1)
    names = {key[0] for key in samples_of(metrics_of(replace(reported, intervals=reported.intervals[::-1])))}
    documented = set(re.findall(r"`(gradual_\w+)`", PAGE.split("\n## prometheus\n")[1]))
    of_metrics = {"gradual_metric", "gradual_counter_total"}  # This plan has none; see test_metric_sums.py.
    of_search = {name for name in documented if name.startswith("gradual_capacity_")}  # See test_capacity_metrics.py.
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in names} | of_metrics | of_search == documented


def is_all_there(prometheus: Scraper, reported: ReportedRun) -> bool | None:
    return prometheus.value("sum(gradual_requests_total)") == reported.summary.totals.requests or None


@pytest.mark.system
def test_prometheus_reads_counters_gauges_and_classic_histograms(
    reporter: PrometheusReporter, prometheus: Scraper
) -> None:
    reported = reported_run()
    feed(reporter, reported)
    reporter.on_test_complete(reported.summary)
    wait_until(lambda: is_all_there(prometheus, reported))
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
        exact = quantile_of(reported, q)
        assert estimate is not None
        assert exact / math.sqrt(2) <= estimate <= exact * math.sqrt(2), "a classic bucket is √2 wide"


@pytest.mark.system
def test_prometheus_answers_the_queries_in_the_documentation(reporter: PrometheusReporter, prometheus: Scraper) -> None:
    queries = re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL)
    assert len(queries) == 4
    feed(reporter, reported_run(2))
    wait_until(lambda: prometheus.value("sum(gradual_requests_total)"))
    for record in reported_run(3).intervals:
        reporter.on_interval(record)
    classic, native, failures, missing = queries
    for query in (classic, failures):
        wait_until(
            lambda query=query: steps_with_figures(prometheus.query(query)) == {"login", "browse", "rates"} or None
        )
    assert {row["metric"]["group"] for row in prometheus.query(missing)} == {"customer", "guest"}
    assert prometheus.query(native) == [], "it was not configured to keep native histograms"


def steps_with_figures(found: list[dict[str, Any]]) -> set[str]:
    return {row["metric"]["step"] for row in found if row["value"][1] != "NaN"}


@pytest.mark.system
@pytest.mark.parametrize("prometheus", [["--enable-feature=native-histograms"]], indirect=True)
def test_prometheus_reads_native_histograms(reporter: PrometheusReporter, prometheus: Scraper) -> None:
    reported = reported_run()
    feed(reporter, reported)
    wait_until(lambda: is_all_there(prometheus, reported))
    series = 'gradual_response_time_seconds{step="login"}'
    assert wait_until(lambda: prometheus.value(f"histogram_count({series})")) == 120
    assert prometheus.value(f"histogram_sum({series})") == pytest.approx(3 * sum(TIMES) / S)
    for q in (0.5, 0.9, 0.99):
        estimate = prometheus.value(f"histogram_quantile({q}, {series})")
        assert estimate == pytest.approx(quantile_of(reported, q), rel=2 * QUANTILE_ERROR), (
            "a native bucket is 1.1 % wide"
        )
    share = sum(ns <= 125 * MS for ns in TIMES) / len(TIMES)
    assert prometheus.value(f"histogram_fraction(0, 0.125, {series})") == pytest.approx(share), "0.125 s is an edge"


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


def test_texts_are_what_their_parsers_read(reporter: PrometheusReporter) -> None:
    reported = reported_run()
    feed(reporter, reported)
    expected = samples_of(metrics_of(reported))
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


def test_label_values_survive_special_characters(reporter: PrometheusReporter) -> None:
    reported = reported_run(1)
    odd = 'a "quoted" \\ back\nslash {x="1"} ü'
    reported.intervals[0] = replace(reported.intervals[0], target={odd: 3.0}, users={odd: 2.0}, stopping={odd: 1.0})
    reporter.on_test_start(replace(reported.run, name=odd))
    reporter.on_interval(reported.intervals[0])
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
    reported = reported_run(40)
    reporter.on_test_start(reported.run)
    feeder = threading.Thread(target=lambda: [reporter.on_interval(record) for record in reported.intervals])
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


def test_the_result_of_a_search_is_served_at_its_end() -> None:
    metrics = RunMetrics()
    summary = SearchedRun(queue()).run()
    found = summary.analysis.capacity
    assert found is not None
    assert not any(family.name.startswith("gradual_capacity") for family in metrics.collect())
    metrics.settle(summary)
    (users,) = (family for family in metrics.collect() if family.name == "gradual_capacity_users")
    seen = {sample.labels["of"]: sample.value for sample in users.samples}
    assert seen == {"found": found.users, "low": found.low, "high": found.high}
