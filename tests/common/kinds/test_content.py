"""A response is read as text and as JSON when something asks, and at most once."""

import pytest

from gradual_agent.http.response import Headers, Response
from gradual_common.kinds.content import NO_CONTENT, NOT_JSON, Content


def test_without_a_response_everything_is_empty() -> None:
    assert (NO_CONTENT.text, NO_CONTENT.body, dict(NO_CONTENT.headers)) == ("", b"", {})
    assert NO_CONTENT.json is NOT_JSON


def test_null_is_json_and_a_page_is_not() -> None:
    assert Content(Response(200, body=b"null")).json is None
    assert Content(Response(200, body=b"<html>")).json is NOT_JSON


def test_json_is_parsed_once() -> None:
    content = Content(Response(200, body=b'{"a": [1]}'))
    assert content.json is content.json
    assert content.json == {"a": [1]}


def test_headers_and_text_are_the_responses() -> None:
    content = Content(Response(200, Headers(((b"X-A", b"one"),)), "ü".encode()))
    assert (content.headers["x-a"], content.text, content.body) == ("one", "ü", b"\xc3\xbc")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[NaN]", "no browser reads it (RFC 8259, 6)"),
        (b'{"a": -Infinity}', "the same"),
        (b"[" * 100_000, "nested deeper than Python reads"),
        (b"[" + b"9" * 5000 + b"]", "more digits than Python reads"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"", "nothing"),
        (b"{}{}", "more than one value"),
    ],
)
def test_a_body_that_is_not_json_is_recognised(body: bytes, why: str) -> None:
    assert Content(Response(200, body=body)).json is NOT_JSON, why


def test_json_is_read_in_every_encoding_that_it_may_have() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        assert Content(Response(200, body='{"ü": "😀"}'.encode(encoding))).json == {"ü": "😀"}
    assert Content(Response(200, body=b'"\\ud800"')).json == "\ud800"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[18446744073709551615, 18446744073709551616]", [2**64 - 1, 2**64]),
        (b"12345678901234567890123", 12345678901234567890123),
        (b"-9223372036854775809", -(2**63) - 1),
        (b"[0.1234567890123456789012, 1]", [0.1234567890123456789012, 1]),
        (b"[0.1234567890123456789012, 12345678901234567890123]", [0.1234567890123456789012, 12345678901234567890123]),
        (b'["0000000000000000000", 7]', ["0000000000000000000", 7]),
        (b"1e999", float("inf")),
        (b'"\\ud800"', "\ud800"),
        (b"\xef\xbb\xbf{}", {}),
        ('{"a": 1}'.encode("utf-16"), {"a": 1}),
    ],
)
def test_what_orjson_reads_otherwise_is_read_by_python(body: bytes, value: object) -> None:
    assert Content(Response(200, body=body)).json == value
