"""A response as assertions, extractions and templates read it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message

from gradual_common.net.urls import decode_text

PYTHONS_OWN = frozenset(
    {"idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
"""Python's encodings that are not charsets of a response (codecs, "Python Specific Encodings")."""

RawHeaders = tuple[tuple[bytes, bytes], ...]
"""Names and values as they came, in order."""


class Headers(Mapping[str, str]):
    """Header fields by case-insensitive name; several fields of one name are joined by `, ` (RFC 9110, 5.2)."""

    __slots__ = ("_fields",)

    def __init__(self, raw: RawHeaders = ()) -> None:
        fields: dict[str, list[str]] = {}
        for name, value in raw:
            fields.setdefault(decode_text(name).strip().lower(), []).append(decode_text(value))
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._fields[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of the fields called `name`, in order (Set-Cookie must not be joined: RFC 9110, 5.3)."""
        return tuple(self._fields.get(name.lower(), ()))


@dataclass(frozen=True, slots=True)
class Response:
    """The last hop's response. `headers` and `body` are empty unless the request wanted them."""

    status_code: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    """Transfer and content codings are undone if the request wanted it; else as it came."""

    @property
    def charset(self) -> str:
        """The charset of the Content-Type if Python knows it, else UTF-8."""
        message = Message()
        message["Content-Type"] = self.headers.get("content-type", "")
        name = message.get_content_charset("utf-8")
        try:
            known = codecs.lookup(name).name
        except LookupError:
            return "utf-8"
        return "utf-8" if known.replace("_", "-") in PYTHONS_OWN else known

    @property
    def text(self) -> str:
        """The body decoded; what is not valid in its charset is replaced."""
        try:
            return self.body.decode(self.charset, "replace")
        except (LookupError, UnicodeError):  # Python has codecs from bytes to bytes, too: hex, zlib.
            return self.body.decode("utf-8", "replace")
