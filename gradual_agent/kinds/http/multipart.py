"""Encodes `multipart:` as multipart/form-data (RFC 7578; names as browsers write them: WHATWG HTML, 4.10.21.8).

The boundary is a digest of the parts that are known when the plan is compiled, so every agent and every run of a plan
sends the same bytes. It is never inside a part: a digest that is would be replaced by the next one. Files are not
copied: the message is kept in pieces, and its files are those of the plan (`gradual_agent.http.long_bytes`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Any, Final

from gradual_agent.http.long_bytes import Piece, Wire, join_pieces
from gradual_agent.kinds.http.encoding import encode_json
from gradual_agent.kinds.http.prepared_request import Render
from gradual_common.kinds.http.media_types import JSON_TYPE
from gradual_common.kinds.http.multipart import FormPart
from gradual_common.net.tls import Assets
from gradual_common.net.urls import encode_text
from gradual_common.templates.compiled import Compiled, as_text
from gradual_common.templates.templates import compile_value

MULTIPART_TYPE: Final = "multipart/form-data; boundary="

_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_ESCAPES: Final = str.maketrans({"\n": "%0A", "\r": "%0D", '"': "%22"})


@dataclass(frozen=True, slots=True)
class _CompiledPart:
    """One part; `content` is the file itself, or None where there is a value."""

    name: Compiled
    value: Compiled
    filename: Compiled | None
    content_type: str
    content: bytes | None


class MultipartTemplate:
    """A multipart body that is compiled."""

    __slots__ = ("_boundary", "_files", "_parts", "is_static")

    def __init__(self, parts: Mapping[str, Sequence[FormPart]], assets: Assets) -> None:
        self._parts = [_compile(name, part, assets) for name, several in parts.items() for part in several]
        contents = [part.content for part in self._parts if part.content is not None]
        self._files = list({id(content): content for content in contents}.values())
        known = [(name, part.model_dump()) for name, several in parts.items() for part in several]
        self._boundary = _boundary([repr((known, [*map(len, contents)])).encode()], self._files)
        texts = [text for part in self._parts for text in (part.name, part.value, part.filename)]
        self.is_static = all(text is None or text.is_static for text in texts)

    def build(self, render: Render) -> tuple[Wire, str]:
        """The body and its Content-Type; raises TemplateError or RequestError."""
        parts = [_render(part, render) for part in self._parts]
        boundary = self._boundary
        # The files do not hold it. What else is sent is searched each time: a template may have any value.
        texts = [text for head, content in parts for text in (head, content) if text not in self._files]
        if any(boundary in text for text in texts):
            boundary = _boundary(texts, [*texts, *self._files])
        return join_pieces(_framed(boundary, parts)), MULTIPART_TYPE + boundary.decode("ascii")


def _compile(name: str, part: FormPart, assets: Assets) -> _CompiledPart:
    shown = part.shown_filename
    return _CompiledPart(
        compile_value(name),
        compile_value(part.value),
        None if shown is None else compile_value(shown),
        part.shown_type,
        None if part.file is None else assets[part.file],
    )


def _render(part: _CompiledPart, render: Render) -> tuple[bytes, bytes]:
    """Head and content of a part."""
    if part.content is not None:
        return _head(part, part.content_type, render), part.content
    value: Any = render(part.value)
    if isinstance(value, Mapping | list):
        return _head(part, part.content_type or JSON_TYPE, render), encode_json(value)
    return _head(part, part.content_type, render), encode_text(as_text(value))


def _head(part: _CompiledPart, content_type: str, render: Render) -> bytes:
    """The header fields of a part, with the empty line."""
    name = _LINE_ENDS.sub("\r\n", as_text(render(part.name)))
    text = f'Content-Disposition: form-data; name="{name.translate(_ESCAPES)}"'
    if part.filename is not None:
        text += f'; filename="{as_text(render(part.filename)).translate(_ESCAPES)}"'
    if content_type:
        text += f"\r\nContent-Type: {content_type}"
    return encode_text(f"{text}\r\n\r\n")


def _framed(boundary: bytes, parts: list[tuple[bytes, bytes]]) -> Iterator[Piece]:
    """The parts between their boundaries (RFC 2046, 5.1.1)."""
    line = b"--" + boundary
    before = line + b"\r\n"
    for head, content in parts:
        yield before + head
        yield content
        before = b"\r\n" + line + b"\r\n"
    yield b"\r\n" + line + b"--\r\n"


def _boundary(seeds: Sequence[bytes], contents: Sequence[bytes]) -> bytes:
    """A boundary that is in none of the contents."""
    digest = sha256()
    for seed in seeds:
        digest.update(seed)
    for number in count():
        boundary = f"gradual-{sha256(digest.digest() + number.to_bytes(8, 'big')).hexdigest()[:40]}".encode("ascii")
        if not any(boundary in content for content in contents):
            break
    return boundary
