"""Parts of messages: what was found, what is allowed, which name was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from gradual_common.secrecy.quoting import quoted

NO_CHARACTER = "the text holds half of a surrogate pair, which is not a character"


def nearest(name: str, names: Collection[str]) -> str:
    """`did you mean 'login'?` for the most similar name, or nothing when none is similar."""
    best = get_close_matches(name, names, n=1, cutoff=0.7)
    return f"did you mean {best[0]!r}?" if best else ""


def listed(names: Iterable[str]) -> str:
    """Names as a list for a message."""
    return ", ".join(names)


def kind_of(value: Any) -> str:
    """What a value is, in the words of a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else quoted(value)
