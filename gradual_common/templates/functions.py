"""What templates can call: ids, times, random values of the slot's stream, hashes, HMAC, tokens and encodings.

Random values and times come from the scope in which a template is rendered (`RANDOM`, `WALL_CLOCK`), never from the
process: a run with the same seed sends the same values. Both keys have a blank in them, so no template can name them.

Hashes and encodings take text (as UTF-8), bytes or numbers, and are filters too: `{{ body | sha256 }}`.
"""

from __future__ import annotations

import base64 as base64_codec
import string
import uuid as uuid_codec
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode

from jinja2 import pass_context
from jinja2.runtime import Context

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.errors import TemplateError
from gradual_common.randomness import RandomStream
from gradual_common.templates.budget import MAX_RENDER_STEPS
from gradual_common.templates.digests import HASHES, bytes_of, hash_function, hmac, text_of
from gradual_common.templates.json_text import to_json
from gradual_common.templates.tokens import jwt

RANDOM = "random stream"
"""The scope's key of the slot's RandomStream."""

WALL_CLOCK = "wall clock"
"""The scope's key of a function that returns UTC as nanoseconds since 1970."""

SEQUENCES = "sequence of numbers"
"""The scope's key of a function that returns the next number of a sequence by its name, or None without one."""

Function = Callable[..., Any]


def _from_scope(context: Context, key: str) -> Any:
    try:
        return context.parent[key]
    except KeyError:
        raise TemplateError(f"there is no {key} here, so this function cannot be used") from None


def _stream(context: Context) -> RandomStream:
    stream: RandomStream = _from_scope(context, RANDOM)
    return stream


def _utc(context: Context) -> int:
    nanoseconds: int = _from_scope(context, WALL_CLOCK)()
    return nanoseconds


@pass_context
def uuid(context: Context) -> str:
    """A version 4 UUID."""
    stream = _stream(context)
    return str(uuid_codec.UUID(int=stream.word() << 64 | stream.word(), version=4))


@pass_context
def now(context: Context, form: str | None = None) -> str:
    """UTC as `2026-11-01T12:00:00.123Z`, or by a strftime format."""
    instant = datetime.fromtimestamp(_utc(context) / NS_PER_S, UTC)
    return instant.strftime(form) if form else instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pass_context
def timestamp(context: Context) -> int:
    """UTC as whole seconds since 1970."""
    return _utc(context) // NS_PER_S


@pass_context
def timestamp_ms(context: Context) -> int:
    """UTC as whole milliseconds since 1970."""
    return _utc(context) // NS_PER_MS


@pass_context
def random_int(context: Context, low: int, high: int) -> int:
    """Uniform in low … high, both included."""
    if low > high:
        raise TemplateError(f"random_int({low}, {high}): the lower bound comes first")
    return _stream(context).integer(low, high)


@pass_context
def random_float(context: Context, low: float = 0.0, high: float = 1.0) -> float:
    """Uniform between `low` and `high`."""
    return low + (high - low) * _stream(context).unit()


@pass_context
def random_choice(context: Context, *items: Any) -> Any:
    """One of the arguments, or of the one list that is given."""
    only: Any = items[0] if len(items) == 1 else items
    choices: Sequence[Any] = only if isinstance(only, str) else list(only)
    if not choices:
        raise TemplateError("random_choice: there is nothing to choose from")
    return _stream(context).choice(choices)


@pass_context
def random_string(context: Context, length: int = 16, alphabet: str = string.ascii_letters + string.digits) -> str:
    """`length` characters of `alphabet`."""
    if length > MAX_RENDER_STEPS:
        raise TemplateError(f"random_string: at most {MAX_RENDER_STEPS:,} characters")
    stream = _stream(context)
    return "".join(stream.choice(alphabet) for _ in range(length))


def base64(value: Any) -> str:
    """Base64 of text or bytes."""
    return base64_codec.b64encode(bytes_of(value)).decode()


def base64_decode(value: Any, form: str = "text") -> str | bytes:
    """The text or the bytes that were encoded, with either alphabet and with or without padding."""
    text = "".join(text_of(value).split()).replace("-", "+").replace("_", "/")
    try:
        data = base64_codec.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        # Its text may be a key. Without `validate` it would be decoded without the characters that do not fit.
        raise TemplateError("base64_decode: this is not Base64") from None
    return _decoded("base64_decode", data, form)


def hex_of(value: Any) -> str:
    """Hexadecimal of text or bytes; `hex` in templates."""
    return bytes_of(value).hex()


def hex_decode(value: Any, form: str = "text") -> str | bytes:
    """The text or the bytes that were encoded."""
    return _decoded("hex_decode", bytes.fromhex(text_of(value)), form)


def _decoded(function: str, data: bytes, form: str) -> str | bytes:
    if form not in ("text", "bytes"):
        raise TemplateError(f"{function}: the result is text or bytes, not {form!r}")
    return data.decode() if form == "text" else data


def url_encode(value: Any) -> str:
    """Text with everything but unreserved characters encoded, or a mapping as a query string; `urlencode`."""
    if isinstance(value, Mapping):
        for entry in value.values():
            text_of(entry)
        return urlencode(value, doseq=True)
    return quote(bytes_of(value), safe="")


def url_decode(value: Any) -> str:
    """The text that was encoded; `urldecode`."""
    return unquote_plus(text_of(value))


@pass_context
def sequence(context: Context, name: str) -> int:
    """The next number of a sequence: unique in the run."""
    number: int | None = _from_scope(context, SEQUENCES)(name)
    if number is None:
        raise TemplateError(f"sequence({name!r}): no number is here yet; its name has to be written as a text")
    return number


ENCODINGS: dict[str, Function] = {
    **{algorithm: hash_function(algorithm) for algorithm in HASHES},
    "hmac": hmac,
    "jwt": jwt,
    "base64": base64,
    "base64_decode": base64_decode,
    "hex": hex_of,
    "hex_decode": hex_decode,
    "urlencode": url_encode,
    "urldecode": url_decode,
    "tojson": to_json,
}
"""Functions of a value: filters as well."""

_DRAWN = (uuid, now, timestamp, timestamp_ms, random_int, random_float, random_choice, random_string, sequence)

FUNCTIONS: dict[str, Function] = ENCODINGS | {function.__name__: function for function in _DRAWN}
"""Everything that a template can call by name."""

FILTERS: dict[str, Function] = ENCODINGS | {"random": random_choice}
"""Jinja's `random` draws from the process; here it draws from the slot."""
