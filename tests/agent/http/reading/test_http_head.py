"""Parsed heads are cached by their bytes, within limits."""

from gradual_agent.http.reading.head import MAX_REMEMBERED, read_head


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
