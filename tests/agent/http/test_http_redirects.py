"""Where a redirect leads, and what goes along; the Locations in these tables were put to curl 7.88."""

import pytest

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.head import parse_head
from gradual_agent.http.redirects import follow
from gradual_agent.http.request import build_request
from gradual_common.kinds.failures import KIND


def redirect(request, location, status=302):
    head = parse_head(b"HTTP/1.1 %d X\r\nLocation: %s\r\n\r\n" % (status, location))
    assert head.is_redirect
    return follow(request, head.status, head.location)


@pytest.mark.parametrize(
    ("location", "url", "why"),
    [
        (b"/caf\xc3\xa9", "http://h/caf%C3%A9", "raw UTF-8, encoded once"),
        (b"/caf\xe9", "http://h/caf%E9", "raw Latin-1: the bytes as they are"),
        (b"/caf%c3%a9", "http://h/caf%c3%a9", "encoded already"),
        (b"/%zz", "http://h/%zz", "a percent sign that encodes nothing"),
        (b"/a b", "http://h/a%20b", "a blank in the path"),
        (b"/x?a b", "http://h/x?a+b", "a blank in the query, as curl writes it"),
        (b"/x?a%20b+c", "http://h/x?a%20b+c", "encoded already"),
        (b"  /x  ", "http://h/x", "blanks around it"),
        (b"?x", "http://h/d/start?x", "the query alone"),
        (b"?x=\xc3\xa9", "http://h/d/start?x=%C3%A9", "in UTF-8"),
        (b"#frag", "http://h/d/start?q=1", "the fragment alone: the same again"),
        (b"/p#frag", "http://h/p", "a fragment stays here"),
        (b"x/./y", "http://h/d/x/y", "seen from the folder"),
        (b"../up", "http://h/up", "one folder up"),
        (b"/a/../b", "http://h/b", "dots are resolved"),
        (b";x", "http://h/d/;x", "a segment like any other"),
        (b"//other/p", "http://other/p", "the same scheme"),
        (b"HTTP://H/p", "http://h/p", "case says nothing in scheme and host"),
        (b"hTtPs://h/p", "https://h/p", "to https"),
        (b"///p", "http://p/", "three slashes, as curl reads them"),
        (b"http:///p/q", "http://p/q", "after a scheme, too"),
        (b"http://other", "http://other/", "without a path"),
        (b"http://other:8080?x", "http://other:8080/?x", "a port, and a query without a path"),
        (b"http://m\xc3\xbcnchen.de/", "http://xn--mnchen-3ya.de/", "a host in raw UTF-8"),
        (b"http://a_b./", "http://a_b./", "a host as it is"),
    ],
)
def test_a_redirect_leads_where_curl_goes(location, url, why):
    assert redirect(build_request("GET", "http://h/d/start?q=1"), location).url == url, why


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (b"ftp://h/p", "scheme"),
        (b"javascript:x", "not an absolute URL"),
        (b"h:p", "not an absolute URL"),
        (b"http://[::1/", "not a URL"),
        (b"http://[", "not a URL"),
        (b"http://:80/p", "names no host"),
        (b"http://", "names no host"),
        (b"//", "names no host"),
        (b"http:///", "names no host"),
        (b"HTTPS://?x", "names no host"),
        (b"//#x", "names no host"),
        (b"////other/p", "names no host"),
        (b"http://a b/", "names no host"),
        (b"http://h:99999/", "port"),
        (b"http://h:0/", "port"),
        (b"/a\tb", "control character"),
        (b"/a\x01b", "control character"),
    ],
)
def test_a_redirect_to_what_cannot_be_asked_is_a_failure(location, reason):
    with pytest.raises(ResponseError, match="leads nowhere") as caught:
        redirect(build_request("GET", "http://h/"), location)
    failure = caught.value.failure
    assert (failure.kind, reason in failure.detail) == (KIND["redirect"], True), failure.detail


@pytest.mark.parametrize("location", [b"", b" ", None])
def test_an_empty_location_is_no_redirect(location):
    head = parse_head(b"HTTP/1.1 302 X\r\n" + (b"" if location is None else b"Location: %s\r\n" % location) + b"\r\n")
    assert (head.is_redirect, head.is_plain) == (False, True)


@pytest.mark.parametrize(
    ("location", "host", "cookie", "why"),
    [
        (b"/x", "shop.example", "own=1", "the same origin"),
        (b"http://10.0.0.1/x", "shop.example", "own=1", "the same origin, written out"),
        (b"http://10.0.0.1:8080/x", "10.0.0.1:8080", "", "another port"),
        (b"https://10.0.0.1/x", "10.0.0.1", "", "another scheme"),
        (b"http://shop.example/x", "shop.example", "", "another host, even if it has that name"),
    ],
)
def test_the_plans_own_host_and_cookie_stay_with_its_origin(location, host, cookie, why):
    request = build_request("GET", "http://10.0.0.1/", {"Host": "shop.example", "Cookie": "own=1"})
    after = redirect(request, location)
    assert f"\r\nHost: {host}\r\n".encode() in after.head, why
    assert after.settings.cookie == cookie, why


def test_the_plans_own_host_survives_a_second_redirect():
    request = redirect(build_request("GET", "http://10.0.0.1/", {"Host": "shop.example:8443"}), b"/a")
    after = redirect(request, b"/b")
    assert b"GET /b HTTP/1.1\r\nHost: shop.example:8443\r\n" in after.head
    assert after.settings.cookie_host == "shop.example"


@pytest.mark.parametrize(
    ("url", "headers", "location", "sent", "why"),
    [
        ("http://h/", {}, b"http://u:p@h/", b"Basic dTpw", "credentials of the same origin"),
        ("http://h/", {}, b"http://u:p@other/", None, "of another one, as curl"),
        ("http://h/", {"Authorization": "mine"}, b"http://u:p@h/", b"mine", "the plan has some of its own"),
        ("http://a:b@h/", {}, b"/x", b"Basic YTpi", "those of the plan's URL go on"),
        ("http://a:b@h/", {}, b"http://other/", None, "but not elsewhere"),
    ],
)
def test_credentials_of_urls_stay_with_their_origin(url, headers, location, sent, why):
    head = redirect(build_request("GET", url, headers), location).head
    fields = [line.partition(b": ")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"authorization")]
    assert fields == ([sent] if sent else []), why


def test_a_redirect_keeps_limits_and_drops_what_belonged_to_the_body():
    request = build_request("POST", "http://a/b/c", {"Content-Type": "x/y", "X": "1"}, b"z", timeout=7, max_body=9)
    after = redirect(request, b"d?e#f")
    assert (after.method, after.url, after.body, after.settings.timeout, after.settings.max_body) == (
        "GET",
        "http://a/b/d?e",
        b"",
        7,
        9,
    )
    assert b"Content-" not in after.wire
    assert b"X: 1\r\n" in after.wire


def test_credentials_stay_with_their_origin():
    request = build_request("GET", "http://a/", {"Authorization": "t", "Cookie": "c=1"})
    same, other = redirect(request, b"/x", 307), redirect(request, b"https://a/x", 307)
    assert (b"Authorization" in same.wire, same.settings.cookie) == (True, "c=1")
    assert (b"Authorization" in other.wire, other.settings.cookie) == (False, "")
