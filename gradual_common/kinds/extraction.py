"""Extractions of a plan: how `token: "json: data.token"` is read, and the model that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from gradual_common.kinds.values.lookups import LOOKUPS
from gradual_common.language.model import Model
from gradual_common.language.wording import kind_of

SOURCES = tuple(LOOKUPS)
SHARED_SOURCES = tuple(name for name, kind in LOOKUPS.items() if kind.of_every_kind)
"""Sources for actions of every kind, as every response has a body."""


class Extraction(Model):
    """`name: "json: data.token"`, or {from, default}."""

    source: Literal["json", "regex", "xpath", "css", "header", "cookie"]
    expression: str
    """A JMESPath or XPath expression, a regular expression, a CSS selector, or the name of a header or cookie."""
    default: Any = None
    """The value when nothing is found, if `has_default`."""
    has_default: bool = False
    """Whether the plan gives a default: it may be `null`, so `default` alone does not tell."""


def read_extraction(value: Any, sources: Sequence[str]) -> Any:
    """`"json: data.token"`, or {from: "json: data.token", default: ""} → the fields of an Extraction."""
    # No example for each source: a message is masked, and `cookie: …` looks like a credential.
    example = f'"{sources[0]}: data.token"'
    allowed = f"write {example} or {{from: {example}, default: …}}; sources are {', '.join(sources)}"
    if isinstance(value, str):
        return _read_source(value, sources, allowed)
    if not isinstance(value, dict):
        if value is None or isinstance(value, int | float | list):
            raise ValueError(f"{kind_of(value)} is not an extraction; {allowed}")
        return value
    # Already in normal form.
    if "source" in value and "expression" in value:
        return value
    if unknown := [key for key in value if key not in {"from", "default"}]:
        raise ValueError(f"unknown key {unknown[0]!r}; {allowed}")
    if not isinstance(value.get("from"), str):
        raise ValueError(f"from is missing; {allowed}")
    read = _read_source(value["from"], sources, allowed)
    return {**read, "default": value.get("default"), "has_default": "default" in value}


def _read_source(text: str, sources: Sequence[str], allowed: str) -> dict[str, Any]:
    source, colon, expression = (part.strip() for part in text.partition(":"))
    if source not in sources or not colon or not expression:
        raise ValueError(f"{text!r} is not an extraction; {allowed}")
    LOOKUPS[source].check(expression)
    return {"source": source, "expression": expression}
