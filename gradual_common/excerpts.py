"""What a message shows of a value that it found: little, and nothing that tells that it is a credential."""

from __future__ import annotations

from typing import Any

from gradual_common.masking import hide_credentials

MOST_SHOWN = 40
"""Characters of what was found: enough to know it again, too few to give a file away."""


def shown(value: Any) -> str:
    """A value as Python writes it, at most 40 characters of it."""
    if isinstance(value, str):
        return repr(cut(hide_credentials(value)))
    return cut(hide_credentials(repr(value)))


def cut(text: str) -> str:
    """At most 40 characters of a text; `…` stands for the others."""
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"
