"""Cookies as RFC 6265bis has them; a reason per row."""

import pytest
from http_harness import Clock

from gradual_agent.http.cookies.jar import MAX_COOKIES, CookieJar
from gradual_agent.http.cookies.set_cookie import MAX_ATTRIBUTE
from gradual_agent.http.request import HttpRequest, build_request
from gradual_common.clock import NS_PER_S

WALL = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC."""


def jar(clock=None):
    return CookieJar(clock or Clock(), lambda: WALL)


def get(url):
    return build_request("GET", url)


@pytest.mark.parametrize(
    ("line", "set_at", "asked_at", "sent", "why"),
    [
        ("a=1", "http://h.x/", "http://h.x/any/where", "a=1", "host only, path /"),
        ("a=1", "http://h.x/", "http://sub.h.x/", "", "host only"),
        ("a=1; Domain=h.x", "http://h.x/", "http://sub.h.x/", "a=1", "a domain covers what is below it"),
        ("a=1; Domain=.H.X", "http://sub.h.x/", "http://h.x/", "a=1", "a leading dot and case say nothing"),
        ("a=1; Domain=x", "http://h.x/", "http://h.x/", "", "a single label is too wide"),
        ("a=1; Domain=other.y", "http://h.x/", "http://other.y/", "", "not one's own domain"),
        ("a=1; Domain=.h.x", "http://xh.x/", "http://xh.x/", "", "a suffix of the name is no domain"),
        ("a=1; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", "", "addresses have no domains"),
        ("a=1; Path=/p", "http://h.x/", "http://h.x/p/q", "a=1", "below the path"),
        ("a=1; Path=/p", "http://h.x/", "http://h.x/pq", "", "beside the path"),
        ("a=1; Path=p", "http://h.x/d/e", "http://h.x/d/f", "a=1", "a path without slash is none"),
        ("a=1", "http://h.x/d/e", "http://h.x/f", "", "the default path is where it was set"),
        ("a=1; Secure", "https://h.x/", "http://h.x/", "", "secure cookies stay on TLS"),
        ("a=1; Secure", "https://h.x/", "https://h.x/", "a=1", "and go there"),
        ("a=1; Secure", "http://h.x/", "https://h.x/", "", "plain text sets none"),
        ("a=1; Max-Age=0", "http://h.x/", "http://h.x/", "", "expired at once"),
        ("a=1; Max-Age=x", "http://h.x/", "http://h.x/", "a=1", "an age that is no number is ignored"),
        ("a=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h.x/", "http://h.x/", "a=1", "Max-Age wins"),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h.x/", "http://h.x/", "", "long ago"),
        ("a=1; Expires=soon", "http://h.x/", "http://h.x/", "a=1", "a date that is none is ignored"),
        (" a = b c ; HttpOnly", "http://h.x/", "http://h.x/", "a=b c", "blanks around, not within"),
        ("a=b=c", "http://h.x/", "http://h.x/", "a=b=c", "the first equals sign counts"),
        ("lone", "http://h.x/", "http://h.x/", "lone", "a value without a name"),
        ("=", "http://h.x/", "http://h.x/", "", "nothing at all"),
        ("a=" + "x" * 5000, "http://h.x/", "http://h.x/", "", "larger than 4096 bytes"),
        ("a=\x01", "http://h.x/", "http://h.x/", "", "a control character"),
        ("a=b\tc", "http://h.x/", "http://h.x/", "a=b\tc", "a tab is none"),
        ("a=" + "x" * 4095, "http://h.x/", "http://h.x/", "a=" + "x" * 4095, "4096 bytes"),
        ("a=" + "\xc3\xa9" * 2048, "http://h.x/", "http://h.x/", "", "bytes count, not characters"),
        ("a=1; Path=/" + "p" * 1024, "http://h.x/", "http://h.x/q", "a=1", "an attribute of more than 1024 bytes"),
        ("a=1; Domain=..h.x", "http://h.x/", "http://h.x/", "", "one leading dot only"),
        ("a=1; Domain=.", "http://h.x/", "http://h.x/", "a=1", "nothing but a dot is no domain"),
        ("a=1; Domain=h.x; Domain=", "http://sub.h.x/", "http://h.x/", "", "the last Domain counts, an empty one too"),
        ("a=1; Domain=h.x; Domain=", "http://sub.h.x/", "http://sub.h.x/", "a=1", "and then it is for the host only"),
        ("a=1; Domain=; Domain=h.x", "http://sub.h.x/", "http://h.x/", "a=1", "the last Domain counts"),
        ("a=1; Domain=sub.h.x", "http://h.x/", "http://sub.h.x/", "", "a domain below one's own"),
        ("a=1; Domain=localhost", "http://localhost/", "http://localhost/", "a=1", "one's own single label"),
        ("a=1; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", "a=1", "one's own address"),
        ("a=1; Domain=[::1]", "http://[::1]/", "http://[::1]/", "", "brackets are no part of an address"),
        ("a=1; Domain=b\xc3\xa4nk.x", "http://h.x/", "http://h.x/", "", "a domain is ASCII"),
        ("a=1; Path=/p/", "http://h.x/", "http://h.x/p", "", "the slash counts"),
        ("a=1; Path=/p; Path=/q", "http://h.x/", "http://h.x/q", "a=1", "the last Path counts"),
        ("a=1; Path=", "http://h.x/d/e", "http://h.x/f", "", "an empty path is the default one"),
        ("a=1", "http://h.x/d/e?x=/y/z", "http://h.x/d", "a=1", "the query is no part of the path"),
        ("a=1; Secure", "http://localhost/", "http://localhost/", "a=1", "loopback is as good as TLS"),
        ("a=1; Secure", "http://127.0.0.1:8080/", "http://127.0.0.1/", "a=1", "by its address; ports say nothing"),
        ("a=1; Secure", "http://[::1]/", "http://[::1]/", "a=1", "by its other address"),
        ("a=1; SECURE=no", "https://h.x/", "http://h.x/", "", "with any value of Secure"),
        ("__Secure-a=1; Secure", "https://h.x/", "https://h.x/", "__Secure-a=1", "the prefix is kept"),
        ("__Secure-a=1", "https://h.x/", "https://h.x/", "", "it needs Secure"),
        ("__secure-a=1", "https://h.x/", "https://h.x/", "", "in whichever case"),
        ("__Host-a=1; Secure; Path=/", "https://h.x/d/e", "https://h.x/", "__Host-a=1", "of this host, for all of it"),
        ("__Host-a=1; Secure", "https://h.x/", "https://h.x/", "", "it needs the path /"),
        ("__Host-a=1; Secure; Path=/d", "https://h.x/d", "https://h.x/d", "", "and no other path"),
        ("__Host-a=1; Secure; Path=/; Domain=h.x", "https://h.x/", "https://h.x/", "", "and no domain"),
        ("__HOST-a=1; Path=/", "https://h.x/", "https://h.x/", "", "and Secure"),
        ("__Host-a", "https://h.x/", "https://h.x/", "", "a value without a name cannot pretend either"),
        ("a=1; Max-Age=-0", "http://h.x/", "http://h.x/", "", "nothing is no age"),
        ("a=1; Max-Age=" + "9" * 30, "http://h.x/", "http://h.x/", "a=1", "as long as one likes"),
        ("a=1; Max-Age=-" + "9" * 30, "http://h.x/", "http://h.x/", "", "long ago"),
        ("a=1; Max-Age=+9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h.x/", "http://h.x/", "", "no age: a plus"),
        ("a=1; Max-Age=9.5; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h.x/", "http://h.x/", "", "no age: a dot"),
        ("a=1; Max-Age=0; Max-Age=9", "http://h.x/", "http://h.x/", "a=1", "the last Max-Age counts"),
        (
            "a=1; Expires=Fri, 01 Jan 1600 00:00:00 GMT",
            "http://h.x/",
            "http://h.x/",
            "a=1",
            "before all calendars: none",
        ),
        ("a=1;;; ;=; Path=/", "http://h.x/d/e", "http://h.x/", "a=1", "attributes without a name"),
        ("a=1; Unknown=x; SameSite=Strict; Priority=High", "http://h.x/", "http://h.x/", "a=1", "what is not judged"),
        ("=lone", "http://h.x/", "http://h.x/", "lone", "an empty name is none"),
        ("a=", "http://h.x/", "http://h.x/", "a=", "an empty value"),
        ("a", "http://h.x/", "http://h.x/", "a", "a value without a name"),
        ('a="b c"', "http://h.x/", "http://h.x/", 'a="b c"', "quotes are part of the value"),
    ],
)
def test_a_cookie_goes_where_it_may(line, set_at, asked_at, sent, why):
    cookies = jar()
    cookies.store(get(set_at), [line])
    assert cookies.header_for(get(asked_at)) == sent, why


@pytest.mark.parametrize(
    ("line", "own_host", "asked", "sent", "why"),
    [
        ("a=1; Domain=shop.example", "shop.example", "shop.example", "a=1", "the name that the request gave"),
        ("a=1; Domain=shop.example", "www.shop.example:8080", "api.shop.example", "a=1", "without its port"),
        ("a=1; Domain=SHOP.example", "Shop.Example", "shop.EXAMPLE", "a=1", "in whichever case"),
        ("a=1; Domain=127.0.0.1", "shop.example", "shop.example", "", "the address of the URL is not the host"),
        ("a=1", "shop.example", "shop.example", "a=1", "for the host only"),
        ("a=1", "shop.example", "other.example", "", "and no other"),
        ("a=1", "shop.example", "", "", "nor the address itself"),
        ("a=1", "[::1]:8080", "[::1]", "a=1", "an address in brackets"),
        ("a=1; Secure", "localhost", "localhost", "a=1", "a host that is trusted, as curl has it"),
    ],
)
def test_cookies_go_by_the_plans_own_host(line, own_host, asked, sent, why):
    cookies = jar()
    cookies.store(build_request("GET", "http://127.0.0.1:9/", {"host": own_host}), [line])
    assert cookies.header_for(build_request("GET", "http://127.0.0.1:9/", {"Host": asked} if asked else {})) == sent, (
        why
    )


def test_plain_text_puts_nothing_in_the_place_of_a_secure_cookie():
    cookies = jar()
    cookies.store(get("https://h.x/"), ["a=secure; Secure; Path=/login; Domain=h.x"])
    cookies.store(get("http://h.x/"), ["a=1; Path=/login/en", "a=2; Path=/", "b=3; Path=/login"])
    cookies.store(get("http://sub.h.x/"), ["a=4; Path=/login"])
    assert cookies.header_for(get("https://h.x/login/en")) == "a=secure; b=3; a=2"
    cookies.store(get("https://h.x/"), ["a=5; Path=/login; Domain=h.x"])
    assert cookies.header_for(get("http://h.x/login")) == "a=5; b=3; a=2"


def test_the_bytes_of_a_cookie_go_back_as_they_came():
    cookies = jar()
    cookies.store(get("http://h/"), ["u=\xc3\xa9", "l=\xe9"])
    wire = get("http://h/").wire_with(f"Cookie: {cookies.header_for(get('http://h/'))}\r\n")
    assert b"\r\nCookie: u=\xc3\xa9; l=\xe9\r\n" in wire
    assert (cookies.get("u"), cookies.get("l")) == ("é", "é")


def test_longer_paths_go_first_then_older_cookies():
    cookies = jar()
    cookies.store(get("http://h/"), ["a=1; Path=/", "b=2; Path=/p/q", "c=3; Path=/p", "d=4; Path=/"])
    cookies.store(get("http://h/"), ["a=9; Path=/"])
    assert cookies.header_for(get("http://h/p/q")) == "b=2; c=3; a=9; d=4"


def test_a_cookie_expires_by_the_agents_clock():
    clock = Clock(0)
    cookies = jar(clock)
    cookies.store(get("http://h/"), ["a=1; Max-Age=5", "b=2; Expires=Tue, 14 Nov 2023 22:13:30 GMT", "c=3"])
    seen = []
    for clock.now in (4 * NS_PER_S, 5 * NS_PER_S, 10 * NS_PER_S):
        cookies.expire()
        seen.append((cookies.header_for(get("http://h/")), cookies.version))
    assert seen == [("a=1; b=2; c=3", 3), ("b=2; c=3", 4), ("c=3", 5)]


def test_a_cookie_is_deleted_by_one_that_has_expired():
    cookies = jar()
    cookies.store(get("http://h/"), ["a=1", "a=; Max-Age=-1"])
    assert (len(cookies), cookies.get("a")) == (0, None)


def test_a_jar_is_bounded_and_the_oldest_goes_first():
    cookies = jar()
    cookies.store(get("http://h/"), [f"c{n}={n}" for n in range(MAX_COOKIES + 2)])
    assert (len(cookies), cookies.get("c1"), cookies.get("c2")) == (MAX_COOKIES, None, "2")
    cookies.clear()
    assert len(cookies) == 0


@pytest.mark.parametrize(
    "attributes",
    ["", "; Path", "; Path=", "; Path=b", "; xpath=/b", "; Path=/b; path", f"; Path=/{'b' * MAX_ATTRIBUTE}"],
)
def test_a_cookie_without_a_path_is_set_for_that_of_each_request(attributes):
    cookies, settings = jar(), get("http://h/").settings
    for path in ("/a/", "/c/"):
        request = HttpRequest(settings, f"GET {path} HTTP/1.1\r\n\r\n".encode(), 0)
        cookies.store(request, [f"sid=1{attributes}"])
        assert cookies.header_for(request) == "sid=1"


@pytest.mark.parametrize("value", ["", "__Secure-a", "__Host-a"])
def test_a_cookie_without_a_name_is_judged_by_its_value_each_time(value):
    cookies, request = jar(), get("http://h/")
    cookies.store(request, ["=first; Path=/", f"={value}; Path=/"])
    assert cookies.header_for(request) == "first"
