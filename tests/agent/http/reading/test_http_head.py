"""Parsed heads are cached by their bytes, within limits; shapes of heads are learned, within limits."""

import pytest

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading import quick_head
from gradual_agent.http.reading.quick_head import MAX_LEARNED, MAX_REMEMBERED, KnownHeads, QuickHead


def test_the_same_head_is_parsed_once():
    known = KnownHeads()
    raw = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n"
    assert known.read(raw % 1) is known.read(raw % 1)
    for n in range(2, MAX_REMEMBERED + 2):
        known.read(raw % n)
    assert len(known.exact) == 1


def test_a_head_that_comes_twice_in_a_row_is_cached():
    known = KnownHeads()
    raw = b"HTTP/1.1 200 OK\r\nX-Id: %d\r\nContent-Length: 5\r\n\r\n"
    for n in range(100):
        assert isinstance(known.read(raw % n), QuickHead)
    assert known.exact == {}
    assert known.read(raw % 99) is known.read(raw % 99)


def test_of_a_response_that_comes_twice_only_the_head_is_cached():
    known = KnownHeads()
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody\n"
    for _ in range(3):
        known.find(data)
    ((raw, head),) = known.exact.items()
    assert (raw, known.size, head.size) == (data[:-5], len(data) - 5, len(data) - 5)
    assert head._data == raw
    known.find(data.replace(b"5", b"4"))
    assert known.size == 0


def test_a_head_before_a_body_in_parts_is_cached():
    known = KnownHeads()
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    for part in (b"a", b"b"):
        known.find(data + part)
        known.read(data)
    assert known.size == len(data)
    assert data in known.exact


def test_large_heads_are_not_cached():
    known = KnownHeads()
    known.read(b"HTTP/1.0 200 OK\r\nA: " + b"a" * 5000 + b"\r\n\r\n")
    assert known.exact == {}


def test_shapes_are_learned_up_to_a_limit(monkeypatch):
    learned = []
    monkeypatch.setattr(quick_head.HeadShape, "read", lambda *_: learned.append(1))
    known = KnownHeads()
    for n in range(2 * MAX_LEARNED):
        head = known.read(b"HTTP/1.1 200 OK\r\nX-%d: 1\r\nContent-Length: 5\r\n\r\n" % n)
        assert (head.status, head.length, dict(head.headers)[f"x-{n}"]) == (200, 5, "1")
    assert known._learned == MAX_LEARNED


def test_the_shape_of_a_head_of_many_lines_is_not_learned():
    known = KnownHeads()
    for lines, learned in ((60, 1), (70, 1)):
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + b"X: y\r\n" * lines + b"\r\n"
        assert (known.read(raw).length, known._learned) == (5, learned)


def test_the_shape_of_a_large_head_is_not_learned():
    known = KnownHeads()
    raw = b"HTTP/1.1 200 OK\r\nX: %b\r\nContent-Length: 5\r\n\r\n" % (b"x" * quick_head.MAX_REMEMBERED_SIZE)
    assert known.read(raw).length == 5
    assert (known._learned, known._shapes, known.exact) == (0, [], {})


def test_a_shape_fixes_what_decides_and_nothing_else():
    known = KnownHeads()
    raw = b"HTTP/1.1 200 OK\r\nETag: a\r\nConnection: keep-alive\r\ncontent-length:5\r\nContent-Encoding: gzip\r\n\r\n"
    known.read(raw)
    for old, new, kind in (
        (b"ETag: a", b"ETag: b, c", "same"),
        (b"length:5", b"length: \t77", "same"),
        (b"keep-alive", b"close", "other"),
        (b"gzip", b"br", "other"),
        (b"200 OK", b"200 Fine", "other"),
        (b"ETag: a", b"ETag : a", "other"),
        (b"ETag: a", b"ETag: a\r\nSet-Cookie: a=b", "other"),
    ):
        changed = raw.replace(old, new)
        assert (known._shapes[-1].read(changed) is not None) == (kind == "same"), changed
    with pytest.raises(ResponseError):
        known.read(raw.replace(b"length:5", b"length:x"))


@pytest.mark.parametrize(
    ("raw", "is_quick"), [(b"5", True), (b"0", True), (b"x", False), (b"5\r\nX:", True), (b"", False)]
)
def test_usual_heads_are_quick(raw, is_quick):
    head = quick_head.read_usual(b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: " + raw + b"\r\n\r\n")
    assert (head is not None) is is_quick
