"""What assertions, extractions and templates read of a response.

The response of every engine fits the protocol `ReadableResponse`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

NOT_JSON = object()
"""The value of `Content.json` when the body is not JSON. None would be ambiguous: it is JSON's `null`."""

NO_HEADERS: Mapping[str, str] = {}


class ReadableResponse(Protocol):
    """A response of an engine. Header names are looked up without case."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields."""

    @property
    def body(self) -> bytes:
        """The decoded body."""

    @property
    def text(self) -> str:
        """The body as text."""


@dataclass(frozen=True, slots=True)
class PlainResponse:
    """A response that is only a body, in UTF-8."""

    body: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """No headers."""
        return NO_HEADERS

    @property
    def text(self) -> str:
        """The body as text; invalid bytes are replaced."""
        return self.body.decode("utf-8", "replace")


class Content:
    """One response; its text and JSON are read at most once, when first used."""

    __slots__ = ("_json", "_text", "response")

    def __init__(self, response: ReadableResponse | None) -> None:
        self.response = response
        self._text: str | None = None
        self._json: Any = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields; none without a response."""
        return NO_HEADERS if self.response is None else self.response.headers

    @property
    def body(self) -> bytes:
        """The decoded body."""
        return b"" if self.response is None else self.response.body

    @property
    def text(self) -> str:
        """The body as text."""
        if self._text is None:
            self._text = "" if self.response is None else self.response.text
        return self._text

    @property
    def json(self) -> Any:
        """The body as JSON, NOT_JSON when it is not."""
        if self._json is None:
            # A tuple of one tells "not read yet" from a body that is `null`, which reads as None.
            self._json = (_read_json(self.body),)
        return self._json[0]


NO_CONTENT = Content(None)
"""The content when no response was kept."""


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


decode_json = json.JSONDecoder(parse_constant=_refuse).decode
"""Python's decoder takes `NaN` and `Infinity`, which no browser and no other language does (RFC 8259, 6)."""


def _read_json(body: bytes) -> Any:
    try:
        return decode_json(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError):
        return NOT_JSON
