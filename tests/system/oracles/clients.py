"""Three clients, each asked the same questions: Gradual's HTTP engine, curl (the program) and aiohttp's client.

What a client sees of a response: status, header fields, decoded body, or that it failed. The requests that it sends,
with the URL where redirects end and its cookies, are in the server's log.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from http_harness import Driver, open_dialer
from yarl import URL

from gradual_agent.http.request import build_request
from gradual_common.kinds.failures import KINDS
from gradual_common.net.tls import Tls
from gradual_common.net.ways import STRAIGHT, Way

CURL = shutil.which("curl")
SAME_FOR_ALL = {"User-Agent": "oracle", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
"""Fields that each client would write in its own way."""

TIMEOUT_S = 20
MAX_REDIRECTS = 10
VOLATILE = frozenset({"date"})


@dataclass(frozen=True)
class Question:
    """A request. `path` is seen from the server's address, or an absolute URL."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def fields(self) -> dict[str, str]:
        return {**SAME_FOR_ALL, **self.headers}

    def url(self, base: str) -> str:
        return self.path if "://" in self.path else base + self.path


@dataclass(frozen=True)
class Seen:
    """What a client makes of a response; `failure` is its own word for what went wrong."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    failure: str = field(default="", compare=False)
    has_failed: bool = False


def failed(how: str) -> Seen:
    return Seen(failure=how, has_failed=True)


def in_order(pairs: Any) -> tuple[tuple[str, str], ...]:
    """Header fields as they are compared: names in lower case, sorted, without those that change by themselves."""
    lowered = [(name.lower(), value) for name, value in pairs]
    return tuple(sorted(pair for pair in lowered if pair[0] not in VOLATILE))


async def ask_gradual(
    questions: Sequence[Question], base: str, authority: Path | None = None, way: Way = STRAIGHT
) -> list[Seen]:
    """One virtual user of the engine, with a limit on bodies that none of these reaches."""
    assets = {} if authority is None else {"ca.pem": authority.read_bytes()}
    tls = Tls() if authority is None else Tls(ca="ca.pem")
    seen = []
    with open_dialer(assets) as dialer:
        driver = Driver(dialer)
        for question in questions:
            request = build_request(
                question.method, question.url(base), question.fields(), question.body, tls, way=way,
                follow_redirects=MAX_REDIRECTS, timeout=TIMEOUT_S * 10**9, wants_body=True, wants_headers=True,
            )  # fmt: skip
            sample = await driver.fetch(request)
            response = sample.response
            if sample.kind or response is None:
                seen.append(failed(KINDS[sample.kind]))
                continue
            pairs = [(name, value) for name in response.headers for value in response.headers.get_all(name)]
            seen.append(Seen(response.status_code, in_order(pairs), response.body))
        driver.client.close()
    return seen


async def ask_curl(
    questions: Sequence[Question], base: str, folder: Path, authority: Path | None = None, proxy: str = ""
) -> list[Seen]:
    """A process per request, with the cookies in a file; the test is skipped without curl."""
    if CURL is None:
        pytest.skip("curl is not installed")
    (folder / "jar").touch()
    return [await _ask_curl_once(question, base, folder, authority, proxy) for question in questions]


async def _ask_curl_once(question: Question, base: str, folder: Path, authority: Path | None, proxy: str) -> Seen:
    (folder / "sent").write_bytes(question.body)
    (folder / "head").write_bytes(b"")
    (folder / "body").write_bytes(b"")
    options = ["-sgqL", "--compressed", "--max-redirs", f"{MAX_REDIRECTS}", "--max-time", f"{TIMEOUT_S}"]
    options += ["-b", "jar", "-c", "jar", "-D", "head", "-o", "body", "-H", "Expect:"]
    options += [] if authority is None else ["--http1.1", "--cacert", str(authority)]
    options += ["--proxy", proxy, "--suppress-connect-headers"] if proxy else []
    for name, value in question.fields().items():
        options += ["-H", f"{name}: {value}"]
    options += _method_options(question)
    process = await asyncio.create_subprocess_exec(str(CURL), *options, question.url(base), cwd=folder)
    code = await process.wait()
    if code:
        return failed(f"curl's exit code {code}")
    # Of several heads, those of interim responses and redirects, the last counts.
    head = (folder / "head").read_bytes().decode("utf-8", "replace").rstrip("\r\n").rpartition("\r\n\r\n")[2]
    line, *fields = head.split("\r\n")
    pairs = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    body = b"" if question.method == "HEAD" else (folder / "body").read_bytes()  # With -I curl writes the head there.
    return Seen(int(line.split()[1]), in_order(pairs), body)


def _method_options(question: Question) -> list[str]:
    """The method as a user of curl writes it: with `-X` every hop of a redirect has it, so it is the last resort."""
    if question.method == "GET" and not question.body:
        return []
    if question.method == "HEAD":
        return ["-I"]
    if question.method == "POST":
        return ["--data-binary", "@sent"]
    if question.method == "PUT":
        return ["-T", "sent"]
    return ["-X", question.method, *(["--data-binary", "@sent"] if question.body else [])]


async def ask_aiohttp(questions: Sequence[Question], base: str, authority: Path | None = None) -> list[Seen]:
    """One session of aiohttp; its jar takes the cookies of addresses, as the others do."""
    seen = []
    context: Any = True if authority is None else ssl.create_default_context(cafile=str(authority))
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        connector=aiohttp.TCPConnector(ssl=context),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
    ) as session:
        for question in questions:
            try:
                url = URL(question.url(base), encoded=True)
                options = {"headers": question.fields(), "data": question.body or None}
                async with session.request(
                    question.method, url, max_redirects=MAX_REDIRECTS + 1, **options
                ) as response:
                    body = await response.read()
                    pairs = [(name.decode(), value.decode()) for name, value in response.raw_headers]
                    seen.append(Seen(response.status, in_order(pairs), body))
            except (TimeoutError, aiohttp.ClientError, ValueError) as error:
                seen.append(failed(repr(error)))
    return seen
