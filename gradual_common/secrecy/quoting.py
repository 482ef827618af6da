"""What a message shows of what it found: little, and nothing that looks like a credential.

Enough to know a value again, too few to give a file away.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from gradual_common.secrecy.masking import hide_addresses, hide_credentials

MAX_QUOTE_LENGTH = 40
"""Characters of what was found."""

_QUOTED = re.compile(r"""(?<!\w)(["'])((?:(?!\1)[^\\\n]|\\.)*)\1(?!\w)""")


def shorten(text: str, most: int = MAX_QUOTE_LENGTH) -> str:
    """At most so many characters of a text; `…` stands for the others."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def quoted(value: Any) -> str:
    """A value as Python writes it, at most 40 characters of it."""
    return repr(shorten(hide_credentials(value))) if isinstance(value, str) else shorten(hide_credentials(repr(value)))


def brief(message: str) -> str:
    """A message of which every value in quotes is cut and without credentials, and every address."""
    for match in _QUOTED.finditer(message):
        if len(found := _text_of(match)) > MAX_QUOTE_LENGTH:
            message = message.replace(found, shorten(hide_credentials(found)))  # Where others repeat it without quotes.
    return change_quoted(hide_addresses(message), lambda found: shorten(hide_credentials(found)))


def change_quoted(message: str, change: Callable[[str], str]) -> str:
    """A message with every text in quotes changed, where it is another one then."""

    def replace(match: re.Match[str]) -> str:
        found = _text_of(match)
        changed = change(found)
        return match[0] if changed == found else repr(changed)

    return _QUOTED.sub(replace, message)


def _text_of(match: re.Match[str]) -> str:
    """What a quoted text stands for; as it is written where it is no literal."""
    try:
        return str(ast.literal_eval(match[0]))
    except (ValueError, SyntaxError):
        return match[2]
