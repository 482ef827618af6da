"""The table of 250 responses (`as_curl.tsv`), sent over sockets: what Gradual, curl and aiohttp make of them."""

from __future__ import annotations

import asyncio
import subprocess

import aiohttp
import pytest
from clients import CURL
from curl_table import Row, ask_curl, escape, read_table
from http_harness import Driver, open_dialer
from leaks import nothing_left
from scripted_server import Script, close, hang, read, scripted_server, send

from gradual_agent.http.request import build_request
from gradual_agent.runtime.sample import Sample
from gradual_common.clock import NS_PER_S
from gradual_common.kinds.failures import KINDS

ROWS = read_table()
NOTHING_COMES_S = 1
"""The timeout of a request whose response never ends."""

CURL_OF_THE_TABLE = "curl 7.88.1 "


def script(row: Row) -> Script:
    return (read, send(row.data), close if row.ends else hang)


async def ask_gradual(row: Row, is_bytewise: bool) -> str:
    """The outcome as the table writes it."""
    timeout = NOTHING_COMES_S if row.gradual == "waiting" else 20
    with scripted_server([script(row)], is_bytewise) as server, open_dialer() as dialer:
        request = build_request("GET", server.url(), timeout=timeout * NS_PER_S, follow_redirects=0, wants_body=True)
        driver = Driver(dialer)
        sample = await driver.fetch(request)
        await server.wait_until_settled()
        connection = driver.client._connection
        outcome = describe(sample, connection is not None and connection.is_free)
        driver.client.close()
        await asyncio.to_thread(server.wait_for_the_end_of_connections)
    return outcome


def describe(sample: Sample, is_open: bool) -> str:
    kind = KINDS[sample.kind]
    if kind == "timeout":
        return "waiting"
    if sample.kind:
        return f"{kind}: {escape(str(sample.detail).encode('latin-1'))}"
    return f"{sample.status_code} {escape(sample.response.body)} {'open' if is_open else 'closed'}"


def is_as_written(found: str, written: str) -> bool:
    """What a library says of a broken stream is not part of the table."""
    return found == written or (": " in written and found.startswith(written + ": "))


@pytest.mark.parametrize("is_bytewise", [False, True], ids=["whole", "byte by byte"])
async def test_odd_answers_have_the_outcome_of_the_table(is_bytewise: bool) -> None:
    assert len(ROWS) >= 250
    async with nothing_left():
        found = {row.name: await ask_gradual(row, is_bytewise) for row in ROWS}
    assert [row for row in ROWS if not is_as_written(found[row.name], row.gradual)] == [], found


async def test_curl_says_what_the_table_says_of_it() -> None:
    if CURL is None:
        pytest.skip("curl is not installed")
    version = subprocess.run([CURL, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith(CURL_OF_THE_TABLE):
        pytest.skip(f"the table is of {CURL_OF_THE_TABLE}; here is {version[:12]}")
    found = {row.name: await asyncio.to_thread(ask_curl, row) for row in ROWS}
    assert {name: found[name] for name in found} == {row.name: row.curl for row in ROWS}


AIOHTTP = {
    "it takes what is not HTTP/1.1": (
        "http0.9", "status 099", "status 000", "reason nul", "101", "101 then", "fold first", "ch trailer nul",
        "ch 17 digits", "ch 20 digits",
    ),
    "it joins folded fields, those of the framing too": ("fold cl", "fold te"),
    "it undoes no transfer coding but `chunked`, and takes any other for none": (
        "te empty", "te param", "te xchunked", "te chunkedx", "te vt chunked", "te gzip,chunked",
        "te gzip + te chunked", "te chunked,gzip", "te gzip", "te x-gzip,chunked", "te foo,chunked", "te foo",
        "te br,chunked",
    ),
    "it hands over a body as it came when it does not know the coding": (
        "x-gzip", "utf-8", "foo", "gzip,gzip", "gzip x6", "identity x6", "gzip;q", "compress", "aws-chunked",
    ),
    "it does not ask whether a compressed body has its end": (
        "gzip member cut", "gzip member bad", "gzip cut", "gzip cut half", "gzip cut 5", "br cut", "br cut2",
    ),
}  # fmt: skip
"""Responses that aiohttp reads, but not as Gradual does, by the reason."""


async def ask_aiohttp(row: Row) -> str:
    """Status and body, or `refuses`."""
    with scripted_server([script(row)]) as server:
        timeout = aiohttp.ClientTimeout(total=NOTHING_COMES_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                async with session.get(server.url(), allow_redirects=False) as response:
                    return f"{response.status} {escape(await response.read())}"
            except (TimeoutError, aiohttp.ClientError, ValueError, LookupError):
                return "refuses"


async def test_what_aiohttp_reads_is_read_in_the_same_way() -> None:
    found = {row.name: await ask_aiohttp(row) for row in ROWS}
    read_otherwise = {
        row.name for row in ROWS if found[row.name] != "refuses" and found[row.name] != row.gradual.rpartition(" ")[0]
    }
    assert read_otherwise == {name for names in AIOHTTP.values() for name in names}
