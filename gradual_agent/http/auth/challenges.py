"""Reads the challenges of a 401 response (RFC 9110, 11.6.1): several may be in one field, or each in its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_PART = re.compile(
    r"[\s,]*(?P<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)"
    r"(?:\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^\s,\"]+))"
    r"|(?:[ ]+[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))|(?=\s|,|$)))",
    re.DOTALL,
)
"""A parameter with its value, or the word that begins a challenge, with its `token68` if it has one."""


class Challenge(NamedTuple):
    """A scheme, in small letters, with its parameters by their names in small letters."""

    scheme: str
    parameters: dict[str, str]


def read_challenges(fields: Iterable[str]) -> list[Challenge]:
    """Every challenge of the WWW-Authenticate fields, in order; what cannot be read ends its field."""
    found: list[Challenge] = []
    for field in fields:
        position = 0
        while (match := _PART.match(field, position)) is not None:
            position = match.end()
            name, quoted, plain = match["name"].lower(), match["quoted"], match["plain"]
            if quoted is None and plain is None:
                found.append(Challenge(name, {}))
            elif found:
                found[-1].parameters.setdefault(name, plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
    return found
