"""An action kind that is not part of Gradual: the example's lines over TCP, installed as a separate package.

The line server of this file counts the lines that it receives; the report must have the same counts.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fleet_processes import BIN, Target, stop, wait_until

EXAMPLE = Path(__file__).parents[3] / "examples" / "tcp_lines"


class LineServer:
    """Answers a line with OK, and BAD with ERR; closes the connection after DROP, and does not answer WAIT."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.open = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.open += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                word = line.decode().split()[0]
                with self._lock:
                    self.received[word] += 1
                if word == "DROP":
                    break
                if word != "WAIT":
                    connection.sendall(b"ERR no such command\n" if word == "BAD" else b"OK 1.25\n")
            with self._lock:
                self.open -= 1

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server() -> Iterator[LineServer]:
    line_server = LineServer()
    yield line_server
    line_server.close()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with the example, as if `pip install --target` had installed it."""
    site = tmp_path / "site"
    site.mkdir()
    for module in ("lines_kind.py", "lines_engine.py"):
        shutil.copy(EXAMPLE / module, site)
    info = site / "gradual_lines-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gradual-lines\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gradual.actions]\nlines = lines_kind:LINES\n")
    return {**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1", "COLUMNS": "200"}


def gradual(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "gradual"), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=False)


def write_plan(folder: Path, actions: dict[str, Any], **group: Any) -> str:
    file = folder / "plan.yaml"
    plan = {
        "config": {"name": "plug", **({} if "iterations" in group else {"duration": "60s"})},
        "users": [{"name": "teller", "concurrency": 4, "behavior": list(actions), **group}],
        "thresholds": [],
        "actions": actions,
    }
    file.write_text(yaml.safe_dump(plan, sort_keys=False))
    return str(file)


def lines(server: LineServer, send: str, **more: Any) -> dict[str, Any]:
    """An action that sends a line to the server."""
    return {"kind": "lines", "server": server.address, "send": send, **more}


def test_validate_checks_the_actions_of_an_installed_kind(
    tmp_path: Path, server: LineServer, environ: dict[str, str]
) -> None:
    good = {"ask": lines(server, "PING {{vu.slot}}")}
    assert gradual(environ, "validate", write_plan(tmp_path, good)).returncode == 0
    bad = {
        "key": lines(server, "PING", sent="x"),
        "typo": {"kind": "line", "server": "h:1", "send": "x"},
        "port": {"kind": "lines", "server": "h", "send": "x"},
        "header": lines(server, "PING", assertions=[{"header": "X"}]),
        "template": lines(server, "{{ missing }}"),
    }
    done = gradual(environ, "validate", write_plan(tmp_path, bad))
    assert done.returncode == 2
    text = done.stdout + done.stderr
    assert "unknown key 'sent'" in text
    assert "did you mean 'send'?" in text
    assert "there is no kind of action 'line'; there are: http, lines, python; did you mean 'lines'?" in text
    assert "'h' has no port" in text
    assert "unknown assertion 'header'; allowed: response_time, body_contains" in text
    assert "reads 'missing', which nothing sets" in text


def test_the_schema_has_an_installed_kind(environ: dict[str, str]) -> None:
    schema = json.loads(gradual(environ, "schema").stdout)
    kinds = {
        model["properties"]["kind"]["const"]: model
        for part in schema["properties"]["actions"]["additionalProperties"]["anyOf"]
        for model in [schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part]
    }
    assert list(kinds) == ["http", "python", "lines"]
    assert kinds["lines"]["required"] == ["kind", "server", "send"]
    assert kinds["lines"]["properties"]["server"]["description"] == "host:port"


def test_try_performs_the_actions_of_an_installed_kind(
    tmp_path: Path, server: LineServer, environ: dict[str, str]
) -> None:
    plan = write_plan(
        tmp_path,
        {
            "ask": lines(
                server, "PING {{vu.slot}}", assertions=[{"body_contains": "OK"}], extract={"n": "regex: ([0-9.]+)"}
            ),
            "bad": lines(server, "BAD"),
        },
    )
    tried = gradual(environ, "try", plan)
    assert tried.returncode == 1
    for expected in (
        f"to tcp://{server.address}",
        "PING 0",
        "OK 1.25",
        "assertion held: body_contains: OK",
        "n = '1.25'",
        "failed: line server does not know the command (lines_error): ERR no such command",
    ):
        assert expected in tried.stdout
    assert server.received == {"PING": 1, "BAD": 1}


def test_a_run_of_two_agents_has_the_servers_counts(
    tmp_path: Path, server: LineServer, target: Target, environ: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed_port = probe.getsockname()[1]
    actions = {
        "page": {"url": f"{target.url}/sleep/0.001"},
        "ask": lines(server, "PING {{vu.slot}}", assertions=[{"body_contains": "OK"}, {"response_time": "< 60s"}]),
        "bad": lines(server, "BAD", assertions=[{"body_contains": "OK"}]),
        "drop": lines(server, "DROP"),
        "refused": {"kind": "lines", "server": f"127.0.0.1:{closed_port}", "send": "x"},
    }
    plan = write_plan(tmp_path, actions, iterations=5)
    report, page = tmp_path / "report.json", tmp_path / "page.html"
    options = ["--agents", "2", "-o", "console", "-o", f"json={report}", "-o", f"html={page}"]
    # A noisy machine may start users late or be saturated. The test checks counts, so neither fails the run.
    done = gradual(environ, "run", plan, *options, "--allow-saturated", "--allow-missing", "100%")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(report.read_text())
    rows = {row["step"]: row for row in summary["actions"]}
    assert server.received == {"PING": 20, "BAD": 20, "DROP": 20}
    assert target.count() == 20
    assert {step: (row["requests"], row["sent"], row["errors"]) for step, row in rows.items()} == {
        "page": (20, 20, {}),
        "ask": (20, 20, {}),
        "bad": (20, 20, {"lines_error": 20}),
        "drop": (20, 20, {"lines_closed": 20}),
        "refused": (20, 0, {"lines_connect": 20}),
    }
    # Only exchanges with a response have times, and only HTTP has status codes.
    assert {step: row["exchange_ms"]["count"] for step, row in rows.items()} == {
        "page": 20, "ask": 20, "bad": 20, "drop": 0, "refused": 0,
    }  # fmt: skip
    assert {step: row["status_codes"] for step, row in rows.items() if row["status_codes"]} == {"page": {"200": 20}}
    assert [row["passed"] for row in rows["ask"]["assertions"]] == [20, 20]
    (asserted,) = rows["bad"]["assertions"]
    assert (asserted["passed"], asserted["failed"]) == (0, 0), "assertions are not evaluated for a failed exchange"
    labels = {row["kind"]: row["label"] for row in summary["errors"]}
    assert labels == {
        "lines_error": "line server does not know the command",
        "lines_closed": "line server hung up",
        "lines_connect": "no connection to the line server",
    }
    for label in labels.values():
        assert label in done.stdout
        assert label in page.read_text()
    samples = {sample["kind"]: sample for sample in summary["error_samples"]}
    assert samples["lines_error"]["request"] == {
        "title": f"to tcp://{server.address}", "headers": [], "body": "BAD\n", "body_bytes": 4,
    }  # fmt: skip
    assert samples["lines_error"]["response"]["body"] == "ERR no such command"
    assert (samples["lines_closed"]["response"], samples["lines_closed"]["curl"]) == (None, None)
    assert f"to tcp://{server.address}" in page.read_text()
    wait_until(lambda: server.open == 0, "all connections are closed")


def test_a_stop_interrupts_exchanges_in_flight(tmp_path: Path, server: LineServer, environ: dict[str, str]) -> None:
    report = tmp_path / "report.json"
    plan = write_plan(tmp_path, {"wait": lines(server, "WAIT", timeout="60s")})
    command = [str(BIN / "gradual"), "run", plan, "--agents", "2", "-q", "-o", f"json={report}",
               "--set", "config.graceful_stop=1s"]  # fmt: skip
    process = subprocess.Popen(command, env=environ, text=True, start_new_session=True)
    try:
        wait_until(lambda: server.received["WAIT"] == 4, "every user waits")
        process.send_signal(signal.SIGINT)
        process.wait(60)
    finally:
        stop(process)
    (row,) = json.loads(report.read_text())["actions"]
    assert (row["requests"], row["interrupted"], row["sent"]) == (0, 4, 4)
    assert server.received == {"WAIT": 4}
    wait_until(lambda: server.open == 0, "all connections are closed")
