"""A failed exchange can be tried again by hand."""

import shlex
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.kinds.failed_exchange import curl_of

SENT = {
    "method": "POST",
    "url": "http://bank.example/login?a=1",
    "headers": [["Host", "bank.example"], ["Accept", "*/*"]],
    "body": "{}",
    "body_bytes": 2,
}

hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["'; rm -rf /; '", "$(id)", "`id`", "!!", "a\nb", "*", "\\", '"', "-o/etc/passwd", "@/etc/passwd", "***"]
)


def command_of(request: dict[str, Any]) -> str:
    command = curl_of(request)
    assert command is not None
    return command


def test_what_is_not_http_has_no_command() -> None:
    assert curl_of({"title": "ADD 1 2", "headers": [], "body": "", "body_bytes": 0}) is None


@given(hostile, st.lists(st.tuples(hostile, hostile), max_size=3), hostile)
def test_each_part_of_a_request_stays_one_word(path: str, headers: list[tuple[str, str]], body: str) -> None:
    request = SENT | {"url": f"http://h/{path}", "headers": [["X-" + name, value] for name, value in headers]}
    words = shlex.split(command_of(request | {"body": body}))
    assert words[:5] == ["curl", "-g", "-i", "-X", "POST"]
    assert words[5] == f"http://h/{path}"
    expected = [part for name, value in headers for part in ("-H", f"X-{name}: {value}" if value else f"X-{name};")]
    assert words[6:] == expected + (["--data-raw", body] if body else [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"body": ""}, ["-i", "-X", "POST", SENT["url"], "-H", "Accept: */*"]),
        ({"method": "HEAD", "body": ""}, ["-I", SENT["url"], "-H", "Accept: */*"]),
        ({"headers": [["Host", "other"]], "body": ""}, ["-i", "-X", "POST", SENT["url"], "-H", "Host: other"]),
        ({"headers": [], "url": "http://h/?ids[]=1"}, ["-i", "-X", "POST", "http://h/?ids[]=1", "--data-raw", "{}"]),
    ],
)
def test_the_command_sends_what_was_sent(changes: dict[str, Any], words: list[str]) -> None:
    assert shlex.split(command_of(SENT | changes)) == ["curl", "-g", *words]


class Listener(HTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, list[tuple[str, str]], bytes]] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                heard.append((self.command, self.path, self.headers.items(), body))
                self.send_response(500)
                self.end_headers()

            do_GET = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names for them

            def log_message(self, *arguments: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the command is for curl, which is not here")
@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/a?ids[]=1&b={x}&c=$(id)", {"Accept": "*/*", "X-Empty": "", "X-Odd": '\'; `id` "$HOME" !!'}, ""),
        ("HEAD", "/a", {"Accept": "text/plain"}, ""),
        ("POST", "/a", {"Content-Type": "application/json"}, '{"a": "it\'s\\n", "b": "ü"}'),
        ("POST", "/a", {"Content-Type": "text/plain", "Host": "other.example"}, "@/etc/passwd"),
        ("DELETE", "/a", {"User-Agent": "gradual"}, ""),
    ],
)
def test_curl_sends_what_was_sent(method: str, path: str, headers: dict[str, str], body: str) -> None:
    with Listener() as listener:
        thread = threading.Thread(target=listener.handle_request)
        thread.start()
        authority = f"127.0.0.1:{listener.server_port}"
        fields = [[name, value] for name, value in ({"Host": authority} | headers).items()]
        request = {"method": method, "url": f"http://{authority}{path}", "headers": fields, "body": body}
        command = f"{command_of(request)} -q -sS --noproxy '*' --max-time 20"
        subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=30)
        thread.join()
    (heard,) = listener.heard
    assert heard[:2] == (method, path)
    assert {tuple(field) for field in fields} <= set(heard[2])
    assert heard[3] == body.encode()
