"""A kind of action that the packages do not know: the example's lines over TCP, installed beside them.

The line server of this file counts what it was asked; what the run reports must be that.
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
from conftest import BIN, Target, stop, wait_until

EXAMPLE = Path(__file__).parents[2] / "examples" / "tcp_lines"


class LineServer:
    """Answers OK to a line, ERR to one that begins with BAD; hangs up on DROP, and leaves WAIT without an answer."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
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
                    self.asked[word] += 1
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
    made = LineServer()
    yield made
    made.close()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """With the example where `pip install --target` would have put it."""
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


def write(folder: Path, actions: dict[str, Any], **group: Any) -> str:
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
    return {"kind": "lines", "server": server.address, "send": send, **more}


def test_its_plans_are_checked_like_any_other(tmp_path: Path, server: LineServer, environ: dict[str, str]) -> None:
    assert gradual(environ, "validate", write(tmp_path, {"ask": lines(server, "PING {{vu.slot}}")})).returncode == 0
    bad = {
        "key": lines(server, "PING", sent="x"),
        "typo": {"kind": "line", "server": "h:1", "send": "x"},
        "port": {"kind": "lines", "server": "h", "send": "x"},
        "header": lines(server, "PING", assertions=[{"header": "X"}]),
        "template": lines(server, "{{ nobody }}"),
    }
    said = gradual(environ, "validate", write(tmp_path, bad))
    assert said.returncode == 2
    text = said.stdout + said.stderr
    assert "unknown key 'sent'" in text
    assert "did you mean 'send'?" in text
    assert "there is no kind of action 'line'; there are: http, lines; did you mean 'lines'?" in text
    assert "'h' has no port" in text
    assert "unknown assertion 'header'; allowed: response_time, body_contains" in text
    assert "reads 'nobody', which nothing sets" in text


def test_the_schema_shows_it(environ: dict[str, str]) -> None:
    schema = json.loads(gradual(environ, "schema").stdout)
    kinds = {
        model["properties"]["kind"]["const"]: model
        for part in schema["properties"]["actions"]["additionalProperties"]["anyOf"]
        for model in [schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part]
    }
    assert list(kinds) == ["http", "lines"]
    assert kinds["lines"]["required"] == ["kind", "server", "send"]
    assert kinds["lines"]["properties"]["server"]["description"] == "host:port"


def test_it_can_be_tried(tmp_path: Path, server: LineServer, environ: dict[str, str]) -> None:
    plan = write(
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
    assert server.asked == {"PING": 1, "BAD": 1}


def test_a_run_of_two_agents_counts_what_the_server_counts(
    tmp_path: Path, server: LineServer, target: Target, environ: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        nobody = probe.getsockname()[1]
    actions = {
        "page": {"url": f"{target.url}/sleep/0.001"},
        "ask": lines(server, "PING {{vu.slot}}", assertions=[{"body_contains": "OK"}, {"response_time": "< 60s"}]),
        "bad": lines(server, "BAD", assertions=[{"body_contains": "OK"}]),
        "drop": lines(server, "DROP"),
        "nobody": {"kind": "lines", "server": f"127.0.0.1:{nobody}", "send": "x"},
    }
    plan = write(tmp_path, actions, iterations=5)
    report, page = tmp_path / "report.json", tmp_path / "page.html"
    done = gradual(environ, "run", plan, "--agents", "2", "-o", "console", "-o", f"json={report}", "-o", f"html={page}")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(report.read_text())
    rows = {row["step"]: row for row in summary["actions"]}
    assert server.asked == {"PING": 20, "BAD": 20, "DROP": 20}
    assert target.count() == 20
    assert {step: (row["requests"], row["sent"], row["errors"]) for step, row in rows.items()} == {
        "page": (20, 20, {}),
        "ask": (20, 20, {}),
        "bad": (20, 20, {"lines_error": 20}),
        "drop": (20, 20, {"lines_closed": 20}),
        "nobody": (20, 0, {"lines_connect": 20}),
    }
    # What had a response has its times; what has no status codes shows none.
    assert {step: row["exchange_ms"]["count"] for step, row in rows.items()} == {
        "page": 20, "ask": 20, "bad": 20, "drop": 0, "nobody": 0,
    }  # fmt: skip
    assert {step: row["status_codes"] for step, row in rows.items() if row["status_codes"]} == {"page": {"200": 20}}
    assert [row["passed"] for row in rows["ask"]["assertions"]] == [20, 20]
    (asserted,) = rows["bad"]["assertions"]
    assert (asserted["passed"], asserted["failed"]) == (0, 0), "an error is no answer that assertions are held against"
    labels = {row["kind"]: row["label"] for row in summary["errors"]}
    assert labels == {
        "lines_error": "line server does not know the command",
        "lines_closed": "line server hung up",
        "lines_connect": "no connection to the line server",
    }
    for label in labels.values():
        assert label in done.stdout
        assert label in page.read_text()
    shown = {sample["kind"]: sample for sample in summary["error_samples"]}
    assert shown["lines_error"]["request"] == {
        "title": f"to tcp://{server.address}", "headers": [], "body": "BAD\n", "body_bytes": 4,
    }  # fmt: skip
    assert shown["lines_error"]["response"]["body"] == "ERR no such command"
    assert (shown["lines_closed"]["response"], shown["lines_closed"]["curl"]) == (None, None)
    assert f"to tcp://{server.address}" in page.read_text()
    wait_until(lambda: server.open == 0, "all connections are closed")


def test_what_a_stop_cuts_short_is_interrupted(tmp_path: Path, server: LineServer, environ: dict[str, str]) -> None:
    report = tmp_path / "report.json"
    plan = write(tmp_path, {"wait": lines(server, "WAIT", timeout="60s")})
    command = [str(BIN / "gradual"), "run", plan, "--agents", "2", "-q", "-o", f"json={report}",
               "--set", "config.graceful_stop=1s"]  # fmt: skip
    process = subprocess.Popen(command, env=environ, text=True, start_new_session=True)
    try:
        wait_until(lambda: server.asked["WAIT"] == 4, "every user waits")
        process.send_signal(signal.SIGINT)
        process.wait(60)
    finally:
        stop(process)
    (row,) = json.loads(report.read_text())["actions"]
    assert (row["requests"], row["interrupted"], row["sent"]) == (0, 4, 4)
    assert server.asked == {"WAIT": 4}
    wait_until(lambda: server.open == 0, "all connections are closed")
