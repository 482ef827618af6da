"""A scrape gets the form that it likes best, and one moment of the run."""

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_run import (
    OPENMETRICS,
    PROTOBUF,
    fed,
    feed,
    metrics_of,
    parsed_text,
    read_protobuf,
    samples_of,
    scrape,
    wait_until,
)
from raw_run import run_of
from structlog.testing import capture_logs

from gradual_master.errors import ReporterError
from gradual_master.reporting.prometheus.metrics import RunMetrics
from gradual_master.reporting.prometheus.protobuf import CONTENT_TYPE
from gradual_master.reporting.prometheus.reporter import PrometheusReporter
from gradual_master.reporting.prometheus.server import prefers_protobuf


@pytest.fixture
def reporter() -> Iterator[PrometheusReporter]:
    made = PrometheusReporter("127.0.0.1:0")
    made.prepare()
    yield made
    made.close()


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
