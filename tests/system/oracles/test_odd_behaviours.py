"""What comes of servers that misbehave: what curl makes of them, unless there is a reason, and no harm after."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from clients import CURL
from http_harness import Driver, open_dialer
from leaks import nothing_left
from odd_behaviours import LIMIT, Behaviour, plain, secured
from scripted_server import ScriptedServer, scripted_server

from gradual_agent.http.request import HttpRequest, build_request
from gradual_agent.runtime.sample import Sample
from gradual_common.clock import NS_PER_S
from gradual_common.kinds.failures import KINDS
from gradual_common.net.tls import Tls

ENDLESS_S = 1
"""The timeout of requests that are never answered."""


@dataclass(frozen=True)
class Security:
    """TLS of a server and of its clients."""

    context: ssl.SSLContext
    authority: Path

    @property
    def assets(self) -> dict[str, bytes]:
        return {"ca.pem": self.authority.read_bytes()}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Security:
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return Security(context, path)


def describe(sample: Sample) -> str:
    if sample.kind:
        return KINDS[sample.kind]
    return f"{sample.status_code} {sample.response.body.decode()}"


def request_of(row: Behaviour, server: ScriptedServer, *, is_secure: bool) -> HttpRequest:
    return build_request(
        row.method,
        server.url("https" if is_secure else "http"),
        body=row.body,
        tls=Tls(ca="ca.pem") if is_secure else Tls(),
        timeout=(ENDLESS_S if row.gradual == "timeout" else 20) * NS_PER_S,
        wants_body=True,
        max_body=LIMIT,
    )


async def ask_gradual(row: Behaviour, is_bytewise: bool, security: Security | None) -> tuple[str, str, int]:
    """The outcome of both requests, and the number of connections."""
    context, assets = (security.context, security.assets) if security else (None, {})
    async with nothing_left():
        with scripted_server(row.scripts, is_bytewise, context) as server, open_dialer(assets) as dialer:
            driver = Driver(dialer)
            request = request_of(row, server, is_secure=security is not None)
            first = describe(await driver.fetch(request))
            await server.wait_until_settled()
            second = describe(await driver.fetch(request))
            driver.client.close()
            await asyncio.to_thread(server.wait_for_the_end_of_connections)
    return first, second, server.accepted


async def check(row: Behaviour, is_bytewise: bool, security: Security | None) -> None:
    if row.only_whole and is_bytewise:
        return
    first, second, connections = await ask_gradual(row, is_bytewise, security)
    assert first in row.gradual.split(" or ")
    assert second == row.after
    assert connections == row.connections or not row.connections


@pytest.mark.parametrize("is_bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("row", plain(), ids=lambda row: row.name)
async def test_what_comes_of_it(row: Behaviour, is_bytewise: bool) -> None:
    await check(row, is_bytewise, None)


@pytest.mark.parametrize("is_bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("row", secured(), ids=lambda row: row.name)
async def test_what_comes_of_it_over_tls(row: Behaviour, is_bytewise: bool, tls: Security) -> None:
    await check(row, is_bytewise, tls)


async def ask_curl(row: Behaviour, folder: Path, security: Security | None) -> str:
    """The outcome of the first request."""
    if CURL is None:
        pytest.skip("curl is not installed")
    (folder / "sent").write_bytes(row.body)
    options = ["-sqgL", "--max-redirs", "10", "--max-time", f"{ENDLESS_S}", "-w", "%{http_code}", "-o", "body"]
    options += ["--http1.1", "--cacert", str(security.authority)] if security else []
    options += {"HEAD": ["-I"], "POST": ["-H", "Expect:", "--data-binary", "@sent"]}.get(row.method, [])
    with scripted_server(row.scripts, context=security.context if security else None) as server:
        command = [CURL, *options, server.url("https" if security else "http")]
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=asyncio.subprocess.PIPE)
        status, _ = await process.communicate()
        await asyncio.to_thread(server.wait_for_the_end_of_connections)
    if process.returncode:
        return "waits" if process.returncode == 28 else "fails"
    body = (folder / "body").read_text() if row.method != "HEAD" and (folder / "body").exists() else ""
    return f"{status.decode()} {body}"


def is_same(gradual: str, curl: str) -> bool:
    if curl == "waits":
        return gradual == "timeout"
    return gradual == curl or (curl == "fails" and set(gradual.split(" or ")) <= set(KINDS))


@pytest.mark.parametrize("row", plain(), ids=lambda row: row.name)
async def test_what_curl_does(row: Behaviour, tmp_path: Path) -> None:
    assert await ask_curl(row, tmp_path, None) == row.curl
    assert is_same(row.gradual, row.curl) is (row.reason == "")


@pytest.mark.parametrize("row", secured(), ids=lambda row: row.name)
async def test_what_curl_does_over_tls(row: Behaviour, tmp_path: Path, tls: Security) -> None:
    assert await ask_curl(row, tmp_path, tls) == row.curl
    assert is_same(row.gradual, row.curl) is (row.reason == "")
