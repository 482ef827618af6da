"""Runs `gradual-master` on a recorded run, and leaves everything that it wrote in the working folder.

    python replay.py RECORDING      (the working folder holds plan.yaml and users.csv)

The clock, the run's id, the machine and the repository are fixed values. Files:

    to_agents.jsonl            what the master sent on which call, and when: the bytes of the wire
    stdout.txt stderr.txt      of the command: written by who starts it
    summary.json csv/ junit.xml report.html report.md samples.jsonl ...   what reporters wrote; see `complete`
    scrapes.txt otlp.jsonl slack.json monitor.ansi progress.ansi          what was scraped, sent and shown
"""

# ruff: noqa: PLC0415 - the clock comes before them
from __future__ import annotations

# These take their clocks when they are imported; theirs are real.
import asyncio
import base64
import concurrent.futures.thread
import gzip
import hashlib
import http.server
import json
import os
import platform
import queue  # noqa: F401
import re
import secrets
import selectors  # noqa: F401
import shutil
import socketserver
import subprocess  # noqa: F401
import sys
import threading
import urllib.request
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar

from recorded_clock import Clock, Jumping, Loop, settle, use_loop

NS_PER_S = 1_000_000_000
SCRAPE_AT_S = (7.21, 15.43)
VERSION = "0.1.0"
LARGEST_SCRIPT = 100_000
"""Characters of one of ours."""

FORMS = {
    "text": "text/plain;version=0.0.4",
    "openmetrics": "application/openmetrics-text;version=1.0.0",
    "protobuf": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
}
COMMAND = (
    "gradual-master run plan.yaml --listen unix:master --expect-agents 3 --lease 3s --tag team=payments --tag build=17"
    " -o console -o json=summary.json -o csv=csv -o html=report.html -o junit=junit.xml -o markdown=report.md"
    " -o parquet=samples -o prometheus=127.0.0.1:0 -o otlp -o recorded_views.py:Views"
)


def pretend() -> None:
    """A machine, an interpreter and a run's id that are always the same."""
    platform.node = lambda: "master.example"
    platform.python_version = lambda: "3.11.7"
    platform.python_implementation = lambda: "CPython"
    platform.system = lambda: "Linux"
    platform.release = lambda: "6.1.0"
    platform.machine = lambda: "x86_64"
    os.cpu_count = lambda: 8
    secrets.token_hex = lambda size=None: "a1b2c3"
    git = Path("bin/git")
    git.parent.mkdir(exist_ok=True)
    git.write_text(
        "#!/bin/sh\n"
        'case "$3" in rev-parse) echo 0123456789abcdef0123456789abcdef01234567;; symbolic-ref) echo main;; esac\n'
    )
    git.chmod(0o755)
    os.environ["PATH"] = f"{Path('bin').resolve()}:{os.environ['PATH']}"


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what is posted."""

    bodies: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.bodies.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def receive() -> None:
    """A receiver of metrics and notifications, one connection at a time."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, name="receiver", daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    os.environ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = f"{address}/v1/metrics"
    os.environ["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"] = "http/protobuf"
    os.environ["RECORDED_SLACK"] = f"{address}/slack"


class Scraper:
    """Scrapes the endpoint of the run, wherever it listens."""

    def __init__(self) -> None:
        self.port = 0
        self.scrapes: list[str] = []
        bind = socketserver.TCPServer.server_bind

        def server_bind(server: Any) -> None:
            bind(server)
            self.port = server.server_address[1]

        socketserver.TCPServer.server_bind = server_bind

    def scrape(self, when: str) -> None:
        settle()
        self.take(when)

    def take(self, when: str) -> None:
        for name, accept in FORMS.items():
            request = urllib.request.Request(f"http://127.0.0.1:{self.port}/metrics", headers={"Accept": accept})
            with urllib.request.urlopen(request, timeout=30) as answer:
                kind, body = answer.headers["Content-Type"], answer.read()
            text = body.hex() if name == "protobuf" else body.decode()
            self.scrapes.append(f"=== {when}: {name}: {kind}\n{text}\n")


def follow(scraper: Scraper) -> None:
    """The last scrape is behind the last values; exports are made one after the other, whatever threads do."""
    from gradual_master.reporting import BUILT_IN

    prometheus, otlp = BUILT_IN["prometheus"](), BUILT_IN["otlp"]()
    complete, add = prometheus.on_test_complete, otlp.on_interval

    def on_test_complete(reporter: Any, summary: Any) -> None:
        complete(reporter, summary)
        scraper.take("the end")

    def on_interval(reporter: Any, interval: Any) -> None:
        add(reporter, interval)
        settle(("gradual-otlp", "receiver"))

    prometheus.on_test_complete, otlp.on_interval = on_test_complete, on_interval


def main(recording: Path) -> None:
    clock = Clock()
    clock.install()
    pretend()
    import gradual_common

    gradual_common.__version__ = VERSION
    import grpc.aio
    from recorded_edge import Replaying, read_events

    edge = Replaying(read_events(recording), lambda: clock.elapsed)
    scraper = Scraper()
    receive()
    grpc.aio.server = edge

    def make_loop() -> asyncio.AbstractEventLoop:
        loop = Loop(clock, Jumping(clock))
        for at in SCRAPE_AT_S:
            loop.call_at(at, scraper.scrape, f"{at} s")
        return loop

    use_loop(make_loop)
    follow(scraper)
    shutil.copy(Path(__file__).with_name("recorded_views.py"), ".")
    code = run_command()
    Path("exit_code.txt").write_text(f"{code}\n")
    complete(edge.sent, scraper.scrapes)


def run_command() -> object:
    (command,) = entry_points(group="console_scripts", name="gradual-master")
    sys.argv = COMMAND.split()
    try:
        command.load()()
    except SystemExit as leaving:
        return leaving.code
    return 0


def complete(sent: list[dict[str, Any]], scrapes: list[str]) -> None:
    """Bring everything into files that can be compared and kept."""
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    Path("to_agents.jsonl").write_text("".join(json.dumps(event) + "\n" for event in sent))
    Path("scrapes.txt").write_text("".join(scrapes))
    exports = []
    for path, body in Receiver.bodies:
        if path == "/slack":
            Path("slack.json").write_bytes(body)
        else:
            request = MessageToDict(ExportMetricsServiceRequest.FromString(body))
            exports.append({"path": path, "sha256": hashlib.sha256(body).hexdigest(), "request": request})
    Path("otlp.jsonl").write_text("".join(json.dumps(export) + "\n" for export in exports))
    page = Path("report.html").read_text(encoding="utf-8")
    Path("report.html").write_text(without_libraries(page), encoding="utf-8")
    rows = [row for path in sorted(Path("samples").rglob("*.parquet")) for row in _rows_of(path)]
    Path("samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for leftover in ("samples", "bin"):
        shutil.rmtree(leftover)
    for leftover in ("plan.yaml", "users.csv", "recorded_views.py"):
        Path(leftover).unlink()


def without_libraries(page: str) -> str:
    """Without the script of bokeh and its hash: each Python has another version of it."""
    for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL):
        if len(script) > LARGEST_SCRIPT:
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            page = page.replace(script, "a library").replace(digest, "of a library")
    return re.sub(r'(\{"document":\{"version":)"[\d.]+"', r'\1"of a library"', page)


def _rows_of(path: Path) -> list[Any]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        table = file.read()
    metadata = {name.decode(): value.decode() for name, value in (table.schema.metadata or {}).items()}
    about = {"file": str(path), "schema": table.schema.to_string(show_schema_metadata=False), "metadata": metadata}
    columns = [column.cast("int64") if str(column.type).startswith("timestamp") else column for column in table.columns]
    return [about, *zip(*(column.to_pylist() for column in columns), strict=True)]


if __name__ == "__main__":
    del concurrent
    main(Path(sys.argv[1]).resolve())
