"""What can stand in a request's head: methods, header names and values (RFC 9110, 5.1, 5.5 and 9.1)."""

from __future__ import annotations

import re
from functools import lru_cache

from gradual_common.errors import RequestError
from gradual_common.secrecy.quoting import quoted

ALLOWED = "letters, digits and !#$%&'*+-.^_`|~"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BREAKS_THE_MESSAGE = re.compile(r"[\r\n\0]")


def check_method(method: str) -> None:
    """RequestError for what is no method."""
    if not _TOKEN.fullmatch(method):
        raise RequestError(f"{quoted(method)} is not an HTTP method; it is {ALLOWED}")


@lru_cache(maxsize=1024)
def check_name(name: str) -> None:
    """RequestError for what is no header's name. A plan has few of them, and each request asks for each."""
    if not _TOKEN.fullmatch(name):
        raise RequestError(f"{quoted(name)} is not a header name; it is {ALLOWED}")


def check_value(name: str, value: str) -> None:
    """RequestError for a value that would end its line; what the value is stays out of the message."""
    if _BREAKS_THE_MESSAGE.search(value):
        raise RequestError(f"the value of the header {quoted(name)} holds a line break or a NUL")
