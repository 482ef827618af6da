"""A run with credentials in every place of the plan: its output has none of them, in no encoding."""

import fcntl
import gzip
import json
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from fleet_processes import BIN, DEADLINE_S, free_port
from secret_forms import encodings

from gradual_master.store.opening import open_store
from gradual_master.store.runs import find_run, load_plan_text, load_summary

PLANTED = {
    "the password in a URL": "uRl/pw+7",
    "the token that is a user": "0nlyUser7",
    "the password of the base URL": "baseUrl9pw",
    "a bearer token": "b34rer.tok-en",
    "an API key": "ap1-key value",
    "a cookie": "c00kie-jar",
    "a field of a JSON body": 'j50n"pässword',
    "a field of a form": "f0rm&secret",
    "a number": "80675309",
    "a query": "qu3ry=key",
    "a webhook": "T0000/B0000/w3bhook",
    "a value of --set": "s3t-t0ken",
    "a value of -e that its name protects": "n4med-var",
    "a value of -e in a header": "pl4ced-var",
    "a tag": "t4g-token",
    "a row of data": "r0w<pass>",
    "a cookie of the service": "s3rver-session",
    "a declared secret": "d3cl4red",
}

PLAN = """
config:
  name: "Leaks {named} https://me:{url}@name.example"
  duration: 2s
  headers:
    Authorization: "Bearer {bearer}"
    X-Api-Key: "{api}"
secrets: {{DECLARED: {{env: DECLARED}}}}
users:
  - name: "group {named}"
    concurrency: 2
    data: {{user: users.csv}}
    think_time: 200ms
    behavior: [json, form, query, {{action: raw, name: "raw {named}"}}, userinfo, unreachable, condition, missing]
actions:
  json:
    url: "/json?u=https://{user}@nested.example/"
    method: POST
    headers: {{Cookie: "sid={cookie}; theme=dark"}}
    body: {{user: alice, password: {json}, nested: {{pin: {number}}}, row: "{{{{user.password}}}}"}}
    extract: {{missing: "json: not.there"}}
  form: {{url: /form, method: POST, form: {{client_secret: "{form}", note: "{webhook}"}}}}
  query: {{url: /query, query: {{api_key: "{query}", declared: "{{{{secrets.DECLARED}}}}"}}}}
  raw:
    url: "/raw/${{NAMED_TOKEN}}/{{{{user.password}}}}"
    method: POST
    headers: {{X-Auth-Token: "${{PLACED}}"}}
    body: 'x={{"token": "{{{{secrets.DECLARED}}}}", "set": "y"}}'
    assertions: [{{body_contains: "never {named}"}}]
  userinfo: {{url: "http://me:{url_quoted}@127.0.0.1:{port}/userinfo", headers: {{Authorization: ""}}}}
  unreachable: {{url: "http://{user}@127.0.0.1:1/"}}
  condition: {{url: "/condition", assertions: [{{json: "token == '{bearer}'"}}]}}
  missing: {{url: "/missing/${{NAMED_TOKEN}}", assertions: [{{header: "X-Token: {cookie}"}}]}}
thresholds: ["error_rate < 5%", 'p95(step="raw {named}") < 500ms']
"""


class Echo(BaseHTTPRequestHandler):
    """Answers with everything that it received, in every encoding, and sets a session cookie."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        received = [unquote(self.path), *self.headers.values(), body, unquote(body.replace("+", " "))]
        received += [text for name, text in PLANTED.items() if name != "a tag"]
        lines = [
            json.dumps({"received": received}),
            json.dumps({"received": json.dumps(received, ensure_ascii=False)}),
            *(f"<p>{quote(text, safe='')} {quote(text)} {text}</p>" for text in received),
            *(b64encode(b"x" * n + text.encode()).decode() for text in received for n in range(3)),
            *(urlsafe_b64encode(text.encode()).decode() for text in received),
        ]
        answer = "\n".join(lines)[:60_000].encode()
        self.send_response(404 if "missing" in self.path else 500)
        self.send_header("Set-Cookie", f"session={PLANTED['a cookie of the service']}; Path=/; HttpOnly")
        self.send_header("Location", f"/next?token={quote(PLANTED['a bearer token'])}")
        self.send_header("X-Echo", PLANTED["a bearer token"])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - the name of http.server

    def log_message(self, *_: Any) -> None:
        """Write no log."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def leaks(texts: dict[str, str]) -> list[str]:
    """Every output that has a planted text, with the encoding."""
    return sorted(
        {
            f"{name}: {credential}, {encoding}: …{text[max(0, text.index(form) - 60) : text.index(form) + 40]!r}"
            for name, text in texts.items()
            for credential, planted in PLANTED.items()
            for encoding, form in encodings(planted).items()
            if form in text
        }
    )


def write_plan(folder: Path, port: int) -> None:
    planted = list(PLANTED.values())
    folder.joinpath("users.csv").write_text(f"user,password\nalice,{planted[15]}\nbob,{planted[15]}\n")
    folder.joinpath("plan.yaml").write_text(
        PLAN.format(
            url=planted[0].replace("/", "%2F"), user=planted[1], bearer=planted[3], api=planted[4], cookie=planted[5],
            json=json.dumps(planted[6]), form=planted[7], number=planted[8], query=planted[9],
            webhook=f"https://hooks.slack.com/services/{planted[10]}", named="${NAMED_TOKEN}",
            url_quoted=quote(planted[0], safe=""), port=port,
        )
    )  # fmt: skip


def options(port: int) -> list[str]:
    planted = PLANTED
    return [
        *("plan.yaml", "--base-url", f"http://me:{planted['the password of the base URL']}@127.0.0.1:{port}"),
        *("--set", f"actions.raw.headers.X-Csrf-Token={planted['a value of --set']}"),
        *("-e", f"NAMED_TOKEN={planted['a value of -e that its name protects']}"),
        *("-e", f"PLACED={planted['a value of -e in a header']}"),
        *("-e", f"DECLARED={planted['a declared secret']}"),
    ]


def run(command: list[str], folder: Path) -> dict[str, str]:
    """Run a command as on a runner of GitHub; return its standard output and error, and the files that it wrote."""
    before = {path for path in folder.rglob("*") if path.is_file()}
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder), "GITHUB_STEP_SUMMARY": str(folder / "job.md")}
    result = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **runner},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    texts = {"standard output": result.stdout, "standard error": result.stderr}
    for path in sorted({path for path in folder.rglob("*") if path.is_file()} - before):
        texts[path.name] = path.read_bytes().decode("utf-8", "replace")
    return texts


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    with serving(Echo) as port:
        write_plan(tmp_path, port)
        yield tmp_path, port


def test_a_run_writes_no_credential(folder: tuple[Path, int]) -> None:
    path, port = folder
    metrics: list[bytes] = []

    class Receiver(Echo):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("content-length", 0)))
            metrics.append(gzip.decompress(data) if self.headers.get("content-encoding") == "gzip" else data)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(Receiver) as receiver:
        texts = run(
            [
                *(str(BIN / "gradual"), "run", *options(port), "--agents", "1", "-v"),
                *("-o", "json=out.json", "-o", "csv=out", "-o", "html=out.html", "-o", "junit=out.xml"),
                *(
                    "-o",
                    "markdown=out.md",
                    "-o",
                    "openmetrics=metrics.txt",
                    "-o",
                    f"prometheus=127.0.0.1:{free_port()}",
                    "-o",
                    "parquet=out.parquet",
                ),
                *("-o", f"otlp=http://127.0.0.1:{receiver}", "-o", "console", "--store", "runs.sqlite"),
                *("--tag", f"token={PLANTED['a tag']}", "--tag", f"note={PLANTED['a bearer token']}"),
            ],
            path,
        )
    with open_store(path / "runs.sqlite").reading() as connection:
        stored = find_run(connection, "last").id
        texts["the stored plan"] = load_plan_text(connection, stored) or ""
        texts["the stored summary"] = json.dumps(load_summary(connection, stored), ensure_ascii=False)
    assert "unreachable" in texts["the stored plan"]
    texts["the metrics"] = b"\n".join(metrics).decode("utf-8", "replace")
    assert {"out.json", "out.html", "out.xml", "out.md", "metrics.txt", "job.md"} <= texts.keys(), texts[
        "standard error"
    ]
    summary = json.loads(texts["out.json"])
    assert summary["totals"]["requests"] > 10
    assert len(summary["error_samples"]) > 6
    assert metrics
    assert "\n::error file=plan.yaml,line=" in texts["standard error"]
    assert not leaks(texts), "\n".join(leaks(texts))
    assert "***" in summary["run"]["name"]
    assert re.search(r"--set '?actions.raw.headers.X-Csrf-Token=\*\*\*", summary["run"]["command"])


def test_the_live_screen_shows_no_credential(folder: tuple[Path, int]) -> None:
    path, port = folder
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
    command = [str(BIN / "gradual"), "run", *options(port), "--agents", "1", "--monitor", "-v"]
    with subprocess.Popen(command, cwd=path, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        shown = b"".join(iter(lambda: read_terminal(controller), b"")).decode("utf-8", "replace")
        process.wait(DEADLINE_S)
    os.close(controller)
    assert "unreachable" in shown
    assert not leaks({"screen": shown}), "\n".join(leaks({"screen": shown}))


def read_terminal(controller: int) -> bytes:
    """What the processes wrote; empty when the last of them has closed the terminal (EIO on Linux)."""
    try:
        return os.read(controller, 65_536)
    except OSError:
        return b""


def test_a_trial_shows_no_credential(folder: tuple[Path, int]) -> None:
    path, port = folder
    texts = run([str(BIN / "gradual"), "try", *options(port)], path)
    assert "unreachable" in texts["standard output"], texts["standard error"]
    assert not leaks(texts), "\n".join(leaks(texts))


def test_validate_and_plan_show_no_credential(folder: tuple[Path, int]) -> None:
    path, port = folder
    for command in ("validate", "plan"):
        texts = run([str(BIN / "gradual"), command, *options(port)], path)
        assert "users" in texts["standard output"], texts["standard error"]
        assert not leaks(texts), "\n".join(leaks(texts))
