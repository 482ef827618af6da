"""A body of a gigabyte is read to its end and not kept; a limit ends the reading where it says.

Memory is what Python's allocator counts at its highest, so the results do not depend on time.
"""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import aiohttp
import pytest
from clients import CURL
from http_harness import Driver, open_dialer
from running_nginx import GIGABYTE, Nginx

from gradual_agent.http.request import MAX_KEPT_BODY, build_request
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.failures import KINDS
from gradual_common.net.tls import Tls

MEGABYTE = 1 << 20
FILE = "gigabyte.bin"
LARGE_HEAD = 1024
"""More than the bytes of nginx's head."""

WAYS = ["sized", "chunked", "until"]


async def fetch(nginx: Nginx, way: str, is_secure: bool = False, **options: Any) -> tuple[Sample, int, int]:
    """The sample, the bytes of memory at the highest, and those that remain with the connection still open."""
    base, assets, tls = nginx.plain, {}, Tls()
    if is_secure:
        base, assets, tls = nginx.secure, {"ca.pem": nginx.authority.read_bytes()}, Tls(ca="ca.pem")
    fields = options.pop("headers", {"Accept-Encoding": "identity"})
    request = build_request("GET", f"{base}/{way}/{FILE}", fields, tls=tls, timeout=300 * 10**9, **options)
    with open_dialer(assets) as dialer:
        driver = Driver(dialer)
        await driver.fetch(build_request("GET", f"{base}/text", tls=tls))
        tracemalloc.start()
        try:
            sample = driver.begin(request)
            await driver.wait(300)
            remaining, highest = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        driver.client.close()
    return sample, highest, remaining


@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_gigabyte_is_read_through_and_not_kept(way: str, is_secure: bool, nginx: Nginx) -> None:
    sample, highest, remaining = await fetch(nginx, way, is_secure)
    assert (sample.kind, sample.status_code, sample.response) == (0, 200, None)
    framing = {"sized": 0, "until": 0, "chunked": GIGABYTE // 1000}[way]
    assert GIGABYTE < sample.bytes_received <= GIGABYTE + LARGE_HEAD + framing
    assert highest < 8 * MEGABYTE
    assert remaining < MEGABYTE


@pytest.mark.parametrize("way", WAYS)
async def test_curl_and_aiohttp_read_as_many_bytes(way: str, nginx: Nginx) -> None:
    if CURL is None:
        pytest.skip("curl is not installed")
    url = f"{nginx.plain}/{way}/{FILE}"
    form = "%{http_code} %{size_download}"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(CURL, "-sq", "-o", "/dev/null", "-w", form, url, stdout=pipe)
    output, _ = await process.communicate()
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        size = sum([len(piece) async for piece in response.content.iter_any()])
    assert (output.decode(), response.status, size) == (f"200 {GIGABYTE}", 200, GIGABYTE)


@pytest.mark.parametrize(
    ("way", "is_read_first", "limit"),
    [
        ("sized", False, GIGABYTE - 1),  # The head says it all.
        ("chunked", True, 10 * MEGABYTE),
        ("until", True, 10 * MEGABYTE),
    ],
)
async def test_a_body_beyond_the_limit_is_not_read_to_its_end(
    way: str, is_read_first: bool, limit: int, nginx: Nginx
) -> None:
    sample, highest, _ = await fetch(nginx, way, max_body=limit)
    assert KINDS[sample.kind] == "body_too_large"
    assert sample.bytes_received < (limit + 2 * MEGABYTE if is_read_first else MEGABYTE)
    assert (sample.bytes_received > limit) is is_read_first
    assert highest < 8 * MEGABYTE


async def test_a_body_of_the_limit_is_read(nginx: Nginx) -> None:
    sample, _, _ = await fetch(nginx, "sized", max_body=GIGABYTE)
    assert (sample.kind, sample.status_code) == (0, 200)


@pytest.mark.parametrize("way", WAYS)
async def test_a_gigabyte_that_is_to_be_kept_is_refused(way: str, nginx: Nginx) -> None:
    sample, highest, remaining = await fetch(nginx, way, wants_body=True)
    assert KINDS[sample.kind] == "body_too_large"
    assert sample.bytes_received < MAX_KEPT_BODY + 2 * MEGABYTE
    assert highest < MAX_KEPT_BODY + 8 * MEGABYTE
    assert remaining < MEGABYTE


@pytest.mark.parametrize("coding", ["gzip", "br"])
@pytest.mark.parametrize("wants_body", [False, True], ids=["not read", "read"])
async def test_a_gigabyte_that_comes_compressed_is_never_unpacked(coding: str, wants_body: bool, nginx: Nginx) -> None:
    sample, highest, remaining = await fetch(
        nginx, coding, headers={"Accept-Encoding": coding}, wants_body=wants_body, max_body=10 * MEGABYTE
    )
    assert KINDS[sample.kind] == ("body_too_large" if wants_body else KINDS[0])
    assert 500 < sample.bytes_received < 5 * MEGABYTE
    assert highest < 40 * MEGABYTE
    assert remaining < 8 * MEGABYTE
