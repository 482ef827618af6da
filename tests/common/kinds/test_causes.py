"""A failure is called what people call it, whichever version of an operating system or of OpenSSL describes it."""

import errno
import os
import socket
import ssl

import pytest

from gradual_common.kinds.causes import cause_of, label_of
from gradual_common.kinds.failures import KINDS
from gradual_common.kinds.http.kind import HttpActionSpec


def strerror(number: int) -> str:
    return os.strerror(number).lower()


@pytest.mark.parametrize(
    ("kind", "detail", "label"),
    [
        ("connect", f"no connection to http://h (127.0.0.1: {strerror(errno.ECONNREFUSED)})", "connection refused"),
        ("connect", f"no connection to http://h ({strerror(errno.EHOSTUNREACH)})", "no route to host"),
        ("connect", f"no connection to http://h ({strerror(errno.ENETUNREACH)})", "network unreachable"),
        ("connect", "no connection to http://h (10.0.0.1: no answer)", "no answer"),
        ("connect", f"no connection to http://h ({strerror(errno.ETIMEDOUT)})", "no answer"),
        ("connect", "no connection to http://h within 2.5 s", "not connected within 2.5 s"),
        ("connect", "this machine has no free port left for it", "no free port left on the agent"),
        ("connect", "something new", "no connection"),
        ("dns", "h.example cannot be resolved: name or service not known", "no such host"),
        ("dns", "h.example cannot be resolved: nodename nor servname provided, or not known", "no such host"),
        ("dns", "h.example cannot be resolved: no address associated with hostname", "no such host"),
        ("dns", "h cannot be resolved: temporary failure in name resolution", "name server does not answer"),
        ("dns", "", "host name not resolved"),
        ("tls", "the server's certificate is not trusted: self-signed certificate", "certificate is self-signed"),
        ("tls", "the server's certificate is not trusted: self signed certificate", "certificate is self-signed"),
        (
            "tls",
            "the server's certificate is not trusted: self-signed certificate in certificate chain",
            "certificate is of an unknown authority",
        ),
        ("tls", "the server's certificate is not trusted: certificate has expired", "certificate has expired"),
        (
            "tls",
            "the server's certificate is not trusted: Hostname mismatch, certificate is not valid for 'h'.",
            "certificate is for another host",
        ),
        (
            "tls",
            "the server's certificate is not trusted: unable to get local issuer certificate",
            "certificate is of an unknown authority",
        ),
        ("tls", "the TLS handshake failed: wrong version number", "server does not speak TLS here"),
        ("tls", "the TLS handshake failed: something new", "TLS handshake failed"),
        ("reset", "the connection broke (connection reset by peer) before a response", "connection reset"),
        ("reset", "the server closed the connection before a response", "connection closed by the server"),
        ("timeout", "no complete response within 30 s", "timed out after 30 s"),
        ("timeout", "", "timed out"),
        ("extract", "'token' was not found in the response", "'token' not found"),
        ("extract", "", "value to extract not found"),
        ("redirect", "the redirect leads nowhere: no URL", "redirect leads nowhere"),
        ("redirect", "more than 10 redirects", "too many redirects"),
        ("protocol", "what came is not an HTTP/1.1 response; Gradual speaks HTTP/1.1 only", "no valid HTTP response"),
        ("protocol", "the server speaks HTTP/2 without being asked to; …", "server speaks HTTP/2 only"),
        ("protocol", "the server does not offer HTTP/1.1 over TLS (HTTP/2 only?); …", "server speaks HTTP/2 only"),
        ("protocol", "the body is not valid gzip: it ends early", "body cannot be decoded"),
        ("protocol", "the chunked body cannot be read: no size", "chunked body cannot be read"),
        ("protocol", "the response's head cannot be read: Content-Length", "response head cannot be read"),
        ("tls", "what came cannot be decrypted: bad record mac", "TLS broke"),
        (
            "token",
            f"the token could not be fetched: no connection to http://h (127.0.0.1: {strerror(errno.ECONNREFUSED)})",
            "token endpoint not reached",
        ),
        ("token", "the token could not be fetched: no connection to http://h within 2 s", "token endpoint not reached"),
        (
            "token",
            "the token could not be fetched: h cannot be resolved: name or service not known",
            "token endpoint not reached",
        ),
        (
            "token",
            "the token could not be fetched: the server's certificate is not trusted: certificate has expired",
            "token endpoint's certificate is not trusted",
        ),
        (
            "token",
            "the token could not be fetched: the server closed the connection before a response",
            "token endpoint closed the connection",
        ),
        ("token", "the token could not be fetched: no complete response within 1 s", "token endpoint does not answer"),
        ("token", "the token could not be fetched: something new", "no token"),
        ("token", "the token endpoint answered with status 400 (invalid_client)", "token endpoint refuses the client"),
        ("token", "the token endpoint answered with status 401", "token endpoint refuses the client"),
        ("token", "the token endpoint answered with status 503", "token endpoint answers with an error"),
        ("some_new_kind", "whatever", "some new kind"),
    ],
)
def test_a_sentence_is_found_by_a_part_of_it(kind: str, detail: str, label: str) -> None:
    assert label_of(kind, detail) == label


def test_what_this_system_says_of_a_name_that_is_none_is_known() -> None:
    said = socket.gaierror(socket.EAI_NONAME, "Name or service not known").strerror
    assert label_of("dns", f"h cannot be resolved: {said}") == "no such host"


def test_what_this_openssl_calls_an_error_is_known() -> None:
    """Speaking TLS to a server that does not; the reason has got another name with OpenSSL 3.2."""
    client, server = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = ssl.create_default_context().wrap_bio(client, server, server_hostname="h")
    client.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        made.do_handshake()
    reason = (caught.value.reason or "").replace("_", " ").lower()
    assert label_of("tls", f"the TLS handshake failed: {reason}") == "server does not speak TLS here"


@pytest.mark.parametrize("kind", ["status", "assertion:status_code"])
def test_a_status_is_called_by_its_code(kind: str) -> None:
    assert label_of(kind, status_code=404) == "HTTP 404"


@pytest.mark.parametrize(
    ("kind", "assertions", "label"),
    [
        ("response_time", [{"response_time": "< 500ms"}], "response time above 500 ms"),
        ("response_time", [{"response_time": "<= 1.5s"}], "response time above 1.5 s"),
        ("response_time", [{"response_time": "> 1ms"}], "response time below 1 ms"),
        ("response_time", [{"status_code": 200}, {"response_time": "< 2s"}], "response time above 2 s"),
        (
            "response_time",
            [{"response_time": "< 2s"}, {"response_time": "> 1s"}],
            "response time outside of its limits",
        ),
        ("body_size", [{"body_size": "< 2KB"}], "body size above 2,000 bytes"),
        ("body_contains", [{"body_contains": "s3cret"}], "body lacks the asserted text"),
        ("body_matches", [{"body_matches": "a+"}], "body does not match"),
        ("header", [{"header": {"X-Mode": "on"}}], "header X-Mode not as asserted"),
        ("json", [{"json": {"a.b": 3}}], "json a.b not as asserted"),
        ("json", [], "json not as asserted"),
        ("status_code", [], "status code not as asserted"),
    ],
)
def test_an_assertion_is_called_by_what_did_not_hold_never_by_what_was_expected(
    kind: str, assertions: list[dict[str, object]], label: str
) -> None:
    """What is expected of a body or a header may be a credential."""
    action = HttpActionSpec.model_validate({"url": "/", "assertions": assertions})
    assert label_of(f"assertion:{kind}", "", None, action.assertions) == label


def test_every_kind_has_a_label() -> None:
    assert all(label_of(kind) for kind in KINDS[1:])


@pytest.mark.parametrize(
    ("kind", "detail", "code", "cause"),
    [
        ("status", "", 404, "the server answered 404 Not Found"),
        ("status", "", 799, "the server answered 799"),
        ("assertion:status_code", "", 200, "the server answered 200 OK"),
        ("assertion:json", "", None, None),
        ("timeout", "no complete response within 30 s", None, "no complete response within 30 s"),
    ],
)
def test_the_cause_is_the_sentence_or_the_name_of_the_status(
    kind: str, detail: str, code: int | None, cause: str | None
) -> None:
    assert cause_of(kind, detail, code) == cause
