"""Gradual, curl and aiohttp read what nginx sends in the same way: sized, chunked, compressed, with TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import Question, ask_aiohttp, ask_curl, ask_gradual
from running_nginx import REDIRECTS, SIZES, Nginx

WAYS = ("sized", "gzip", "br", "chunked", "until", "close")
CODINGS = ("identity", "gzip", "deflate, gzip", "br", "gzip, br")
BODY = b"x" * 50_000
TEXT = {"Content-Type": "text/plain"}


def questions() -> Iterator[Question]:
    """Every way with every size; then what only some ways can do."""
    files = [f"{size}.txt" for size in SIZES] + ["random.bin", "absent"]
    yield from (Question(f"/{way}/{file}", headers={"Accept-Encoding": "gzip, br"}) for way in WAYS for file in files)
    for coding in CODINGS:
        yield from (Question(f"/{way}/300000.txt", headers={"Accept-Encoding": coding}) for way in WAYS)
    yield from (Question(f"/{way}/8193.txt", "HEAD") for way in WAYS)
    yield from (Question("/sized/8193.txt", headers={"Range": f"bytes={wanted}"}) for wanted in ("0-0", "-5", "9000-"))
    yield Question("/sized/1.txt", headers={"If-Modified-Since": "Fri, 31 Dec 2038 23:59:59 GMT"})
    yield Question("/fields/1.txt")
    yield from (Question(path) for path in ("/nothing", "/empty", "/text", "/error", "/relative", "/loop"))
    yield from (Question(path) for path in ("/to-tls", "/to-plain", "/gzip", "/a%20b", "/private/1.txt"))
    yield from (Question(f"/r{status}", method) for status in REDIRECTS for method in ("GET", "HEAD"))
    for method in ("POST", "PUT"):
        yield Question("/sized/1.txt", method, TEXT, BODY)
        yield Question("/put/small", method, TEXT, BODY)
        yield Question("/put/too-large", method, TEXT, BODY * 3)


@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("question", list(questions()), ids=lambda question: f"{question.method} {question.path}")
async def test_the_clients_see_the_same(question: Question, is_secure: bool, nginx: Nginx, tmp_path: Path) -> None:
    base = nginx.secure if is_secure else nginx.plain
    ours = await ask_gradual([question], base, nginx.authority)
    assert await ask_curl([question], base, tmp_path, nginx.authority) == ours
    assert await ask_aiohttp([question], base, nginx.authority) == ours


@pytest.mark.parametrize("user", ["u:p", "u:wrong", "u"])
async def test_credentials_in_the_url_are_used_in_the_same_way(user: str, nginx: Nginx, tmp_path: Path) -> None:
    base = nginx.plain.replace("://", f"://{user}@")
    question = Question("/private/1.txt")
    ours = await ask_gradual([question], base)
    assert ours[0].status == (200 if user == "u:p" else 401)
    assert await ask_curl([question], base, tmp_path) == ours
    assert await ask_aiohttp([question], base) == ours


@pytest.mark.parametrize(
    ("way", "fields"),
    [
        ("sized", {"content-length": "300000"}),
        ("gzip", {"content-encoding": "gzip", "transfer-encoding": "chunked"}),
        ("br", {"content-encoding": "br", "transfer-encoding": "chunked"}),
        ("chunked", {"transfer-encoding": "chunked"}),
        ("until", {"connection": "close"}),
        ("close", {"connection": "close", "content-length": "300000"}),
    ],
)
async def test_nginx_sends_in_the_way_that_is_asked_for(way: str, fields: dict[str, str], nginx: Nginx) -> None:
    wanted = {"Accept-Encoding": "gzip, br"}
    (seen,) = await ask_gradual([Question(f"/{way}/300000.txt", headers=wanted)], nginx.plain)
    framing = ("content-length", "content-encoding", "transfer-encoding", "connection")
    found = {name: value for name, value in seen.headers if name in framing and value != "keep-alive"}
    assert (found, len(seen.body)) == (fields, 300_000)
