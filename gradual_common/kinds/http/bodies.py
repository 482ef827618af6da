"""Values of a plan as the bytes of a body or a query: UTF-8, as everywhere (`gradual_common.net.urls.encode_text`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from gradual_common.errors import TemplateError
from gradual_common.net.urls import encode_text
from gradual_common.templates.templates import as_text

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
"""Made once: `json.dumps` makes an encoder for each call that is not given its defaults."""


def encode_json(value: Any) -> bytes:
    """JSON as UTF-8; half a surrogate pair, which UTF-8 does not know and JSON can escape, arrives as it was written.

    TemplateError for a value that JSON does not know.
    """
    try:
        return _ENCODE(value).encode("utf-8", "backslashreplace")
    except (TypeError, ValueError, RecursionError) as error:
        raise TemplateError(f"the body cannot be written as JSON: {error}") from error


def encode_pairs(pairs: Any, *, plus: bool) -> str:
    """A mapping as `name=value&…`; lists repeat; `plus`: blanks as in forms."""
    if not isinstance(pairs, Mapping):
        raise TemplateError(f"a mapping is expected, found {type(pairs).__name__}")
    flat = [
        (encode_text(str(name)), encode_text(as_text(value)))
        for name, entry in pairs.items()
        for value in (entry if isinstance(entry, list | tuple) else (entry,))
    ]
    return urlencode(flat, quote_via=quote_plus if plus else quote, safe="")
