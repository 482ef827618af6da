"""Finds what AWS Signature Version 4 cannot sign, before a run."""

from __future__ import annotations

import re
from typing import Any

from gradual_common.language.document import Path, mapping_at
from gradual_common.language.plan_view import PlanView
from gradual_common.templates.trees import is_template

WRITTEN = frozenset({"x-amz-date", "x-amz-security-token"})
"""The fields that the signature writes, besides Authorization."""

_NAME = re.compile(r"[a-z0-9-]+")
_NAMES = {"service": "execute-api", "region": "eu-central-1"}
_KEYS = ("access_key", "secret_key", "session_token")


def check_sigv4(view: PlanView, path: Path, sigv4: dict[str, Any]) -> None:
    """Report names that no service or region has, and keys with blanks; templates are known later."""
    for key, example in _NAMES.items():
        text = sigv4.get(key)
        if isinstance(text, str) and text and not is_template(text) and not _NAME.fullmatch(text):
            message = f"a {key} is small letters, digits and -"
            view.document.report((*path, key), message, f"as it is in the signature, such as {example}")
    for key in _KEYS:
        text = sigv4.get(key)
        if isinstance(text, str) and not is_template(text) and any(character.isspace() for character in text):
            view.document.report((*path, key), "it holds a blank or a line end, and a key has none")


def check_sigv4_headers(view: PlanView, action: str) -> None:
    """Report headers of an action that the signature writes."""
    for path, owner in view.layers_of(action):
        for header in mapping_at(owner, "headers"):
            place = (*path, "headers", header)
            if header.lower() in WRITTEN and not view.document.is_reported(place):
                view.document.report(place, f"{action!r} has auth.sigv4, which writes this header", "leave it out")
