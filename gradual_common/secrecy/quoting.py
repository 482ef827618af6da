"""How messages quote values: shortened, and without anything that looks like a credential.

The reader recognises the value, but a message never shows much of a file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any
from unicodedata import category

from gradual_common.secrecy.masking import hide_addresses, hide_credentials

MAX_QUOTE_LENGTH = 40
"""Characters of a quoted value."""

_QUOTED = re.compile(r"""(?<!\w)(["'])((?:(?!\1)[^\\\n]|\\.)*)\1(?!\w)""")


def shorten(text: str, most: int = MAX_QUOTE_LENGTH) -> str:
    """At most `most` characters of a text; `…` replaces the rest."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def visible(text: str) -> str:
    """What a system said, without characters that would move a terminal's cursor or turn the text: as Python's escapes.

    Line ends, tabs and every kind of blank stay.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable() or character in "\n\t" or category(character) == "Zs":
        return character
    return repr(character)[1:-1]


def quoted(value: Any) -> str:
    """A value as Python writes it, at most 40 characters of it."""
    return repr(shorten(hide_credentials(value))) if isinstance(value, str) else shorten(hide_credentials(repr(value)))


def brief(message: str) -> str:
    """A message with its quoted values shortened, and without credentials in values and addresses."""
    for match in _QUOTED.finditer(message):
        if len(found := _text_of(match)) > MAX_QUOTE_LENGTH:
            message = message.replace(found, shorten(hide_credentials(found)))  # Foreign libraries repeat it unquoted.
    return change_quoted(hide_addresses(message), lambda found: shorten(hide_credentials(found)))


def change_quoted(message: str, change: Callable[[str], str]) -> str:
    """The message with `change` applied to every text in quotes."""

    def replace(match: re.Match[str]) -> str:
        found = _text_of(match)
        changed = change(found)
        return match[0] if changed == found else repr(changed)

    return _QUOTED.sub(replace, message)


def _text_of(match: re.Match[str]) -> str:
    """The text within the quotes, without escapes; as it is written if it is not a Python literal."""
    try:
        return str(ast.literal_eval(match[0]))
    except (ValueError, SyntaxError):
        return match[2]
