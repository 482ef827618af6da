"""Requests as bytes, and the URLs they are built from."""

import pytest

from gradual_agent.http.request import MAX_KEPT_BODY, UNLIMITED, build_request
from gradual_agent.http.urls import join_url, split_url
from gradual_common import __version__
from gradual_common.errors import RequestError
from gradual_common.net.tls import Tls


def test_a_request_names_host_and_what_it_accepts():
    request = build_request("GET", "http://system.example/a?b=c#d", {"X-One": "1"})
    assert request.wire == (
        b"GET /a?b=c HTTP/1.1\r\nHost: system.example\r\nUser-Agent: gradual/"
        + __version__.encode()
        + b"\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nX-One: 1\r\n\r\n"
    )


def test_a_field_of_the_plan_replaces_the_added_one_of_its_name():
    wire = build_request("GET", "http://a/", {"user-agent": "mine", "HOST": "b", "accept": "x/y"}).wire
    assert wire.count(b"\r\nHost: b\r\n") == wire.count(b"user-agent: mine") == 1
    assert b"gradual/" not in wire
    assert b"*/*" not in wire


def test_the_length_is_always_the_bodys():
    request = build_request("POST", "http://a/", {"Content-Length": "99", "Transfer-Encoding": "chunked"}, b"abc")
    assert request.wire.endswith(b"Content-Length: 3\r\n\r\nabc")
    assert b"99" not in request.wire
    assert b"chunked" not in request.wire


@pytest.mark.parametrize(("method", "says_zero"), [("POST", True), ("PUT", True), ("PATCH", True), ("GET", False)])
def test_an_empty_body_has_a_length_where_one_is_expected(method, says_zero):
    assert (b"Content-Length: 0\r\n" in build_request(method, "http://a/").wire) is says_zero


def test_cookies_of_the_plan_are_kept_apart():
    request = build_request("GET", "http://a/", {"Cookie": "a=1"})
    assert (request.settings.cookie, b"Cookie" in request.wire) == ("a=1", False)
    assert request.wire_with("Cookie: a=1; b=2\r\n").endswith(b"\r\nCookie: a=1; b=2\r\n\r\n")


def test_user_information_becomes_authorization_unless_the_plan_has_one():
    assert b"Authorization: Basic YTpiQA==\r\n" in build_request("GET", "http://a:b%40@host/").wire
    assert b"Authorization: Basic YTo=\r\n" in build_request("GET", "http://a@host/").wire, "an empty password"
    assert b"Authorization: Basic w6k6w58=\r\n" in build_request("GET", "http://é:ß@host/").wire
    assert b"Basic" not in build_request("GET", "http://a:b@host/", {"authorization": "x"}).wire


def test_values_are_sent_as_utf_8_beside_any_other_text():
    for beside in ("", "ŝ", "😀"):
        wire = build_request("GET", "http://a/", {"X": "é", "Y": beside, "Cookie": "c=é"}).wire_with(
            f"Cookie: é{beside}\r\n"
        )
        assert ("X: é\r\n".encode() in wire, f"Cookie: é{beside}\r\n".encode() in wire) == (True, True)


def test_half_a_surrogate_pair_is_refused_in_a_header():
    with pytest.raises(RequestError, match="surrogate"):
        build_request("GET", "http://a/", {"X": "\ud800"})


@pytest.mark.parametrize(
    ("method", "url", "headers", "message"),
    [
        ("GE T", "http://a/", {}, "not an HTTP method"),
        ("GET", "/path", {}, "not an absolute URL"),
        ("GET", "ftp://a/", {}, "scheme"),
        ("GET", "http:///x", {}, "names no host"),
        ("GET", "http://a b/", {}, "names no host"),
        ("GET", "http://a:99999/", {}, "port"),
        ("GET", "http://a:0/", {}, "port"),
        ("GET", "http://[::1/", {}, "names no host"),
        ("GET", "http://" + "ä" * 80 + "/", {}, "names no host"),
        ("GET", "http://a/", {"a b": "1"}, "not a header name"),
        ("GET", "http://a/", {"": "1"}, "not a header name"),
        ("GET", "http://a/", {"a": "1\r\nb: 2"}, "line break"),
        ("GET", "http://a/", {"a": "\0"}, "NUL"),
    ],
)
def test_what_would_break_the_message_is_refused(method, url, headers, message):
    with pytest.raises(RequestError, match=message):
        build_request(method, url, headers)


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "target", "authority"),
    [
        ("http://a", "http", "a", 80, "/", "a"),
        ("HTTPS://A.example:443/x", "https", "a.example", 443, "/x", "a.example"),
        ("https://a:80?q", "https", "a", 80, "/?q", "a:80"),
        ("http://a:/", "http", "a", 80, "/", "a"),
        ("http://[::1]:8080/", "http", "::1", 8080, "/", "[::1]:8080"),
        (
            "http://münchen.example/ö?ü=ß",
            "http",
            "xn--mnchen-3ya.example",
            80,
            "/%C3%B6?%C3%BC=%C3%9F",
            "xn--mnchen-3ya.example",
        ),
        ("http://a/b c", "http", "a", 80, "/b%20c", "a"),
        ("http://a/b%20c", "http", "a", 80, "/b%20c", "a"),
    ],
)
def test_urls_are_taken_apart(url, scheme, host, port, target, authority):
    origin, found, _ = split_url(url)
    assert (origin.scheme, origin.host, origin.port, found, origin.authority) == (scheme, host, port, target, authority)


def test_equal_origins_are_equal_and_others_are_not():
    one = build_request("GET", "http://a/1").origin
    assert one == build_request("POST", "http://A:80/2").origin
    assert one != build_request("GET", "http://a:81/").origin
    assert one != build_request("GET", "http://a/", tls=Tls(verify=False)).origin


def test_origins_are_equal_however_many_there_are():
    first = [split_url(f"http://h{n}.example/")[0] for n in range(10_000)]
    again = [split_url(f"http://h{n}.example/")[0] for n in range(10_000)]
    assert first[0] is not again[0], "the cache has forgotten it, or this test shows nothing"
    assert first == again
    assert len({*first, *again}) == 10_000


@pytest.mark.parametrize(
    ("url", "tls", "name"),
    [
        ("https://H.example/", Tls(), "h.example"),
        ("https://localhost./", Tls(), "localhost"),
        ("https://[fe80::1%25eth0]/", Tls(), "fe80::1"),
        ("https://127.0.0.1/", Tls(server_name="bank.example"), "bank.example"),
        ("https://127.0.0.1/", Tls(server_name="Bänk.example."), "xn--bnk-qla.example"),
    ],
)
def test_the_servers_name_has_neither_dot_nor_zone(url, tls, name):
    assert split_url(url, tls)[0].server_name == name


def test_a_host_field_has_no_zone():
    assert b"\r\nHost: [fe80::1]:8080\r\n" in build_request("GET", "http://[fe80::1%25eth0]:8080/").wire


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("/x", "http://a/x"),
        ("y", "http://a/b/y"),
        ("//c/d", "http://c/d"),
        ("?q", "http://a/b/c?q"),
        ("", "http://a/b/c"),
    ],
)
def test_references_are_seen_from_where_they_stand(reference, url):
    assert join_url("http://a/b/c", reference) == url


def test_a_body_that_is_kept_has_a_limit_and_another_has_none():
    assert build_request("GET", "http://a/").settings.body_limit == UNLIMITED
    assert build_request("GET", "http://a/", wants_body=True).settings.body_limit == MAX_KEPT_BODY
    assert build_request("GET", "http://a/", wants_body=True, max_body=7).settings.body_limit == 7


def test_a_request_tells_its_parts():
    request = build_request("GET", "https://a:8443/b?c", wants_headers=True)
    origin = request.origin
    assert (origin.scheme, origin.host, origin.port, request.path) == ("https", "a", 8443, "/b")
    assert (request.url, origin.tls, request.settings.wants_response) == ("https://a:8443/b?c", Tls(), True)
