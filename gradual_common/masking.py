"""Secrets are shown as *** wherever they turn up: as they are, in JSON, in URLs, and inside basic credentials.

What the plan declares as a secret is known by its value. A credential that nobody declared is known by
the name of its field (`conceals`).
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from gradual_common.telling import MASK, conceals, hide_fields

__all__ = ["MASK", "Mask", "conceals", "forms_of", "without_credentials"]

_CARRIERS = frozenset({"headers", "body", "form", "query", "url", "base_url"})
_BASIC = re.compile(r"(?i)\bBasic ([A-Za-z0-9+/]+=*)")


class Mask:
    """Masks the values of secrets in any text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in forms_of(secret)}
        # The longest first, as one secret may lie within another.
        self._forms = sorted(filter(None, forms), key=len, reverse=True)

    def hide(self, text: str) -> str:
        """The text without secrets."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return _BASIC.sub(self._hide_basic, text) if self._forms else text

    def hide_text(self, text: str) -> str:
        """What was sent or received, without secrets and without the values of telling fields.

        Fields are recognised where they stand, so that a text which is cut off in the middle, or is a little of
        everything, is no less masked.
        """
        return hide_fields(self.hide(text))

    def _hide_basic(self, match: re.Match[str]) -> str:
        try:
            credentials = b64decode(match[1]).decode("utf-8", "replace")
        except ValueError:
            return match[0]
        return f"Basic {MASK}" if any(form in credentials for form in self._forms) else match[0]


def forms_of(secret: str) -> set[str]:
    """The ways in which a secret is written."""
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), *in_json}


def without_credentials(document: Any, *, is_sent: bool = False) -> Any:
    """A plan's document with the literal values of telling fields masked, wherever something is sent.

    What is put in from elsewhere (`{{ … }}`) stays: it tells nothing. `is_sent`: the document itself is sent.
    """
    if isinstance(document, list | tuple):
        return [without_credentials(entry, is_sent=is_sent) for entry in document]
    if isinstance(document, str):
        return hide_fields(document, keeps=_is_put_in) if is_sent else document
    if not isinstance(document, Mapping):
        return document
    return {
        name: _hidden(value)
        if is_sent and conceals(str(name))
        else without_credentials(value, is_sent=is_sent or name in _CARRIERS)
        for name, value in document.items()
    }


def _hidden(value: Any) -> Any:
    """Every literal in the value of a telling field masked, so that its shape is still seen."""
    if isinstance(value, list | tuple):
        return [_hidden(entry) for entry in value]
    if isinstance(value, Mapping):
        return {name: _hidden(entry) for name, entry in value.items()}
    return value if value is None or _is_put_in(str(value)) else MASK


def _is_put_in(text: str) -> bool:
    return "{{" in text
