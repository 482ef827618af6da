"""From a document of `gradual.summary/1` back to a `Summary`, which then has no history.

The types of the fields say how they are read. Keys that were added after the document was written are None or empty;
keys that this version does not know are left out: within `/1` no key changes its meaning.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from gradual_common.secrecy.quoting import shorten
from gradual_master.errors import SummaryRefusedError
from gradual_master.results.section import Section
from gradual_master.results.summary.sections import SCHEMA, Summary

S = TypeVar("S", bound=Section)

WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def read_summary(document: Any) -> Summary:
    """The summary in a JSON document; SummaryRefusedError names the key that is missing or wrong."""
    found = document.get("schema") if isinstance(document, Mapping) else None
    if found != SCHEMA:
        what = f"its schema is {shorten(str(found))!r}" if found is not None else "it has no schema"
        raise SummaryRefusedError(f"this is no summary of a run ({what}); `gradual run -o json=FILE` writes {SCHEMA}")
    return _read_section(Summary, document, "")


def _read_section(kind: type[S], document: Any, where: str) -> S:
    if not isinstance(document, Mapping):
        raise SummaryRefusedError(f"{where} is {shorten(repr(document))}, not an object")
    hints: dict[str, Any] = _hints(kind)  # type: ignore[arg-type]  # a class is hashable
    values = {}
    for field in fields(kind):  # type: ignore[arg-type]  # every section is a dataclass
        if field.metadata.get("aside"):
            continue
        path = f"{where}.{field.name}".removeprefix(".")
        hint = hints[field.name]
        values[field.name] = (
            _read(hint, document[field.name], path) if field.name in document else _absent(field, hint, path)
        )
    return kind(**values)


@cache
def _hints(kind: type[Section]) -> dict[str, Any]:
    return get_type_hints(kind)


def _absent(field: Field[Any], hint: Any, path: str) -> Any:
    """The value of a key that a document of an older version does not have."""
    if field.default is not MISSING:
        return field.default
    if _is_optional(hint):
        return None
    if (origin := get_origin(hint)) in (tuple, dict):
        return origin()
    raise SummaryRefusedError(f"{path} is missing")


def _read(hint: Any, value: Any, path: str) -> Any:
    if _is_optional(hint):
        return None if value is None else _read(_without_none(hint), value, path)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        entries = _checked(value, list, "a list", path)
        return tuple(_read(arguments[0], entry, f"{path}[{place}]") for place, entry in enumerate(entries))
    if origin is dict:
        entries = _checked(value, dict, "an object", path)
        return {key: _read(arguments[1], entry, f"{path}.{key}") for key, entry in entries.items()}
    if isinstance(hint, type) and issubclass(hint, Section):
        return _read_section(hint, value, path)
    return _read_plain(hint, value, path)


def _read_plain(hint: Any, value: Any, path: str) -> Any:
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise SummaryRefusedError(
                f"{path} is {shorten(repr(value))}; allowed: {', '.join(map(str, get_args(hint)))}"
            )
    elif hint in WORDS:
        allowed = (int, float) if hint is float else hint
        if not isinstance(value, allowed) or (isinstance(value, bool) and hint is not bool):
            raise SummaryRefusedError(f"{path} is {shorten(repr(value))}, not {WORDS[hint]}")
    return value


def _checked(value: Any, kind: type, words: str, path: str) -> Any:
    if not isinstance(value, kind):
        raise SummaryRefusedError(f"{path} is {shorten(repr(value))}, not {words}")
    return value


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _without_none(hint: Any) -> Any:
    left = tuple(entry for entry in get_args(hint) if entry is not type(None))
    return left[0] if len(left) == 1 else Union[left]  # noqa: UP007 - the members are known only now
