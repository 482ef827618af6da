"""The Set-Cookie field: what it says, and whether a response may set that cookie (RFC 6265bis, 5.6, 5.7)."""

from __future__ import annotations

import re
from typing import Final

from gradual_agent.http.cookies.cookie import domain_matches
from gradual_agent.http.request import HttpRequest
from gradual_common.net.urls import encode_text

MAX_SIZE: Final = 4096
"""Bytes of name and value (5.6, 5)."""

MAX_ATTRIBUTE: Final = 1024
"""Bytes of an attribute's value; a longer one is ignored (5.6)."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def read_line(line: str) -> tuple[str, str, dict[str, str]]:
    """Name, value and attributes of a Set-Cookie field; a pair without `=` is a value without a name.

    Attribute names are in lower case; of several with one name the last counts, even if its value is empty.
    """
    pair, _, rest = line.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", name
    attributes: dict[str, str] = {}
    for part in rest.split(";"):
        key, _, text = part.partition("=")
        text = text.strip(" \t")
        if size_of(text) <= MAX_ATTRIBUTE:
            attributes[key.strip(" \t").lower()] = text
    return name.strip(" \t"), value.strip(" \t"), attributes


def may_store(request: HttpRequest, written: tuple[str, str, str], attributes: dict[str, str], domain: str) -> bool:
    """Whether the response to `request` may set a cookie that was written as (name, value, line)."""
    name, value, line = written
    if not (name or value) or size_of(name) + size_of(value) > MAX_SIZE or _CONTROL.search(line):
        return False
    host = request.settings.cookie_host
    # A host may set cookies for its own domain, or for one above it that is not a single label.
    if domain and not (host == domain or ("." in domain and domain_matches(host, domain))):
        return False
    if "secure" in attributes and not request.settings.takes_secure:
        return False
    shown = name or value
    return not shown.startswith("__") or keeps_promise(shown.lower(), attributes, domain)


def keeps_promise(name: str, attributes: dict[str, str], domain: str) -> bool:
    """Whether a name's prefix is true: `__Secure-` is secure; `__Host-` also has no Domain, and Path=/ (4.1.3)."""
    is_secure = "secure" in attributes
    if name.startswith("__host-"):
        return is_secure and not domain and attributes.get("path") == "/"
    return is_secure or not name.startswith("__secure-")


def size_of(text: str) -> int:
    """Bytes."""
    return len(text) if text.isascii() else len(encode_text(text))
