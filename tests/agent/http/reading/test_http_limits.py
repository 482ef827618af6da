"""Limits on what is read, at their edges: the limit itself is allowed, a byte more is not."""

import gzip

import pytest
from http_harness import GET, bytewise, exchange

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.chunks import MAX_LINES
from gradual_agent.http.reading.decoding import decode_body
from gradual_agent.http.reading.head import MAX_HEAD
from gradual_agent.http.request import MAX_KEPT_ERROR, build_request
from gradual_common.kinds.failures import KINDS

LIMIT = 100
OK = b"HTTP/1.1 200 OK\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\n"


def sized(head, size):
    return head + b"Content-Length: %d\r\n\r\n" % size + b"x" * size


def in_one_chunk(head, size):
    chunk = b"%x\r\n%s\r\n" % (size, b"x" * size) if size else b""
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"


def in_chunks(head, size):
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * size + b"0\r\n\r\n"


def until_close(head, size):
    return head + b"\r\n" + b"x" * size


FRAMINGS = (sized, in_one_chunk, in_chunks, until_close)


def in_pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def outcome(data, size=0, ends=False, **options):
    """The status and the length of the body, or the kind of failure."""
    request = build_request("GET", "http://system/", **options) if options else GET
    pieces = [data] if not size else in_pieces(data, size)
    (first, second, _), *others = exchange(request, pieces, ends)[0]
    assert not others
    return KINDS[first] if isinstance(second, str) else (first, len(second))


@pytest.mark.parametrize("wants_body", [True, False])
@pytest.mark.parametrize("head", [OK, NOT_FOUND])
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("limit", [0, 1, LIMIT])
def test_a_body_may_be_as_large_as_its_limit(framing, head, wants_body, limit):
    status = int(head[9:12])
    for pieces in (0, 1, 7):
        options = {"wants_body": wants_body, "max_body": limit, "ends": framing is until_close, "size": pieces}
        fitting = outcome(framing(head, limit), **options)
        # The test sees what came with a response that is not kept, too; the client drops it.
        assert fitting == (status, limit) or (fitting[0] == status and not wants_body)
        assert outcome(framing(head, limit + 1), **options) == "body_too_large"


@pytest.mark.parametrize("status", [b"204 No", b"304 No"])
def test_a_length_without_a_body_is_no_body(status):
    data = b"HTTP/1.1 " + status + b"\r\nContent-Length: 1000\r\n\r\n"
    assert outcome(data, max_body=LIMIT) == (int(status[:3]), 0)


def test_the_length_of_an_answer_to_head_is_no_body():
    request = build_request("HEAD", "http://system/", max_body=LIMIT)
    for pieces in ([OK + b"Content-Length: 1000\r\n\r\n"], bytewise(OK + b"Content-Length: 1000\r\n\r\n")):
        assert [found[:2] for found in exchange(request, pieces)[0]] == [(200, b"")]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_of_an_error_that_nobody_reads_a_part_is_kept(framing):
    """At least so much that a report can show it, and one read more at most."""
    size, piece = 3 * MAX_KEPT_ERROR, 8192
    status, kept = outcome(framing(NOT_FOUND, size), piece, framing is until_close, wants_body=False)
    assert status == 404
    assert MAX_KEPT_ERROR <= kept <= MAX_KEPT_ERROR + piece


@pytest.mark.parametrize("coding", ["gzip"])
def test_a_decoded_body_may_be_as_large_as_its_limit(coding):
    assert len(decode_body(gzip.compress(b"x" * LIMIT), (coding,), LIMIT)) == LIMIT
    with pytest.raises(ResponseError, match=f"larger than {LIMIT} bytes once {coding} is undone"):
        decode_body(gzip.compress(b"x" * (LIMIT + 1)), (coding,), LIMIT)


def head_of(size):
    """A head of `size` bytes with its empty line."""
    start, end = OK + b"Content-Length: 0\r\nX: ", b"\r\n\r\n"
    return start + b"y" * (size - len(start) - len(end)) + end


@pytest.mark.parametrize("size", [1000, 4096, 65536, 1 << 18])
def test_a_head_may_be_300_kib(size):
    """It never comes in one read: the loops read 256 KiB at most."""
    assert outcome(head_of(MAX_HEAD), size) == (200, 0)
    assert outcome(head_of(MAX_HEAD + 1), size) == "protocol"


@pytest.mark.parametrize("size", [0, 1000])
def test_interim_heads_count_with_the_final_one(size):
    interim = b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
    before = interim * 5000
    assert outcome(before + head_of(MAX_HEAD - len(before)), size) == (200, 0)
    assert outcome(before + head_of(MAX_HEAD - len(before) + 1), size) == "protocol"


@pytest.mark.parametrize("size", [0, 1000])
def test_empty_lines_before_a_response_have_a_limit(size):
    response = OK + b"Content-Length: 0\r\n\r\n"
    assert outcome(b"\r\n" * (MAX_HEAD // 2) + response, size) == (200, 0)
    assert outcome(b"\r\n" * (MAX_HEAD // 2 + 1) + response, size) == "protocol"


@pytest.mark.parametrize("size", [0, 1000])
def test_lines_of_a_chunked_body_have_a_limit(size):
    start = OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    for count, expected in ((MAX_LINES, (200, 0)), (MAX_LINES + 1, "protocol")):
        trailers = count - len(b"0\r\n") - len(b"X: \r\n\r\n")
        assert outcome(start + b"X: " + b"y" * trailers + b"\r\n\r\n", size) == expected
