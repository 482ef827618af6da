"""Cookies as RFC 6265 has them; a reason per row."""

import pytest
from http_harness import Clock

from gradual_agent.http.cookies import MAX_COOKIES, CookieJar, default_path, path_matches, read_date
from gradual_agent.http.request import build_request
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
    ],
)
def test_a_cookie_goes_where_it_may(line, set_at, asked_at, sent, why):
    cookies = jar()
    cookies.store(get(set_at), [line])
    assert cookies.header_for(get(asked_at)) == sent, why


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
    assert (len(cookies), cookies.get("a"), cookies.get("a", "none")) == (0, None, "none")


def test_a_jar_is_bounded_and_the_oldest_goes_first():
    cookies = jar()
    cookies.store(get("http://h/"), [f"c{n}={n}" for n in range(MAX_COOKIES + 2)])
    assert (len(cookies), cookies.get("c1"), cookies.get("c2")) == (MAX_COOKIES, None, "2")
    cookies.clear()
    assert len(cookies) == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", "2015-10-21 07:28:00"),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", "2015-10-21 07:28:00"),
        ("Wed Oct 21 07:28:00 2015", "2015-10-21 07:28:00"),
        ("21 oct 70 1:2:3", "1970-10-21 01:02:03"),
        ("21 Oct 2015", None),
        ("32 Oct 2015 07:28:00", None),
        ("", None),
    ],
)
def test_dates_are_read_in_every_way_servers_write_them(text, shown):
    moment = read_date(text)
    assert (moment and moment.strftime("%Y-%m-%d %H:%M:%S")) == shown


def test_paths():
    assert [default_path(path) for path in ("/", "/a", "/a/", "/a/b", "")] == ["/", "/", "/a", "/a", "/"]
    assert path_matches("/a/b", "/a/")
    assert not path_matches("/ab", "/a")
