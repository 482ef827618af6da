"""Finds credentials that are not declared as secrets, in a plan and in what was sent and received.

They are found by their place: user information in a URL, a header, cookie or field with a sensitive name, a webhook.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any
from urllib.parse import unquote, unquote_plus

from gradual_common.secrecy.field_names import MASK, hide_fields, is_sensitive, values_in
from gradual_common.secrecy.masking import hide_credentials
from gradual_common.secrecy.token_patterns import basic_credentials, hide_tokens, webhooks_in

Path = tuple[str | int, ...]

SENT_KEYS = frozenset(
    {"headers", "body", "form", "query", "url", "base_url", "multipart", "auth", "proxy", "tls", "assertions"}
    | {"graphql"}
)
"""Everything below these keys of a plan is sent. Elsewhere `token` may be any name, of a group for example."""

_HOLE = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
"""`split` returns the texts around the holes of a value at even indexes, and the holes at odd ones."""

_LITERAL = re.compile(r"""(?<![\[\w])(["'])((?:(?!\1)[^\\]|\\.)+)\1""")
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|digest|apikey|negotiate)(?:\s+|$)")


def is_credential(path: Sequence[str | int]) -> bool:
    """Whether the value at a path of a plan is sent under a sensitive name."""
    sent = [number for number, part in enumerate(path) if part in SENT_KEYS]
    return bool(sent) and any(is_sensitive(part) for part in path[sent[0] + 1 :] if isinstance(part, str))


def credentials_in_text(text: str) -> Iterator[str]:
    """Every credential in a text, decoded."""
    for name, written in values_in(text):
        value = _unquoted(written)
        if "cookie" in name.lower():
            yield from cookies_in(value)
        elif not name:
            yield from _user_information(unquote(value))
        else:
            yield from credentials_of(list(dict.fromkeys((value, unquote_plus(value)))))
    yield from webhooks_in(text)


def credentials_in_fields(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Every credential in header fields."""
    for name, value in fields:
        if "cookie" in name.lower():
            yield from cookies_in(value)
        elif is_sensitive(name):
            yield from credentials_of(value)
        else:
            yield from credentials_in_text(value)


def credentials_of(value: Any) -> Iterator[str]:
    """The secret parts of a secret field's value: all texts; of `Bearer x` the token; of `Basic x` the password too."""
    if isinstance(value, Mapping | list | tuple):
        for entry in value.values() if isinstance(value, Mapping) else value:
            yield from credentials_of(entry)
    elif isinstance(value, str):
        for part in _literals(value):
            token = _SCHEME.sub("", part.strip(), count=1)
            yield token
            if (pair := basic_credentials(token)) is not None:
                yield from _user_information(pair)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def cookies_in(value: str) -> Iterator[str]:
    """The values of `a=b; c=d`, without the attributes of a Set-Cookie field."""
    for part in value.split(";"):
        name, equals, content = part.strip().partition("=")
        if equals and name.lower() not in _ATTRIBUTES:
            yield from _literals(content.strip('"'))


_ATTRIBUTES = frozenset(
    {"path", "domain", "expires", "max-age", "samesite", "secure", "httponly", "partitioned", "priority"}
)


def credentials_in(document: Any, *, is_sent: bool = False) -> Iterator[str]:
    """Every literal credential of a plan's document. `is_sent`: the document itself is sent."""
    for _, _, credentials in places_in(document, is_sent=is_sent):
        yield from credentials


def places_in(
    document: Any, path: Path = (), *, is_sent: bool = False, sent_keys: Set[str] = SENT_KEYS
) -> Iterator[tuple[Path, Any, Iterator[str]]]:
    """Every value of a document that may hold credentials: its path, the value, its credentials.

    Everything below one of the keys `sent_keys` is sent.
    """
    if isinstance(document, str):
        yield path, document, credentials_in_text(document) if is_sent or "://" in document else iter(())
    elif isinstance(document, list | tuple):
        for number, entry in enumerate(document):
            yield from places_in(entry, (*path, number), is_sent=is_sent, sent_keys=sent_keys)
    elif isinstance(document, Mapping):
        for key, value in document.items():
            name = str(key)
            if is_sent and "cookie" in name.lower() and isinstance(value, str):
                yield (*path, name), value, cookies_in(value)
            elif is_sent and is_sensitive(name):
                yield (*path, name), value, credentials_of(value)
            else:
                goes_out = is_sent or _sends(document, name, sent_keys)
                yield from places_in(value, (*path, name), is_sent=goes_out, sent_keys=sent_keys)


def _sends(owner: Mapping[Any, Any], name: str, sent_keys: Set[str]) -> bool:
    """Whether the value under a key is sent. A plugin's kind has unknown keys: all but two count as sent."""
    kind = owner.get("kind")
    if "python" in owner and name == "args":
        return True
    return name in sent_keys or (isinstance(kind, str) and kind != "http" and name not in ("kind", "extract"))


def without_credentials(document: Any, *, is_sent: bool = False, is_secret: bool = False) -> Any:
    """A plan's document with the literal values of secret fields masked, wherever something is sent.

    Templates (`{{ … }}`) stay: they name a value and do not hold it. `is_sent`: the document itself is sent;
    `is_secret`: under a sensitive name, so that all of it is masked but its shape.
    """
    if isinstance(document, list | tuple):
        return [without_credentials(entry, is_sent=is_sent, is_secret=is_secret) for entry in document]
    if isinstance(document, Mapping):
        return {
            name: without_credentials(
                value,
                is_sent=is_sent or _sends(document, str(name), SENT_KEYS),
                is_secret=is_secret or (is_sent and is_sensitive(str(name))),
            )
            for name, value in document.items()
        }
    if not isinstance(document, str):
        return MASK if is_secret and document is not None and not isinstance(document, bool) else document
    if is_secret:
        return hide_literals(document)
    if is_sent:
        return hide_fields(hide_tokens(document), hide_literals)
    return hide_credentials(document) if "://" in document else document


def hide_literals(value: str) -> str:
    """A secret field's value: its text is masked; its holes stay, but for the quoted texts in them."""
    if "{{" not in value and "{%" not in value:
        quote = value[:1] if value[:1] in {'"', "'"} else ""
        return f"{quote}{MASK}{quote}"
    return "".join(
        _LITERAL.sub(rf"\g<1>{MASK}\g<1>", piece) if index % 2 else _masked_literal(piece)
        for index, piece in enumerate(_HOLE.split(value))
    )


def _masked_literal(text: str) -> str:
    """Mask a text around holes: of `Bearer x` the token only, and nothing of a text without letters and digits."""
    match = _SCHEME.match(text.lstrip("\"'"))
    start = len(text) - len(text.lstrip("\"'")) + (match.end() if match else 0)
    rest = text[start:]
    return text[:start] + (MASK if re.search(r"\w", rest) else rest)


def _literals(value: str) -> Iterator[str]:
    """The literal texts of a value: those around its holes, and the quoted ones within them."""
    for index, piece in enumerate(_HOLE.split(value)):
        if index % 2:
            yield from (literal[2] for literal in _LITERAL.finditer(piece))
        else:
            yield piece


def _user_information(text: str) -> Iterator[str]:
    """Of `user:password` the pair and the password; a user without a password is a token."""
    user, colon, password = text.partition(":")
    if colon and password:
        yield text
        yield from _literals(password)
    else:
        yield from _literals(user)


def _unquoted(written: str) -> str:
    """The text of a value without its quotes, at any depth of JSON in JSON."""
    text = written.lstrip("\\")
    if text[:1] not in {'"', "'"}:
        return written
    text = text[1:].rstrip("\\")
    text = text[:-1] if text[-1:] in {'"', "'"} else text
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text
