"""What the head of a request may hold: methods, header names and values (RFC 9110, 5.1, 5.5 and 9.1)."""

from __future__ import annotations

import re
from functools import lru_cache

from gradual_common.errors import RequestError
from gradual_common.secrecy.quoting import quoted

ALLOWED = "letters, digits and !#$%&'*+-.^_`|~"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BREAKS_THE_MESSAGE = re.compile(r"[\r\n\0]")


def check_method(method: str) -> None:
    """RequestError for what is not a method."""
    if not _TOKEN.fullmatch(method):
        raise RequestError(f"{quoted(method)} is not an HTTP method; it is {ALLOWED}")


@lru_cache(maxsize=1024)
def check_name(name: str) -> None:
    """RequestError for what is not a header name. It is cached: every request checks the few names of its plan."""
    if not _TOKEN.fullmatch(name):
        raise RequestError(f"{quoted(name)} is not a header name; it is {ALLOWED}")


def check_value(name: str, value: str) -> None:
    """RequestError for a value with a line end. The message does not show the value, which may be secret."""
    if _BREAKS_THE_MESSAGE.search(value):
        raise RequestError(f"the value of the header {quoted(name)} holds a line break or a NUL")
