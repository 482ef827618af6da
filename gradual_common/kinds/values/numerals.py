"""Numbers among the values of responses, and texts that are numbers."""

from __future__ import annotations

from typing import Any

from gradual_common.kinds.content import decode_json


def is_number(value: Any) -> bool:
    """Whether it is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_in(text: str) -> Any:
    """The number that a text is, such as `12`, `-1.50` or `2e3`; the text itself if it is none."""
    try:
        number = decode_json(text.strip().removeprefix("+"))
    except (ValueError, RecursionError):
        return text
    return number if is_number(number) else text
