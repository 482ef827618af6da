"""JSON as text, for templates."""

from __future__ import annotations

import json
from typing import Any

from gradual_common.errors import TemplateError
from gradual_common.templates.budget import check_nodes

MAX_INDENT = 16


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON as text: unlike Jinja's own, which is made for HTML and turns `<` into `\\u003c`; `tojson`.

    Half a surrogate pair, which no text in UTF-8 can hold, is escaped.
    """
    if isinstance(indent, int) and indent > MAX_INDENT:
        raise TemplateError(f"tojson: an indent of at most {MAX_INDENT} blanks")
    check_nodes(value)
    separators = None if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
