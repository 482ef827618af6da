"""Describes a failed exchange, masked and limited in size, in the form of `gradual_common.kinds.failed_exchange`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradual_agent.kinds.engines import Message
from gradual_agent.runtime.sample import Sample
from gradual_common.secrecy.credentials import credentials_in_fields, credentials_in_text
from gradual_common.secrecy.masking import Mask

MAX_TEXT = 4096
"""Characters of a body, a URL or a detail that are shown."""

MAX_READ = 4 * MAX_TEXT
"""Characters of a text that are masked before it is shortened to `MAX_TEXT`; the rest is never read."""

MAX_FIELDS = 64
"""Header fields that are shown."""

MAX_VALUE = 1024
"""Characters of a header field that are shown."""

Field = tuple[str, str]
Titled = tuple[str, Message]
"""A request or a response, and its title: one line."""


def describe_messages(mask: Mask, sample: Sample, request: Titled | None, response: Titled | None) -> dict[str, Any]:
    """The exchange of a failed sample: {"detail", "request", "response"}; None for a message that did not exist."""
    mask = mask.also(credentials=list(_credentials_in([part for part in (request, response) if part is not None])))
    return {
        "detail": show_text(mask, sample.explain(mask.hide_text)),
        "request": None if request is None else _describe(mask, *request),
        "response": None if response is None else _describe(mask, *response),
    }


def _credentials_in(parts: Sequence[Titled]) -> Iterator[str]:
    """The credentials in both messages: each is masked in the other one, too, which may repeat it."""
    for title, message in parts:
        yield from credentials_in_fields(message.fields)
        yield from credentials_in_text(title)
        yield from credentials_in_text(message.text[:MAX_READ])


def _describe(mask: Mask, title: str, message: Message) -> dict[str, Any]:
    return {
        "title": show_text(mask, title),
        "headers": describe_fields(mask, message.fields),
        "body": show_text(mask, message.text),
        "body_bytes": len(message.body),
    }


def describe_fields(mask: Mask, fields: Sequence[Field]) -> list[list[str]]:
    """Header fields, masked and then shortened: the other order could leave half of a secret unmasked."""
    return [
        [name[:MAX_VALUE], mask.hide_named(name, value[:MAX_READ])[:MAX_VALUE]] for name, value in fields[:MAX_FIELDS]
    ]


def show_text(mask: Mask, text: str, size: str = "") -> str:
    """At most `MAX_TEXT` characters, masked; lone surrogates, which UTF-8 files cannot hold, become `?`.

    A shortened text ends with its size. `size` gives it when `text` is already only the first part.
    """
    shown = mask.hide_text(text[:MAX_READ]).encode("utf-8", "replace").decode()
    if not size and len(shown) <= MAX_TEXT and len(text) <= MAX_READ:
        return shown
    return f"{shown[:MAX_TEXT]}… ({size or f'{len(text):,} characters'})"
