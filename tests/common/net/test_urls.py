"""URLs are taken apart as curl 7.88 does (the hosts and authorities in these tables were put to it), or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import RequestError
from gradual_common.net.urls import (
    add_query,
    decode_bytes,
    encode_host,
    encode_server_name,
    encode_target,
    encode_text,
    join_base,
    read_authority,
    split_authority,
)
from gradual_common.secrecy.quoting import MAX_QUOTE_LENGTH

LONG = "a" * 63


def taken_apart(url: str) -> tuple[str, str, str, int, str]:
    """Scheme, user information, host, port and the rest, once all of them are known to be good."""
    scheme, authority, rest = split_authority(url)
    encode_target(rest)
    return scheme, *read_authority(scheme, authority), rest


@pytest.mark.parametrize(
    ("url", "userinfo", "host", "port", "rest"),
    [
        ("http://h", "", "h", 80, ""),
        ("HTTPS://H/x", "", "h", 443, "/x"),
        ("http://h:/", "", "h", 80, "/"),
        ("http://h:080/", "", "h", 80, "/"),
        ("http://h:65535?q", "", "h", 65535, "?q"),
        ("http://u:p%40@h/", "u:p@", "h", 80, "/"),
        ("http://u@h/", "u:", "h", 80, "/"),
        ("http://:p@h/", ":p", "h", 80, "/"),
        ("http://u%zz:p@h/", "u%zz:p", "h", 80, "/"),
        ("http://@h/", "", "h", 80, "/"),
        ("http://[::1]:8080/", "", "::1", 8080, "/"),
        ("http://h/a b?c=é#d", "", "h", 80, "/a b?c=é#d"),
        ("http://h?http://[x/", "", "h", 80, "?http://[x/"),
    ],
)
def test_a_url_is_taken_apart(url: str, userinfo: str, host: str, port: int, rest: str) -> None:
    scheme = url.partition(":")[0].lower()
    assert taken_apart(url) == (scheme, userinfo, host, port, rest)


@pytest.mark.parametrize(
    ("host", "encoded", "why"),
    [
        ("A_b.Example", "a_b.example", "systems have names with _"),
        ("-a-", "-a-", "hyphens anywhere"),
        ("h.", "h.", "a name that is complete"),
        ("a%31b", "a1b", "percent-encoded"),
        ("m%C3%BCnchen.de", "xn--mnchen-3ya.de", "percent-encoded UTF-8, as a redirect brings it"),
        ("MÜNCHEN.de", "xn--mnchen-3ya.de", "mapped to small letters"),
        ("straße.de", "xn--strae-oqa.de", "IDNA 2008 keeps ß, IDNA 2003 made it ss"),
        ("faß.ß", "xn--fa-hia.xn--zca", "in every label"),
        ("ａ。ｂ", "a.b", "full-width letters and the ideographic stop"),
        ("①.com", "1.com", "compatibility forms"),
        ("عربي.com", "xn--ngbrx4e.com", "right to left"),
        ("ǅ.com", "xn--d-toa.com", "title case"),
        ("mün_chen.de", "xn--mn_chen-n2a.de", "_ beside letters beyond ASCII"),
        ("☃.net", "xn--n3h.net", "a symbol"),
        ("😀.com", "xn--e28h.com", "a symbol beyond the basic plane"),
        ("xn--a", "xn--a", "what is encoded already is not looked into"),
        ("127.1", "127.0.0.1", "an address of two parts"),
        ("0x7f.1", "127.0.0.1", "hexadecimal"),
        ("0300.1.1.1", "192.1.1.1", "octal"),
        ("2130706433", "127.0.0.1", "one number"),
        ("256.1.1.1", "256.1.1.1", "too large for an address: a name"),
        ("1.2.3.4.5", "1.2.3.4.5", "too many parts: a name"),
        ("09.1.1.1", "09.1.1.1", "9 is no octal digit: a name"),
        ("1234567890123456", "1234567890123456", "more than 32 bits: a name"),
        (LONG, LONG, "the longest label"),
        ("[2001:DB8::1]", "2001:db8::1", "brackets are no part of the address"),
        ("[::ffff:1.2.3.4]", "::ffff:1.2.3.4", "an address within an address"),
        ("[fe80::1%25eth0]", "fe80::1%eth0", "a zone as RFC 6874 writes it"),
        ("[fe80::1%eth0]", "fe80::1%eth0", "and as people write it"),
    ],
)
def test_a_host_becomes_ascii(host: str, encoded: str, why: str) -> None:
    assert encode_host(host) == encoded, why


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/path", "not an absolute URL"),
        ("h/x", "not an absolute URL"),
        ("1http://h/", "not an absolute URL"),
        ("ftp://h/", "scheme is not one of http, https"),
        ("file:///etc/passwd", "scheme is not one of http, https"),
        ("http:///x", "names no host"),
        ("http://", "names no host"),
        ("http://:80/", "names no host"),
        ("http://u@/", "names no host"),
        ("http://a b/", "names no host"),
        ("http://a\tb/", "names no host"),
        ("http://a*b/", "names no host"),
        ("http://a\\b/", "names no host"),
        ("http://a{b}/", "names no host"),
        ("http://a%20b/", "names no host"),
        ("http://a%zzb/", "a % that is not followed by two hexadecimal digits"),
        ("http://a%/", "a % that is not followed by two hexadecimal digits"),
        ("http://a%ff/", "names no host"),
        ("http://u@v@h/", "names no host"),
        ("http://a..b/", "each part between dots"),
        ("http://.a/", "each part between dots"),
        ("http://./", "each part between dots"),
        (f"http://{LONG}a/", "each part between dots"),
        ("http://" + f"{LONG}." * 4 + "/", "each part between dots"),
        ("http://" + "ä" * 80 + "/", "names no host"),
        ("http://a\u200db.com/", "names no host"),
        ("http://a\ud800b/", "names no host"),
        ("http://[::1/", "names no host"),
        ("http://::1/", "names no host"),
        ("http://[::g]/", "no IPv6 address"),
        ("http://[1.2.3.4]/", "no IPv6 address"),
        ("http://[]/", "no IPv6 address"),
        ("http://[::1%]/", "the zone is not valid"),
        ("http://[::1]x/", "names no host"),
        ("http://h:0/", "the port is not one from 1 to 65535"),
        ("http://h:00/", "the port is not one from 1 to 65535"),
        ("http://h:99999/", "the port is not one from 1 to 65535"),
        ("http://h:" + "9" * 5000 + "/", "the port is not one from 1 to 65535"),
        ("http://h:8a/", "names no host"),
        ("http://h:+80/", "names no host"),
        ("http://h:٨٠/", "names no host"),
        ("http://h/a\tb", "a control character"),
        ("http://h/a\x7fb", "a control character"),
        ("http://h/\n", "a control character"),
    ],
)
def test_a_url_that_cannot_be_asked_is_refused(url: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        taken_apart(url)


def test_a_message_shows_a_little_of_the_url_and_no_password() -> None:
    with pytest.raises(RequestError) as caught:
        taken_apart("http://me:hunter2@" + "h" * 100 + ":0/")
    assert "hunter2" not in str(caught.value)
    assert "h" * (MAX_QUOTE_LENGTH + 1) not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("", "/"),
        ("?q", "/?q"),
        ("/a#b", "/a"),
        ("/a b?c d", "/a%20b?c%20d"),
        ("/é?é", "/%C3%A9?%C3%A9"),
        ("/😀", "/%F0%9F%98%80"),
        ("/%c3%A9/100%", "/%c3%A9/100%"),
        ('/<>"{}\\^`', "/%3C%3E%22%7B%7D%5C%5E%60"),
        ("/[a]|b", "/[a]|b"),
        ("/a/../b", "/a/../b"),
    ],
)
def test_a_target_is_percent_encoded_utf_8(text: str, target: str) -> None:
    assert encode_target(text) == target


def test_half_a_surrogate_pair_is_no_character() -> None:
    for text in ("/\ud800", "/a\udfff?"):
        with pytest.raises(RequestError, match="surrogate"):
            encode_target(text)


@pytest.mark.parametrize(
    ("base", "url", "joined"),
    [
        ("http://bank/", "/api", "http://bank/api"),
        ("http://bank/v1", "api", "http://bank/v1/api"),
        ("http://bank", "https://other/x", "https://other/x"),
        ("", "http://other/x", "http://other/x"),
    ],
)
def test_a_url_is_the_base_url_plus_the_path_unless_it_is_absolute(base: str, url: str, joined: str) -> None:
    assert join_base(base, url) == joined


def test_a_path_without_a_base_url_says_what_is_missing() -> None:
    with pytest.raises(RequestError, match=r"config\.base_url"):
        join_base("", "/x")


@pytest.mark.parametrize(
    ("url", "joined"),
    [("/a", "/a?q=1"), ("/a?b=2", "/a?b=2&q=1"), ("/a?", "/a?q=1"), ("/a#f", "/a?q=1#f")],
)
def test_a_query_goes_behind_what_the_url_has_of_one(url: str, joined: str) -> None:
    assert add_query(url, "q=1") == joined


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_targets_are_visible_ascii_and_encoding_them_again_changes_nothing(text: str) -> None:
    target = encode_target(text)
    assert target.startswith("/")
    assert all("!" <= letter <= "~" for letter in target)
    assert encode_target(target) == target


@given(st.text())
def test_any_text_is_a_host_or_refused(text: str) -> None:
    try:
        host = encode_host(text)
    except ValueError:
        return
    assert host.isascii()
    assert host
    assert encode_host(f"[{host}]" if ":" in host else host) == host


@given(st.binary())
def test_bytes_of_a_response_go_out_as_they_came(raw: bytes) -> None:
    assert encode_text(decode_bytes(raw.decode("latin-1"))) == raw


@pytest.mark.parametrize(
    ("name", "encoded"), [("Bank.example.", "bank.example"), ("::1", "::1"), ("[::1]", ""), ("a b", ""), ("", "")]
)
def test_a_servers_name_is_a_host(name: str, encoded: str) -> None:
    if encoded:
        assert encode_server_name(name) == encoded
    else:
        with pytest.raises(ValueError, match=r"\w"):
            encode_server_name(name)
