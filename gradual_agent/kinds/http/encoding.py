"""Values of a plan as the content of a message: JSON, pairs of a form or a query.

See docs/design/plan_language.md, "Actions". Text becomes bytes as UTF-8 (`gradual_common.net.urls.encode_text`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlencode

from gradual_common.errors import TemplateError
from gradual_common.net.urls import encode_text
from gradual_common.templates.compiled import as_text

FORM_TYPE: Final = "application/x-www-form-urlencoded"

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
"""Made once: `json.dumps` makes a new encoder for each call with options that are not the default."""


def encode_json(value: Any) -> bytes:
    """JSON as UTF-8. TemplateError for a value that JSON does not know."""
    try:
        # UTF-8 cannot encode half a surrogate pair, but JSON can escape it: `backslashreplace` writes it as `\ud800`,
        # which is JSON's own escape.
        return _ENCODE(value).encode("utf-8", "backslashreplace")
    except (TypeError, ValueError, RecursionError) as error:
        raise TemplateError(f"the body cannot be written as JSON: {error}") from error


def encode_pairs(pairs: Any, *, plus: bool) -> str:
    """A mapping as `name=value&…`; a list repeats its name. `plus`: a blank becomes `+`, as in forms."""
    if not isinstance(pairs, Mapping):
        raise TemplateError(f"a mapping is expected, found {type(pairs).__name__}")
    flat = [
        (encode_text(str(name)), encode_text(as_text(value)))
        for name, entry in pairs.items()
        for value in (entry if isinstance(entry, list | tuple) else (entry,))
    ]
    return urlencode(flat, quote_via=quote_plus if plus else quote, safe="")
