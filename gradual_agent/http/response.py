"""A response as assertions, extractions and templates read it."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from typing import Protocol

from gradual_common.net.urls import decode_text

PYTHONS_OWN = frozenset(
    {"idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
"""Python's encodings that are not charsets of a response (codecs, "Python Specific Encodings")."""

RawHeaders = tuple[tuple[bytes, bytes], ...]
"""Names and values as they came, in order."""


class Headers(Mapping[str, str]):
    """Header fields by case-insensitive name; several fields of one name are joined by `, ` (RFC 9110, 5.2).

    They are read when one is first asked for: most responses are kept for their body only.
    """

    __slots__ = ("_fields", "_read")

    def __init__(self, raw: RawHeaders | Callable[[], RawHeaders] = ()) -> None:
        self._read = raw
        self._fields: dict[str, list[str]] | None = None

    @property
    def _by_name(self) -> dict[str, list[str]]:
        fields = self._fields
        if fields is None:
            fields = self._fields = {}
            for name, value in self._read() if callable(self._read) else self._read:
                fields.setdefault(decode_text(name).strip().lower(), []).append(decode_text(value))
        return fields

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._by_name[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of the fields called `name`, in order (Set-Cookie must not be joined: RFC 9110, 5.3)."""
        return tuple(self._by_name.get(name.lower(), ()))


NO_HEADERS = Headers()


class HasHeaders(Protocol):
    """A head, whose fields are made when they are asked for."""

    @property
    def headers(self) -> Headers:
        """The fields by name."""


@dataclass(slots=True, eq=False)
class Response:
    """The last hop's response. `body` is empty unless the request wanted it."""

    status_code: int
    _source: Headers | HasHeaders | None = None
    body: bytes = b""
    """Transfer and content codings are undone if the request wanted it; else as it came."""

    @property
    def headers(self) -> Headers:
        """The header fields."""
        source = self._source
        if not isinstance(source, Headers):
            source = self._source = NO_HEADERS if source is None else source.headers
        return source

    @property
    def charset(self) -> str:
        """The charset of the Content-Type if Python knows it, else UTF-8."""
        return _charset_in(self.headers.get("content-type", ""))

    @property
    def text(self) -> str:
        """The body decoded; what is not valid in its charset is replaced."""
        try:
            return self.body.decode(self.charset, "replace")
        except (LookupError, UnicodeError):  # Python has codecs from bytes to bytes, too: hex, zlib.
            return self.body.decode("utf-8", "replace")


@lru_cache(maxsize=256)
def _charset_in(content_type: str) -> str:
    # Cached, as a server has few content types, and to read one takes 20 µs.
    message = Message()
    message["Content-Type"] = content_type
    name = message.get_content_charset("utf-8")
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return "utf-8"
    return "utf-8" if known.replace("_", "-") in PYTHONS_OWN else known
