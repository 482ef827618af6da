"""Encodes text and URLs: text becomes UTF-8, in a URL these bytes are percent-encoded, a host name becomes IDNA.

Sources: RFC 3986, RFC 9110 4.2, RFC 5891 with UTS 46 for host names, and curl where they leave something open, as
they do for malformed URLs. The check of a plan refuses the same URLs before a run
(`gradual_common.kinds.http.request_checks`).
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final
from urllib.parse import quote, unquote

import idna

from gradual_common.errors import RequestError
from gradual_common.secrecy.quoting import quoted

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
LONGEST_LABEL: Final = 63
LONGEST_HOST: Final = 253
"""RFC 1035, 2.3.4, as text."""

_AUTHORITY = re.compile(r"(?:(?P<user>[^@]*)@)?(?P<host>\[[^\[\]@]*\]|[^:@\[\]]*)(?::(?P<port>[0-9]*))?")
_END_OF_AUTHORITY = re.compile(r"[/?#]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[A-Za-z0-9._~|-]+")
"""What curl asks a resolver for: more than the letters, digits and hyphens of RFC 952, as systems have names with _."""

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ZONE = re.compile(r"[\w.~-]+")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]+|[0-9]+")
_PLAIN_TARGET = re.compile(r"/[!$-;=?-Z_a-z~\[\]|]*")
_SAFE_IN_TARGET: Final = "/?%:@!$&'()*+,;=~-._[]|"


def encode_text(text: str) -> bytes:
    """The text as UTF-8; RequestError for half a surrogate pair, which is not a character.

    Bytes of a response that are not UTF-8 (`decode_bytes`) go out as they came.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise RequestError(f"{quoted(text)} holds half of a surrogate pair, which is not a character") from None


def decode_bytes(raw: str) -> str:
    """The text in a field of a response that was read as Latin-1, a character a byte: UTF-8, other bytes escaped."""
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")


def decode_text(raw: bytes) -> str:
    """What a response says, as text: UTF-8; what is not valid in it is read as Latin-1 (RFC 9110, 5.5)."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def split_authority(url: str) -> tuple[str, str, str]:
    """Scheme in small letters, authority, and the rest as written; RequestError without a scheme."""
    scheme, separator, rest = url.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        raise RequestError(f"{quoted(url)} is not an absolute URL; write http://HOST/… or https://HOST/…")
    end = _END_OF_AUTHORITY.search(rest)
    cut = end.start() if end else len(rest)
    return scheme.lower(), rest[:cut], rest[cut:]


def origin_of(url: str) -> str:
    """Scheme and authority of an absolute URL; empty if the text has no complete ones."""
    try:
        scheme, authority, _ = split_authority(url)
    except RequestError:
        return ""
    is_whole = authority and authority.count("[") == authority.count("]")
    return f"{scheme}://{authority}" if is_whole else ""


def read_authority(scheme: str, authority: str) -> tuple[str, str, int]:
    """User information (`user:password`, decoded, else ""), host as it goes to a resolver, and port.

    RequestError for what no request can be sent to.
    """
    found = quoted(f"{scheme}://{authority}")
    if scheme not in DEFAULT_PORTS:
        raise RequestError(f"{found}: the scheme is not one of http, https")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match["host"]:
        raise RequestError(f"{found} names no host that can be read; write HOST, HOST:PORT or [IPV6]:PORT")
    digits = (match["port"] or "").lstrip("0")
    if len(digits) > 5 or (match["port"] and not 0 < int(digits or 0) < 65536):
        raise RequestError(f"{found}: the port is not one from 1 to 65535")
    try:
        host = encode_host(match["host"])
    except ValueError as error:
        raise RequestError(f"{found} names no host that can be read: {error}") from None
    return read_userinfo(match["user"]), host, int(digits or DEFAULT_PORTS[scheme])


def read_userinfo(written: str | None) -> str:
    """`user:password`, decoded; a user alone has an empty password (RFC 7617, 2)."""
    if not written:
        return ""
    user, _, password = written.partition(":")
    return f"{unquote(user)}:{unquote(password)}"


def check_characters(url: str) -> None:
    """RequestError for control characters, which no URL may hold: curl and Go refuse them, too."""
    if _CONTROL.search(url):
        raise RequestError(f"{quoted(url)} holds a control character, a tab or a line end; write it as %XX")


def join_base(base: str, url: str) -> str:
    """An absolute URL as it is; anything else is a path below the base URL."""
    if _ABSOLUTE.match(url):
        return url
    if not base:
        raise RequestError(f"{quoted(url)} needs a base URL; set config.base_url, or write http://HOST/…")
    return base.rstrip("/") + (url if url.startswith("/") else f"/{url}")


def add_query(url: str, query: str) -> str:
    """The URL with `query` after its own query, before its fragment."""
    url, mark, fragment = url.partition("#")
    separator = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{separator}{query}{mark}{fragment}"


def encode_target(text: str) -> str:
    """Path and query as in a request line: no fragment, a leading `/`, nothing but visible ASCII."""
    text = text.partition("#")[0]
    if not text.startswith("/"):
        text = "/" + text
    if _PLAIN_TARGET.fullmatch(text):
        return text
    check_characters(text)
    return quote(encode_text(text), safe=_SAFE_IN_TARGET)


def encode_host(host: str) -> str:
    """Small letters, no brackets, ASCII, an IPv4 address in its usual form; ValueError says what is wrong."""
    if host.startswith("["):
        return _read_ipv6(host[1:-1])
    if _BAD_PERCENT.search(host):
        raise ValueError("a % that is not followed by two hexadecimal digits")
    name = unquote(host, errors="strict") if "%" in host else host
    name = (name if name.isascii() else _to_ascii(name)).lower()
    if not _NAME.fullmatch(name):
        raise ValueError("a character that is not allowed in a host name")
    labels = name.removesuffix(".").split(".")
    if not all(0 < len(label) <= LONGEST_LABEL for label in labels) or len(name.removesuffix(".")) > LONGEST_HOST:
        raise ValueError(f"each part between dots has 1 to {LONGEST_LABEL} characters, all of it {LONGEST_HOST}")
    return _read_ipv4(labels) or name


def encode_server_name(name: str) -> str:
    """A host as TLS names it: without the dot at its end (RFC 6066, 3), without a zone; ValueError as above."""
    host = encode_host(f"[{name}]" if ":" in name else name)
    return host.partition("%")[0].removesuffix(".")


def _read_ipv6(text: str) -> str:
    """The address with its zone after a plain % (RFC 6874 writes %25 in URLs)."""
    address, percent, zone = text.partition("%")
    if percent and not _ZONE.fullmatch(zone := zone.removeprefix("25") or zone):
        raise ValueError("the zone is not valid")
    try:
        IPv6Address(address)
    except AddressValueError:
        raise ValueError("there is no IPv6 address in the brackets") from None
    return (f"{address}%{zone}" if percent else address).lower()


def _to_ascii(host: str) -> str:
    """IDNA 2008 after the mapping of UTS 46, non-transitional: ß stays ß.

    Symbols, which IDNA 2008 leaves out, and _ are taken as curl and browsers take them: there are such hosts.
    """
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
        return ".".join(label if label.isascii() else _encode_label(label) for label in mapped.split("."))
    except UnicodeError as error:
        raise ValueError(str(error)) from None


def _encode_label(label: str) -> str:
    try:
        return idna.alabel(label).decode("ascii")
    except idna.core.InvalidCodepoint:
        return "xn--" + label.encode("punycode").decode("ascii")


def _read_ipv4(labels: list[str]) -> str:
    """`127.1`, `0x7f000001`, `0177.0.0.1` as a.b.c.d, as curl and browsers read them; "" for what is a name."""
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) for label in labels):
        return ""
    try:
        *first, last = (
            int(label, 0 if label[:2] in ("0x", "0X") else 8 if label[0] == "0" else 10) for label in labels
        )
    except ValueError:  # 08 and 09 are not octal numbers.
        return ""
    if any(part > 255 for part in first) or last >= 256 ** (4 - len(first)):
        return ""
    number = sum(part << 8 * (3 - index) for index, part in enumerate(first)) + last
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
