"""What a Set-Cookie field says, and whether a response may set that cookie."""

import pytest

from gradual_agent.http.cookies.set_cookie import MAX_ATTRIBUTE, MAX_SIZE, may_store, read_line
from gradual_agent.http.request import build_request


@pytest.mark.parametrize(
    ("line", "read", "why"),
    [
        ("a=1", ("a", "1", {}), "no attributes"),
        ("a=b=c", ("a", "b=c", {}), "the first equals sign counts"),
        ("lone", ("", "lone", {}), "a value without a name"),
        ("=lone", ("", "lone", {}), "an empty name is none"),
        (" a\t= b c ; Path = /p ", ("a", "b c", {"path": "/p"}), "blanks around, not within"),
        ("a=1; SECURE", ("a", "1", {"secure": ""}), "an attribute without a value, in any case"),
        ("a=1; Path=/p; path=", ("a", "1", {"path": ""}), "the last one counts, even if it is empty"),
        ("a=1;; =x;", ("a", "1", {}), "an attribute without a name says nothing"),
        ("a=1; p=" + "x" * MAX_ATTRIBUTE, ("a", "1", {"p": "x" * MAX_ATTRIBUTE}), "an attribute of 1024 bytes"),
        ("a=1; p=" + "x" * (MAX_ATTRIBUTE + 1), ("a", "1", {}), "a longer one is ignored"),
        ("a=1; p=" + "é" * (MAX_ATTRIBUTE // 2 + 1), ("a", "1", {}), "bytes count, not characters"),
    ],
)
def test_a_field_is_a_pair_and_attributes(line: str, read: tuple[str, str, dict[str, str]], why: str) -> None:
    name, value, attributes = read_line(line)
    named = {attribute: text for attribute, text in attributes.items() if attribute}
    assert (name, value, named) == read, why


def is_stored(url: str, line: str) -> bool:
    name, value, attributes = read_line(line)
    return may_store(build_request("GET", url), (name, value, line), attributes, attributes.get("domain", ""))


@pytest.mark.parametrize(
    ("url", "line", "expected", "why"),
    [
        ("http://h.x/", "a=1", True, "a host sets its own cookies"),
        ("http://h.x/", "=", False, "neither name nor value"),
        ("http://h.x/", "a=" + "x" * (MAX_SIZE - 1), True, "name and value have 4096 bytes"),
        ("http://h.x/", "a=" + "x" * MAX_SIZE, False, "and one more"),
        ("http://h.x/", "a=1; Path=/\x01", False, "a control character anywhere"),
        ("http://h.x/", "a=1\t", True, "a tab is none"),
        ("http://sub.h.x/", "a=1; Domain=h.x", True, "the domain above"),
        ("http://h.x/", "a=1; Domain=sub.h.x", False, "the domain below"),
        ("http://h.x/", "a=1; Domain=x", False, "a single label that is not the host"),
        ("http://localhost/", "a=1; Domain=localhost", True, "a single label that is the host"),
        ("http://h.x/", "a=1; Secure", False, "plain text sets nothing secure"),
        ("https://h.x/", "a=1; Secure", True, "TLS does"),
        ("http://localhost/", "a=1; Secure", True, "and so does loopback"),
        ("https://h.x/", "__Secure-a=1", False, "the prefix needs Secure"),
        ("https://h.x/", "__Secure-a=1; Secure; Domain=h.x", True, "and nothing else"),
        ("https://h.x/", "__Host-a=1; Secure; Path=/", True, "this prefix also needs the path /"),
        ("https://h.x/", "__Host-a=1; Secure; Path=/; Domain=h.x", False, "and no domain"),
        ("https://h.x/", "__host-a; Path=/", False, "in any case, of a value without a name too"),
    ],
)
def test_a_response_may_set_cookies_of_its_own_host_only(url: str, line: str, expected: bool, why: str) -> None:
    assert is_stored(url, line) == expected, why
