"""Where one cookie goes: domains and paths."""

from dataclasses import replace

import pytest

from gradual_agent.http.cookies.cookie import Cookie, default_path, domain_matches, path_matches
from gradual_agent.http.request import build_request
from gradual_common.clock import NEVER

COOKIE = Cookie("a", "1", "h.x", "/p", is_host_only=False, is_secure=False, expires_at=NEVER, serial=1)


def test_paths():
    assert [default_path(path) for path in ("/", "/a", "/a/", "/a/b", "")] == ["/", "/", "/a", "/a", "/"]
    assert path_matches("/a/b", "/a/")
    assert not path_matches("/ab", "/a")


@pytest.mark.parametrize(
    ("host", "domain", "expected", "why"),
    [
        ("h.x", "h.x", True, "itself"),
        ("sub.h.x", "h.x", True, "below it"),
        ("h.x", "sub.h.x", False, "above it"),
        ("xh.x", "h.x", False, "the end of a label"),
        ("127.0.0.1", "127.0.0.1", True, "an address itself"),
        ("127.0.0.1", "0.0.1", False, "an address is below nothing"),
        ("v4.0.0.1", "0.0.1", True, "a name whose last labels are numbers"),
    ],
)
def test_a_domain_covers_itself_and_what_is_below_it(host: str, domain: str, expected: bool, why: str) -> None:
    assert domain_matches(host, domain) == expected, why


@pytest.mark.parametrize(
    ("cookie", "url", "expected", "why"),
    [
        (COOKIE, "http://sub.h.x/p/q", True, "domain and path match"),
        (COOKIE, "http://h.y/p", False, "another domain"),
        (COOKIE, "http://h.x/q", False, "another path"),
        (replace(COOKIE, is_host_only=True), "http://h.x/p", True, "its own host"),
        (replace(COOKIE, is_host_only=True), "http://sub.h.x/p", False, "and no other"),
        (replace(COOKIE, is_secure=True), "https://h.x/p", True, "over TLS"),
        (replace(COOKIE, is_secure=True), "http://h.x/p", False, "not in plain text"),
    ],
)
def test_a_cookie_goes_with_requests_to_its_domain_and_path(cookie: Cookie, url: str, expected: bool, why: str) -> None:
    assert cookie.is_for(build_request("GET", url)) == expected, why


def test_cookies_may_differ_in_their_values_only() -> None:
    assert COOKIE.is_same_but_for_value(replace(COOKIE, value="2", serial=2))
    for other in ({"is_host_only": True}, {"is_secure": True}, {"expires_at": 1}):
        assert not COOKIE.is_same_but_for_value(replace(COOKIE, **other))
