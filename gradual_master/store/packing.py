"""The form of documents in the store: JSON or text, compressed with Zstandard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from gradual_master.errors import StoreError


def pack_document(document: Mapping[str, Any]) -> bytes:
    """A JSON object, compressed; ValueError for a NaN, which is not JSON."""
    return pack_text(json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def unpack_document(packed: bytes) -> dict[str, Any]:
    """What `pack_document` packed; StoreError if it is damaged."""
    try:
        document = json.loads(unpack_text(packed))
    except ValueError as error:
        raise StoreError(f"a summary in the store is damaged: {error}") from error
    if not isinstance(document, dict):
        raise StoreError("a summary in the store is damaged: it is no JSON object")
    return document


def storable(text: str) -> str:
    """A text with a question mark for each half of a surrogate pair, as in files: SQLite takes none."""
    return text.encode("utf-8", "replace").decode()


def pack_text(text: str) -> bytes:
    """A `storable` text, compressed."""
    return ZstdCompressor().compress(text.encode("utf-8", "replace"))


def unpack_text(packed: bytes) -> str:
    """What `pack_text` packed; StoreError if it is damaged."""
    try:
        return ZstdDecompressor().decompress(packed).decode()
    except (ZstdError, UnicodeDecodeError) as error:
        raise StoreError(f"a document in the store is damaged: {error}") from error
