"""A response is read as text and as JSON when something asks, and at most once."""

from gradual_agent.http.response import Headers, Response
from gradual_agent.users.content import NO_CONTENT, NOT_JSON, Content


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
