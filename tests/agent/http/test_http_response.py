"""Header fields are found by name in any case, and a body is text in the charset of its field."""

import pytest

from gradual_agent.http.response import Headers, Response


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
