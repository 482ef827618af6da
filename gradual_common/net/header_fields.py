"""What the head of a request may hold: methods, header names and values (RFC 9110, 5.1, 5.5 and 9.1).

Some fields say how a message is framed, or what the connection does next (RFC 9112, 6 and 9.6): only the engine knows.
"""

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


OF_THE_ENGINE = {
    "content-length": "it is always the length of the body",
    "transfer-encoding": "a body is sent whole, with its Content-Length",
    "trailer": "no request has fields after its body",
    "expect": "a body is sent at once, without waiting for 100 Continue",
    "upgrade": "a connection speaks HTTP/1.1 until it ends",
}
"""Fields that no plan may set, in lower case, each with the reason."""

CONNECTION_OPTIONS = ("close", "keep-alive", "te")
"""Any other is about a field that the connection would have to obey, such as Upgrade."""


def why_refused(name: str, value: str) -> tuple[str, str] | None:
    """Why the engine alone writes such a field, and what to do; None for one that a plan may set.

    `value`: as far as it is known before a run.
    """
    if (refused := OF_THE_ENGINE.get(name.lower())) is not None:
        return f"{name} cannot be set: {refused}", "leave it out"
    options = [option.strip().lower() for option in value.split(",")] if name.lower() == "connection" else []
    if any(option and option not in CONNECTION_OPTIONS for option in options):
        hint = f"allowed: {', '.join(CONNECTION_OPTIONS)}; or `connections:` on a group"
        return f"the engine cannot do what {quoted(value)} asks of a connection", hint
    return None


@lru_cache(maxsize=1024)
def check_name(name: str) -> None:
    """RequestError for what is not a header name. It is cached: every request checks the few names of its plan."""
    if not _TOKEN.fullmatch(name):
        raise RequestError(f"{quoted(name)} is not a header name; it is {ALLOWED}")


def check_value(name: str, value: str) -> None:
    """RequestError for a value with a line end. The message does not show the value, which may be secret."""
    if _BREAKS_THE_MESSAGE.search(value):
        raise RequestError(f"the value of the header {quoted(name)} holds a line break or a NUL")
