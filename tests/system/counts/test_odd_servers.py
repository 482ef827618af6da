"""Unusual responses of real servers, which some clients cannot read.

The expected results are those of curl and of Go's net/http, or of the RFCs where these define them.
"""

from __future__ import annotations

import gzip
import json
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli
import pytest
import trustme
import zstandard
from fleet_processes import BIN, DEADLINE_S
from odd_server import Answer, OddServer, odd_server

OK = b"HTTP/1.1 200 OK\r\n"
TEXT = b"hello world"
GZIPPED = gzip.compress(TEXT, mtime=0)


@dataclass(frozen=True)
class Case:
    """A response and what an action must report of it."""

    answer: Answer
    kind: str | None = None
    """Of the failure; None for a success."""

    detail: str = ""
    """A part of the failure's text."""

    timed: bool = True
    """It has a response time."""

    action: Mapping[str, Any] | None = None


HELLO = {"assertions": [{"body_contains": "hello"}]}
WHOLE = {"assertions": [{"body_matches": "^hello world$"}]}


def sized(body: bytes, *fields: bytes) -> bytes:
    """A response with `Content-Length`."""
    return b"".join([OK, *(field + b"\r\n" for field in fields), b"Content-Length: %d\r\n\r\n" % len(body), body])


CASES = {
    "equal-lengths": Case(Answer(OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), action=HELLO),
    "list-of-equal-lengths": Case(Answer(OK + b"Content-Length: 5, 5\r\n\r\nhello"), action=HELLO),
    "different-lengths": Case(
        Answer(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "protocol", "content-length", timed=False
    ),
    "chunked-with-length": Case(
        Answer(OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), action=HELLO
    ),
    "blanks-after-chunk-size": Case(
        Answer(OK + b"Transfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n"), action=HELLO
    ),
    "bytes-after-gzip": Case(Answer(sized(GZIPPED + b"\r\n", b"Content-Encoding: gzip")), action=WHOLE),
    "zeros-after-gzip": Case(Answer(sized(GZIPPED + b"\0" * 8, b"Content-Encoding: gzip")), action=WHOLE),
    "gzip-cut-off": Case(Answer(sized(GZIPPED[:-12], b"Content-Encoding: gzip")), "protocol", "gzip", action=WHOLE),
    "brotli": Case(Answer(sized(brotli.compress(TEXT), b"Content-Encoding: br")), action=WHOLE),
    "zstd": Case(Answer(sized(zstandard.compress(TEXT), b"Content-Encoding: zstd")), action=WHOLE),
    "unknown-coding": Case(Answer(sized(TEXT, b"Content-Encoding: compress")), "protocol", "compress", action=WHOLE),
    "early-413": Case(
        Answer(
            b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large",
            then="reset",
            is_early=True,
        ),
        "status",
        action={"method": "POST", "body": "{{ 'x' * 6000000 }}"},
    ),
    "line-end-after-body": Case(Answer(sized(b"ok"), later=b"\r\n")),
    "control-in-cookie": Case(Answer(sized(b"ok", b"Set-Cookie: a=\x01b; Path=/"))),
    "folded-line": Case(Answer(sized(b"ok", b"X-Long: a\r\n b"))),
    "line-feeds-alone": Case(Answer(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok")),
    "blank-in-field-name": Case(Answer(sized(b"ok", b"X Foo: a"))),
    "empty-location": Case(
        Answer(b"HTTP/1.1 302 Found\r\nLocation: \r\nContent-Length: 0\r\n\r\n"),
    ),
    "utf-8-location": Case(Answer("HTTP/1.1 302 Found\r\nLocation: /café\r\nContent-Length: 0\r\n\r\n".encode())),
    "status-999": Case(
        Answer(b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n"), action={"assertions": [{"status_code": 999}]}
    ),
}

OVER_TLS = {
    "sized": Case(Answer(sized(b"hello", b"Connection: close"), then="drop"), action=HELLO),
    "chunked": Case(
        Answer(
            OK + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            then="drop",
        ),
        action=HELLO,
    ),
    "until-close": Case(Answer(OK + b"Connection: close\r\n\r\nhello", then="close"), action=HELLO),
    "until-drop": Case(Answer(OK + b"Connection: close\r\n\r\nhello", then="drop"), "protocol", timed=False),
}


def run_each_once(folder: Path, config: dict[str, Any], cases: Mapping[str, Case]) -> dict[str, Any]:
    """The summary of a run in which one user gets every response once."""
    plan = {
        "config": {"name": "odd", "timeout": "5s", "duration": "60s", **config},
        "users": [{"name": "user", "concurrency": 1, "iterations": 1, "behavior": list(cases)}],
        "actions": {name: {"url": f"/{name}", **(case.action or {})} for name, case in cases.items()},
        "thresholds": [],
    }
    (folder / "plan.yaml").write_text(json.dumps(plan))
    command = [str(BIN / "gradual"), "run", "plan.yaml", "--agents", "1", "-q", "-o", "json=summary.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (folder / "summary.json").exists(), done.stderr
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return summary


def check(summary: dict[str, Any], cases: Mapping[str, Case], server: OddServer) -> None:
    """Every case has its expected result, and the summary has the server's count."""
    actions = {row["step"]: row for row in summary["actions"]}
    expected = {name: {case.kind: 1} if case.kind else {} for name, case in cases.items()}
    assert {name: actions[name]["errors"] for name in cases} == expected
    assert {name: actions[name]["response_time_ms"]["count"] for name in cases} == {
        name: int(case.timed) for name, case in cases.items()
    }
    details = {row["step"]: row["detail"].lower() for row in summary["error_samples"]}
    assert [name for name, case in cases.items() if case.detail not in details.get(name, "")] == []
    assert summary["totals"]["sent"] == sum(len(heads) for heads in server.heads.values())


def test_unusual_responses_are_read_as_curl_reads_them(tmp_path: Path) -> None:
    answers = {f"/{name}": case.answer for name, case in CASES.items()}
    with odd_server({**answers, "/caf%C3%A9": Answer(sized(b"ok"))}) as server:
        summary = run_each_once(tmp_path, {"base_url": f"http://127.0.0.1:{server.port}"}, CASES)
        check(summary, CASES, server)
    assert server.count("/empty-location") == 1
    assert server.count("/caf%C3%A9") == summary["totals"]["hops"] == 1


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's context; the certificate of its authority is in `ca.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def test_a_tls_close_without_close_notify_fails_only_a_body_that_it_may_have_truncated(
    tmp_path: Path, tls: ssl.SSLContext
) -> None:
    answers = {f"/{name}": case.answer for name, case in OVER_TLS.items()}
    with odd_server(answers, tls) as server:
        config = {"base_url": f"https://localhost:{server.port}", "tls": {"ca": "ca.pem"}}
        check(run_each_once(tmp_path, config, OVER_TLS), OVER_TLS, server)


def test_cookies_belong_to_the_host_of_the_host_header(tmp_path: Path) -> None:
    login = sized(b"ok", b"Set-Cookie: sid=1; Domain=shop.example; Path=/")
    cases = {"login": Case(Answer(login)), "home": Case(Answer(sized(b"ok")))}
    with odd_server({f"/{name}": case.answer for name, case in cases.items()}) as server:
        config = {"base_url": f"http://127.0.0.1:{server.port}", "headers": {"Host": "shop.example"}}
        check(run_each_once(tmp_path, config, cases), cases, server)
    assert [head.split(b"\r\n").count(b"Cookie: sid=1") for head in server.heads["/home"]] == [1]
