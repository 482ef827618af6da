"""A notification is posted in a webhook's format; its result is logged without the address, and harms no one."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import structlog
from raw_run import aggregate_of, fleet_of, plan_of, run_of, schedule_of
from structlog.testing import capture_logs

from gradual.reporting import BaseReporter
from gradual_master.reporting.slack import WEBHOOK, describe, send_notification
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

PATH = "/services/T0/s3cr3t-path"


def summary_of(**facts: Any) -> Summary:
    plan, schedule = plan_of(), schedule_of((2, 1))
    return build_summary(aggregate_of(plan, schedule), fleet_of(), run_of(**facts))


SUMMARY = summary_of(name="bank")


class Receiver(HTTPServer):
    """Answers with `status` and keeps what it was sent."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str, Any]] = []
        self.status = 200
        self.raw = b""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.heard.append((self.command, self.path, self.headers["Content-Type"], body))
                if receiver.raw:
                    self.wfile.write(receiver.raw)
                    return
                self.send_response(receiver.status)
                if receiver.status in {301, 302, 303, 307, 308}:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                receiver.heard.append((self.command, self.path, "", None))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{PATH}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", WEBHOOK):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    structlog.reset_defaults()
    with capture_logs() as captured:
        yield captured


def test_the_result_is_posted_as_json_with_a_text(receiver: Receiver, logs: list[Any]) -> None:
    assert send_notification(SUMMARY, receiver.url) is True
    assert receiver.heard == [("POST", PATH, "application/json", {"text": describe(SUMMARY)})]
    assert logs == []


def test_the_address_of_the_environment_is_the_default(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WEBHOOK, receiver.url)
    assert BaseReporter().send_slack_notification(SUMMARY) is True
    monkeypatch.setenv(WEBHOOK, "http://127.0.0.1:1/")
    assert BaseReporter().send_slack_notification(SUMMARY, url=receiver.url) is True
    assert len(receiver.heard) == 2


@pytest.mark.parametrize("given", [None, ""])
def test_without_an_address_it_warns(given: str | None, logs: list[Any]) -> None:
    assert send_notification(SUMMARY, given) is False
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("warning", f"no notification is sent: give a url, or set {WEBHOOK}")
    ]


def check(logs: list[Any], wording: str) -> None:
    """One line that says why, without a part of the address that may be secret."""
    (line,) = logs
    assert line["log_level"] == "error"
    assert wording in line["event"]
    assert "s3cr3t" not in str(line)


@pytest.mark.parametrize("status", [400, 404, 500, 301, 302, 303, 307, 308])
def test_a_receiver_that_does_not_take_it_is_reported_with_its_status(
    receiver: Receiver, logs: list[Any], status: int
) -> None:
    """A redirect is an answer like these: what follows it would be a GET without the message."""
    receiver.status = status
    assert send_notification(SUMMARY, receiver.url) is False
    check(logs, f"127.0.0.1 did not take the notification: status {status}")
    assert [heard[0] for heard in receiver.heard] == ["POST"]


def test_a_receiver_that_talks_something_else_is_reported(receiver: Receiver, logs: list[Any]) -> None:
    receiver.raw = f"SSH-2.0 {PATH}\r\n\r\n".encode()
    assert send_notification(SUMMARY, receiver.url) is False
    check(logs, "127.0.0.1 did not take the notification: BadStatusLine")


def test_a_receiver_that_hangs_up_is_reported(logs: list[Any]) -> None:
    def hang_up(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.recv(10_000)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        assert send_notification(SUMMARY, f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}") is False
        thread.join()
    check(logs, "did not take the notification")


def test_an_address_without_a_listener_is_reported(logs: list[Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send_notification(SUMMARY, f"http://127.0.0.1:{port}{PATH}") is False
    check(logs, "127.0.0.1 did not take the notification: [Errno 111] Connection refused")


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://h{PATH}",
        f"file://{PATH}",
        "/services/s3cr3t",
        "hooks.example/s3cr3t",
        "http://",
        f"http://[::1{PATH}",
        "http:///s3cr3t",
    ],
)
def test_an_address_that_is_not_a_url_is_reported(url: str, logs: list[Any]) -> None:
    assert send_notification(SUMMARY, url) is False
    check(logs, "no notification is sent: its address is not an http or https URL")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:x{}", "http://127.0.0.1:99999{}", "http://127.0.0.1:1{} \n", "http://127.0.0.1{}\0"]
)
def test_an_address_that_cannot_be_asked_is_reported(url: str, logs: list[Any]) -> None:
    assert send_notification(SUMMARY, url.format(PATH)) is False
    check(logs, "127.0.0.1 did not take the notification")


# ── What it says ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_verdict_is_first_and_what_is_not_known_is_a_dash() -> None:
    first, second = describe(SUMMARY).splitlines()[:2]
    assert first == f"*bank* {SUMMARY.verdict.status} (0:05, run run-1)"
    assert second == "0 requests, - failed, - ok/s, p50 - ms, p99 - ms"


def test_of_many_reasons_the_first_are_named_and_the_others_counted() -> None:
    verdict = replace(SUMMARY.verdict, reasons=tuple(f"reason {number}" for number in range(8)))
    lines = describe(replace(SUMMARY, verdict=verdict)).splitlines()[2:]
    assert lines == [*(f"• reason {number}" for number in range(5)), "• and 3 more reasons"]


def test_what_would_be_markup_is_written_as_text() -> None:
    verdict = replace(SUMMARY.verdict, reasons=("p95(login) < 500ms & more",))
    text = describe(replace(SUMMARY, verdict=verdict, run=replace(SUMMARY.run, name="<!channel>")))
    assert text.startswith("*&lt;!channel&gt;* ")
    assert text.endswith("• p95(login) &lt; 500ms &amp; more")
