"""Digest as curl and aiohttp do it: httpbin sees the same messages of each client, and accepts the same ones."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from clients import CURL
from http_harness import Driver, open_dialer
from running_httpbin import Httpbin

from gradual_agent.http.auth.client import AuthenticatingClient
from gradual_agent.http.auth.logins import DigestLogin

USER, PASSWORD = "amy", "open"

Messages = list[tuple[str, bool, bool]]
"""Each with its path, whether it had an answer to a challenge, and whether it had a client nonce."""


def messages(httpbin: Httpbin) -> Messages:
    logged = [(entry["url"].removeprefix(httpbin.url), entry["authorization"]) for entry in httpbin.take_log()]
    return [(path, given.startswith("Digest "), "cnonce=" in given) for path, given in logged]


async def by_gradual(url: str, password: str) -> int:
    with open_dialer() as dialer:
        driver = Driver(dialer)
        driver.client = AuthenticatingClient(dialer, driver, "per_user", "keep_alive")
        sample = await driver.fetch("GET", url, auth=DigestLogin(USER, password))
        driver.client.close()
        assert (sample.messages, sample.auth_sent) == (2, 1)
        return int(sample.status_code)


async def by_curl(url: str, password: str) -> int:
    options = ["-sq", "--digest", "-u", f"{USER}:{password}", "-b", "", "-o", "/dev/null", "-w", "%{http_code}"]
    process = await asyncio.create_subprocess_exec(str(CURL), *options, url, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return int(said)


async def by_aiohttp(url: str, password: str) -> int:
    middleware: Any = aiohttp.DigestAuthMiddleware(USER, password)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(middlewares=(middleware,), cookie_jar=jar) as session, session.get(url) as found:
        return found.status


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize(("password", "status"), [(PASSWORD, 200), ("wrong", 401)])
async def test_the_clients_send_the_same(httpbin: Httpbin, algorithm: str, password: str, status: int) -> None:
    path = f"/digest-auth/auth/{USER}/{PASSWORD}/{algorithm}"
    found = {}
    for client in (by_gradual, by_aiohttp, *([by_curl] if CURL else [])):
        found[client.__name__] = (await client(httpbin.url + path, password), messages(httpbin))
    asked, answered = (path, False, False), (path, True, True)
    assert found["by_gradual"] == (status, [asked, answered])
    assert found["by_aiohttp"] == found["by_gradual"]
    # A request that has only just failed with its answer is not tried again: aiohttp and curl agree.
    assert found.get("by_curl", found["by_gradual"]) == found["by_gradual"]


async def test_a_nonce_that_httpbin_calls_stale_is_answered_again(httpbin: Httpbin) -> None:
    """Its nonces are good for two requests here: as its own cookies say, the next answer meets a new one."""
    url = f"{httpbin.url}/digest-auth/auth/{USER}/{PASSWORD}/MD5/2"
    with open_dialer() as dialer:
        driver = Driver(dialer)
        driver.client = AuthenticatingClient(dialer, driver, "per_user", "keep_alive")
        samples = []
        for _ in range(6):
            sample = await driver.fetch("GET", url, auth=DigestLogin(USER, PASSWORD))
            samples.append((sample.status_code, sample.auth_sent))
        driver.client.close()
    assert {status for status, _ in samples} == {200}
    assert len(messages(httpbin)) == 6 + sum(auth_sent for _, auth_sent in samples)
    assert 2 <= sum(auth_sent for _, auth_sent in samples) < 6
