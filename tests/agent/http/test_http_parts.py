"""The small parts: headers and responses, known heads, codings, redirects, addresses."""

import asyncio
import gzip
import random
import socket
import ssl
import zlib

import brotli
import pytest
import zstandard
from http_harness import Clock
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http.connecting.resolver import KEPT_NS, MAX_KEPT_NAMES, Address, Addresses, Resolver, read_literal
from gradual_agent.http.failures import ResponseError, connection_ended, explain, tls_failed
from gradual_agent.http.reading.decoding import KNOWN_CODINGS, decode_body
from gradual_agent.http.reading.head import MAX_REMEMBERED, read_head
from gradual_agent.http.request import build_request, follow
from gradual_agent.http.response import Headers, Response
from gradual_common.kinds.failures import KIND

# ── Response ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_headers_are_found_in_any_case_and_joined():
    headers = Headers(((b"X-One", b"1"), (b"x-one", b"2"), (b"B", b"\xe9")))
    assert (headers["X-ONE"], headers.get_all("x-One"), headers["b"]) == ("1, 2", ("1", "2"), "é")
    assert (len(headers), list(headers), "x-ONE" in headers, 1 in headers) == (2, ["x-one", "b"], True, False)
    assert headers.get("c") is None
    assert headers.get_all("c") == ()
    assert "x-one" in repr(headers)


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        (b"text/plain; charset=latin-1", b"\xe9", "é"),
        (b"application/json", "é".encode(), "é"),
        (b"text/plain; charset=nonsense", "é".encode(), "é"),
        (b"text/plain; charset=unicode_escape", b"\\x41 \\d", "\\x41 \\d"),
        (b"text/plain; charset=punycode", b"bcher-kva", "bcher-kva"),
        (b"text/plain", b"\xff", "\ufffd"),
    ],
)
def test_text_is_decoded_by_the_charset_of_its_field(content_type, body, text):
    assert Response(200, Headers(((b"Content-Type", content_type),)), body).text == text


# ── Heads ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_head_is_parsed_once_and_forgotten_when_there_are_many():
    known = {}
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nN: %d\r\n\r\n"
    assert read_head(raw % 1, known) is read_head(raw % 1, known)
    for n in range(2, MAX_REMEMBERED + 2):
        read_head(raw % n, known)
    assert len(known) == 1


def test_a_long_head_is_not_remembered():
    known = {}
    read_head(b"HTTP/1.1 200 OK\r\nA: " + b"a" * 5000 + b"\r\n\r\n", known)
    assert known == {}


# ── Codings ────────────────────────────────────────────────────────────────────────────────────────────────────────


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@given(st.binary(), st.sampled_from([*PACKERS.items(), ("deflate", raw_deflate)]))
def test_codings_are_undone(data, coding):
    name, pack = coding
    assert decode_body(pack(data), (name,), len(data)) == data


def test_codings_are_undone_last_first_and_members_joined():
    assert decode_body(gzip.compress(zlib.compress(b"x")), ("deflate", "gzip"), 100) == b"x"
    assert decode_body(gzip.compress(b"a") + gzip.compress(b"b"), ("x-gzip",), 100) == b"ab"


def test_what_is_no_coding_changes_nothing():
    assert decode_body(b"x", ("identity",), 1) == decode_body(b"x", ("none",), 1) == b"x"
    assert decode_body(b"", ("gzip", "unknown"), 1) == b""


def test_a_coding_that_is_not_known_is_named():
    with pytest.raises(ResponseError, match="coding 'snappy' is not known; gzip, x-gzip, deflate, br, zstd are"):
        decode_body(b"x", ("snappy",), 100)
    with pytest.raises(ResponseError, match="6 codings; 5 are undone"):
        decode_body(b"x", ("identity",) * 6, 100)


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("trailing", [b"\r\n", bytes(9), b"x" * 100, b"\x1f", b"\x28\xb5"])
@pytest.mark.parametrize("size", [0, 5, 4090, 4092, 100_000])
def test_bytes_after_the_end_of_a_stream_are_skipped(coding, trailing, size):
    data = random.Random(size).randbytes(size)
    assert decode_body(PACKERS[coding](data) + trailing, (coding,), size) == data


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("missing", [1, 3])
def test_a_stream_without_its_end_is_refused(coding, size, missing):
    packed = PACKERS[coding](random.Random(size).randbytes(size))
    with pytest.raises(ResponseError, match=f"the body is not valid {coding}: it ends early") as caught:
        decode_body(packed[:-missing], (coding,), size)
    assert caught.value.failure.kind == KIND["protocol"]


@pytest.mark.parametrize("coding", PACKERS)
def test_what_is_not_of_its_coding_is_refused(coding):
    with pytest.raises(ResponseError, match=f"the body is not valid {coding}") as caught:
        decode_body(b"junkjunkjunk", (coding,), 100)
    assert caught.value.failure.kind == KIND["protocol"]


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("limit", [0, 1, 100, 1_000_000, 99_999_999])
def test_a_few_bytes_that_stand_for_many_are_not_unpacked(coding, limit):
    bomb = PACKERS[coding](bytes(100_000_000))
    made, _ = KNOWN_CODINGS[coding](bomb, limit + 1)
    assert limit < len(made) <= 2 * limit + 16_000_000
    with pytest.raises(ResponseError, match=f"larger than {limit} bytes once {coding} is undone") as caught:
        decode_body(bomb, (coding,), limit)
    assert caught.value.failure.kind == KIND["body_too_large"]


@pytest.mark.parametrize(("coding", "members"), [("gzip", 2), ("gzip", 7), ("zstd", 2), ("zstd", 7)])
def test_members_are_joined_and_bounded_together(coding, members):
    packed = PACKERS[coding](bytes(60)) * members
    assert decode_body(packed, (coding,), 60 * members) == bytes(60 * members)
    with pytest.raises(ResponseError) as caught:
        decode_body(packed, (coding,), 60 * members - 1)
    assert caught.value.failure.kind == KIND["body_too_large"]


def test_frames_that_zstd_skips_are_skipped():
    skipped = b"\x53\x2a\x4d\x18\x02\0\0\0ab"
    assert decode_body(skipped + zstandard.compress(b"a") + skipped, ("zstd",), 9) == b"a"


# ── Redirects ──────────────────────────────────────────────────────────────────────────────────────────────────────


def redirect(request, status, location):
    head = read_head(f"HTTP/1.1 {status} X\r\nLocation: {location}\r\n\r\n".encode(), {})
    return follow(request, head.status, head.location)


def test_a_redirect_keeps_limits_and_drops_what_belonged_to_the_body():
    request = build_request("POST", "http://a/b/c", {"Content-Type": "x/y", "X": "1"}, b"z", timeout=7, max_body=9)
    after = redirect(request, 302, "d?e#f")
    assert (after.method, after.url, after.body, after.timeout, after.max_body) == ("GET", "http://a/b/d?e", b"", 7, 9)
    assert b"Content-" not in after.wire
    assert b"X: 1\r\n" in after.wire


def test_credentials_stay_with_their_origin():
    request = build_request("GET", "http://a/", {"Authorization": "t", "Cookie": "c=1"})
    same, other = redirect(request, 307, "/x"), redirect(request, 307, "https://a/x")
    assert (b"Authorization" in same.wire, same.cookie) == (True, "c=1")
    assert (b"Authorization" in other.wire, other.cookie) == (False, "")


@pytest.mark.parametrize("location", ["ftp://x/", "http://[", "http://a:77777/"])
def test_a_location_that_leads_nowhere_is_a_failure(location):
    with pytest.raises(ResponseError) as caught:
        redirect(build_request("GET", "http://a/"), 302, location)
    assert caught.value.failure.kind == KIND["redirect"]


# ── Addresses ──────────────────────────────────────────────────────────────────────────────────────────────────────

A1, A2 = Address(socket.AF_INET, ("192.0.2.1", 80)), Address(socket.AF_INET, ("192.0.2.2", 80))
B1 = Address(socket.AF_INET6, ("2001:db8::1", 80, 0, 0))


def test_users_are_spread_over_the_preferred_family_and_fall_back_to_the_other():
    addresses = Addresses([A1, B1, A2])
    assert [addresses.in_order() for _ in range(3)] == [[A2, A1, B1], [A1, A2, B1], [A2, A1, B1]]


def test_an_address_that_failed_is_tried_last_until_it_answers():
    addresses = Addresses([A1, A2, B1])
    addresses.note_failure(A1)
    assert addresses.in_order() == [A2, B1, A1]
    addresses.note_failure(A2)
    assert addresses.in_order() == [B1, A1, A2]
    addresses.note_failure(B1)
    assert addresses.in_order() == [A1, A2, B1]
    addresses.note_success(A2)
    assert addresses.in_order()[0] == A2
    assert (str(A1), str(B1)) == ("192.0.2.1:80", "[2001:db8::1]:80")


def test_literals_need_no_resolver():
    assert read_literal("192.0.2.1", 80) == A1
    assert read_literal("2001:db8::1", 80) == B1
    assert read_literal("fe80::1%eth0", 80) is None
    assert read_literal("system.example", 80) is None


class Names:
    """A loop whose resolver counts how often it is asked."""

    def __init__(self, loop, found):
        self.create_task = loop.create_task
        self.asked = 0
        self.found = found

    async def getaddrinfo(self, host, port, **_):
        self.asked += 1
        return [(address.family, 1, 6, "", address.sockaddr) for address in self.found]


async def test_a_name_is_asked_for_once_until_its_time_is_over():

    names, clock = Names(asyncio.get_running_loop(), [A1, A1, B1]), Clock(0)
    resolver = Resolver(names, clock)
    assert resolver.known("x", 80) is None
    first, second = await asyncio.gather(resolver.ask("x", 80), resolver.ask("x", 80))
    assert first is second
    assert resolver.known("x", 80) is first
    assert resolver.known("x", 81) is None
    assert names.asked == 1
    clock.now = KEPT_NS
    assert resolver.known("x", 80) is None
    await resolver.ask("x", 80)
    assert names.asked == 2


async def test_names_are_found_however_many_there_are():
    names = Names(asyncio.get_running_loop(), [A1])
    resolver = Resolver(names, Clock(0))
    hosts = [f"h{number}" for number in range(2 * MAX_KEPT_NAMES)]
    found = [await resolver.ask(host, 80) for host in hosts]
    assert len({id(addresses) for addresses in found}) == len(hosts)
    assert resolver.known(hosts[0], 80) is None, "forgotten, and asked for again"
    assert (await resolver.ask(hosts[0], 80)).in_order() == [A1]
    assert resolver.known(hosts[-1], 80) is found[-1]
    literals = [resolver.known(f"10.0.{number >> 8}.{number & 255}", 80) for number in range(2 * MAX_KEPT_NAMES)]
    assert None not in literals
    assert len(resolver._known) == MAX_KEPT_NAMES


async def test_a_name_without_addresses_is_an_error_and_asked_again():

    names = Names(asyncio.get_running_loop(), [])
    resolver = Resolver(names, Clock())
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await resolver.ask("x", 80)
    assert names.asked == 2


# ── Failures ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_errors_are_explained_without_their_numbers():
    assert explain(ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)")) == "connection refused"
    assert explain(ValueError("why")) == "why"
    assert explain(TimeoutError()) == "TimeoutError"
    assert connection_ended(None, 3, False).detail == "the server closed the connection after 3 bytes of the response"


def test_a_server_that_refuses_http_1_is_a_matter_of_protocol():
    error = ssl.SSLError(1, "alert")
    error.reason = "TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
    detail, kind = tls_failed(error)
    assert kind == KIND["protocol"]
    assert "HTTP/1.1 only" in detail


@pytest.mark.parametrize(("coding", "part"), [("gzip", gzip.compress(b"")), ("zstd", zstandard.compress(b""))])
def test_a_body_of_very_many_empty_parts_is_refused(coding, part):
    assert decode_body(part * 4095, (coding,), 100) == b""
    with pytest.raises(ResponseError, match=f"{coding} of more than 4,096 parts"):
        decode_body(part * 5000, (coding,), 100)


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_parts_of_any_size_are_read_wherever_they_start(coding, pack):
    parts = [random.Random(size).randbytes(size) for size in (0, 65_500, 1, 200_000, 3)]
    body = b"".join(map(pack, parts))
    assert decode_body(body + b"rest", (coding,), 300_000) == b"".join(parts)
    with pytest.raises(ResponseError, match="larger than 265502 bytes"):
        decode_body(body, (coding,), 265_502)
