"""Hashes and HMAC for templates, in every form in which a signature is sent: hexadecimal, Base64, or bytes.

Bytes are for a hash of a hash, and for a key that is itself an HMAC or was written in Base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac as hmac_codec
from collections.abc import Callable, Mapping
from typing import Any

from gradual_common.errors import TemplateError

Digest = Callable[..., str | bytes]

HASHES = ("md5", "sha1", "sha256", "sha512")
"""The hashes that are functions of their own; `hmac` takes any algorithm of hashlib."""

FORMS: dict[str, Callable[[bytes], str | bytes]] = {
    "hex": bytes.hex,
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "bytes": bytes,
}
"""How a digest is given. `base64url` has no padding, as in a JWT (RFC 7515, section 2)."""


def text_of(value: Any) -> str:
    """The value as a part of a text.

    TemplateError for none, as for a name that is undefined: `/accounts/None` is a page that nobody wanted.
    """
    if value is None:
        raise TemplateError(
            "a value is none (null), which no text can hold; if it should be empty, use default('', true)"
        )
    return str(value)


def bytes_of(value: Any) -> bytes:
    """Bytes as they are, anything else as text in UTF-8; TemplateError for none."""
    return value if isinstance(value, bytes) else text_of(value).encode()


def _key_of(value: Any) -> bytes:
    """The bytes of a key; TemplateError for one that is missing, which would make a signature nobody else makes."""
    if value is None or value in ("", b""):
        raise TemplateError("hmac: the key is empty")
    return bytes_of(value)


def _in_form(function: str, digest: bytes, encoding: str) -> str | bytes:
    _check_encoding(function, encoding)
    return FORMS[encoding](digest)


def _check_encoding(function: str, encoding: Any) -> None:
    if encoding not in tuple(FORMS):
        raise TemplateError(f"{function}: the encoding is {', '.join(FORMS)}; not {encoding!r}")


def hash_function(algorithm: str) -> Digest:
    """A function that gives the digest of a value."""

    def digest(value: Any, encoding: str = "hex") -> str | bytes:
        return _in_form(algorithm, hashlib.new(algorithm, bytes_of(value), usedforsecurity=False).digest(), encoding)

    digest.__name__ = algorithm
    return digest


def hmac(value: Any, key: Any, algorithm: str = "sha256", encoding: str = "hex") -> str | bytes:
    """The HMAC of `value` under `key`: any algorithm of hashlib, in any of `FORMS`."""
    _check_algorithm(algorithm)
    return _in_form("hmac", hmac_codec.new(_key_of(key), bytes_of(value), algorithm).digest(), encoding)


def _check_algorithm(algorithm: Any) -> None:
    # SHAKE has no fixed length, so there is no HMAC with it.
    if algorithm not in tuple(hashlib.algorithms_available) or str(algorithm).startswith("shake"):
        raise TemplateError(f"hmac: {algorithm!r} is not a hash algorithm; sha256, sha512, sha1 and md5 are")


def check_digest(function: str, known: Mapping[str, Any]) -> None:
    """TemplateError for arguments that the function refuses; `known`: those that the template says itself."""
    if "algorithm" in known:
        _check_algorithm(known["algorithm"])
    if "encoding" in known:
        _check_encoding(function, known["encoding"])
    if "key" in known:
        _key_of(known["key"])
