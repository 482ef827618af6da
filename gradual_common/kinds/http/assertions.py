"""Assertions and extractions: from the forms that people write to one normal form.

Everything here takes a value as YAML gave it and raises ValueError with a message that says what is allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from gradual_common.kinds.http.fields import check_name
from gradual_common.kinds.http.operators import COMPARISONS, read_comparison, read_operator_key, split_comparison
from gradual_common.kinds.patterns import Pattern
from gradual_common.language.document import Path
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.units import read_duration, read_size

CHECKS = ("status_code", "response_time", "header", "body_contains", "body_matches", "json", "body_size")
NORMAL_KEYS = {"check", "op"}
SOURCES = ("json", "regex", "header", "cookie")

_STATUS_CLASS = re.compile(r"([1-9])xx", re.IGNORECASE)
_STATUS_RANGE = re.compile(r"([1-9][0-9]{2})\s*-\s*([1-9][0-9]{2})")
_STATUS = re.compile(r"[1-9][0-9]{2}")
"""A client takes any three digits (RFC 9110, 15): systems answer with 600 and above, too."""

_TEMPLATE = re.compile(r"\{[{%]")


def spread_assertions(value: Any) -> Any:
    """A list with one assertion an entry, whether they were written so, as one mapping, or several in an entry."""
    return [entry for _, entry in place_assertions(value)] if isinstance(value, dict | list) else value


def place_assertions(value: Any) -> list[tuple[Path, Any]]:
    """Every assertion by itself, with its path below `assertions`."""
    if isinstance(value, dict):
        return _place_entry((), value)
    return [placed for index, entry in enumerate(value) for placed in _place_entry((index,), entry)]


def _place_entry(path: Path, entry: Any) -> list[tuple[Path, Any]]:
    if isinstance(entry, dict) and entry and not entry.keys() >= NORMAL_KEYS:
        return [((*path, key), {key: value}) for key, value in entry.items()]
    return [(path, entry)]


def read_assertion(entry: Any, checks: Sequence[str] = CHECKS) -> Any:
    """One entry, such as {response_time: "< 500ms"} → the fields of an Assertion."""
    if not isinstance(entry, dict) or entry.keys() >= NORMAL_KEYS:
        if entry is None or isinstance(entry, str | int | float | list):
            raise ValueError(f"{kind_of(entry)} is not an assertion; write a mapping such as {{status_code: 200}}")
        return entry
    if len(entry) != 1:
        raise ValueError("an assertion is a mapping such as {status_code: 200}")
    ((check, value),) = entry.items()
    if check not in checks:
        hint = nearest(check, checks)
        raise ValueError(f"unknown assertion {check!r}; allowed: {listed(checks)}; {hint}".rstrip("; "))
    return {"check": check, "text": _as_written(check, value), **READERS[check](value)}


def _as_written(check: str, value: Any) -> str:
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"{check}: {written}"


def _read_status_code(value: Any) -> dict[str, Any]:
    """200, "2xx", "200-299", or a list of them → inclusive ranges."""
    entries = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str) else [value]
    if not entries:
        raise ValueError("the list is empty; write 200, [200, 201] or 2xx")
    return {"op": "in", "expected": tuple(_status_range(entry) for entry in entries)}


def _status_range(entry: Any) -> tuple[int, int]:
    text = str(entry).strip()
    if match := _STATUS_CLASS.fullmatch(text):
        return int(match[1]) * 100, int(match[1]) * 100 + 99
    if (match := _STATUS_RANGE.fullmatch(text)) and match[1] <= match[2]:
        return int(match[1]), int(match[2])
    if _STATUS.fullmatch(text):
        return int(text), int(text)
    raise ValueError(f"{entry!r} is not a status code; write 100 to 999, a list such as [200, 201], 2xx or 200-299")


def _read_response_time(value: Any) -> dict[str, Any]:
    op, limit = read_comparison(value, 'write "< 500ms"')
    return {"op": op, "expected": read_duration(limit)}


def _read_body_size(value: Any) -> dict[str, Any]:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"op": "==", "expected": read_size(value)}
    op, limit = read_comparison(value, 'write "< 10KB"')
    return {"op": op, "expected": read_size(limit)}


def _read_header(value: Any) -> dict[str, Any]:
    """`"X-Name"`, `"X-Name: value"`, {X-Name: value}, or {name: X-Name, contains: value}."""
    if isinstance(value, str):
        name, colon, expected = value.partition(":")
        comparison = {"op": "==", "expected": expected.strip()} if colon else {"op": "exists"}
    elif isinstance(value, dict) and "name" in value and isinstance(value["name"], str):
        name, comparison = value["name"], _read_expectation(value, "name", is_header=True)
    elif isinstance(value, dict) and len(value) == 1:
        ((name, expected),) = value.items()
        comparison = _read_expectation(expected, "", is_header=True) if isinstance(expected, dict) else _equal(expected)
    else:
        raise ValueError('write "X-Name: value", {X-Name: value} or {name: X-Name, contains: value}')
    if not name.strip():
        raise ValueError("the name is empty")
    check_name(name.strip())
    return {"subject": name.strip(), **_as_texts(comparison)}


def _as_texts(comparison: dict[str, Any]) -> dict[str, Any]:
    """What a header is compared with is text, however it was written."""
    if comparison["op"] == "exists":
        return comparison
    expected = comparison["expected"]
    if expected is None or isinstance(expected, dict):
        raise ValueError(f"a text is expected; found {kind_of(expected)}")
    texts = [str(entry) for entry in expected] if isinstance(expected, list) else str(expected)
    return {**comparison, "expected": texts}


def _read_body_contains(value: Any) -> dict[str, Any]:
    if not isinstance(value, str) or not value:
        raise ValueError(f"a text is expected; found {kind_of(value)}")
    return {"op": "contains", "expected": value}


def _read_body_matches(value: Any) -> dict[str, Any]:
    return {"op": "matches", "expected": check_regex(value)}


def _read_json(value: Any) -> dict[str, Any]:
    """`"data.total > 5"`, `"data.id"` (exists), {path: data.total, ">": 5}, or {data.total: 5}."""
    if isinstance(value, str):
        subject, op, expected = split_comparison(value)
        comparison = {"op": op, "expected": expected} if op else {"op": "exists"}
    elif isinstance(value, dict) and isinstance(value.get("path"), str):
        subject, comparison = value["path"], _read_expectation(value, "path")
    elif isinstance(value, dict) and len(value) == 1:
        ((subject, expected),) = value.items()
        comparison = _equal(expected)
    else:
        raise ValueError('write "data.total > 5", {path: data.total, ">": 5} or {data.total: 5}')
    return {"subject": check_jmespath(subject), **comparison}


def _equal(expected: Any) -> dict[str, Any]:
    return {"op": "==", "expected": expected}


def _read_expectation(value: dict[str, Any], named: str, *, is_header: bool = False) -> dict[str, Any]:
    """The operator and what it expects, of a mapping whose other key is `named`; none: it exists."""
    others = {key: entry for key, entry in value.items() if key != named}
    if not others:
        return {"op": "exists"}
    if "op" in others and others.keys() <= {"op", "value", "expected"}:
        op = read_operator_key(str(others["op"]))
        expected = others.get("value", others.get("expected"))
    elif len(others) == 1:
        ((key, expected),) = others.items()
        op = read_operator_key(key)
    else:
        raise ValueError(f"one operator is expected; found {listed(tuple(others))}")
    return _check_expected(op, expected, is_header=is_header)


def _check_expected(op: str, expected: Any, *, is_header: bool) -> dict[str, Any]:
    if op == "exists":
        if expected not in (True, None):
            raise ValueError("exists takes true; leave the assertion out otherwise")
        return {"op": "exists"}
    if op == "in" and not isinstance(expected, list):
        raise ValueError(f"in takes a list; found {kind_of(expected)}")
    if op == "matches" and isinstance(expected, str) and not _TEMPLATE.search(expected):
        check_regex(expected)
    if is_header and op in COMPARISONS and op not in {"==", "!="}:
        raise ValueError(f"{op} compares numbers, and a header is text; use equals, contains or matches")
    return {"op": op, "expected": expected}


READERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "status_code": _read_status_code,
    "response_time": _read_response_time,
    "header": _read_header,
    "body_contains": _read_body_contains,
    "body_matches": _read_body_matches,
    "json": _read_json,
    "body_size": _read_body_size,
}


def read_extraction(value: Any, sources: Sequence[str] = SOURCES) -> Any:
    """`"json: data.token"`, or {from: "json: data.token", default: ""} → the fields of an Extraction."""
    others = "".join(f', "{source}: …"' for source in sources[1:])
    allowed = f'write "{sources[0]}: data.token"{others} or {{from: …, default: …}}'
    if isinstance(value, str):
        return _read_source(value, sources, allowed)
    if not isinstance(value, dict):
        if value is None or isinstance(value, int | float | list):
            raise ValueError(f"{kind_of(value)} is not an extraction; {allowed}")
        return value
    if "source" in value and "expression" in value:
        return value
    if unknown := [key for key in value if key not in {"from", "default"}]:
        raise ValueError(f"unknown key {unknown[0]!r}; {allowed}")
    if not isinstance(value.get("from"), str):
        raise ValueError(f"from is missing; {allowed}")
    read = _read_source(value["from"], sources, allowed)
    return {**read, "default": value.get("default"), "has_default": "default" in value}


def _read_source(text: str, sources: Sequence[str], allowed: str) -> dict[str, Any]:
    source, colon, expression = (part.strip() for part in text.partition(":"))
    if source not in sources or not colon or not expression:
        raise ValueError(f"{text!r} is not an extraction; {allowed}")
    if source == "json":
        check_jmespath(expression)
    if source == "regex":
        check_regex(expression)
    if source == "header":
        check_name(expression)
    return {"source": source, "expression": expression}


def check_regex(value: Any) -> str:
    """A regular expression that RE2 knows."""
    if not isinstance(value, str):
        raise ValueError(f"a regular expression is expected; found {kind_of(value)}")
    Pattern(value)
    return value


def check_jmespath(value: str) -> str:
    """A JMESPath expression that compiles."""
    try:
        _check_functions(jmespath.compile(value).parsed)
    except (JMESPathError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{value!r} is not a JMESPath expression: {reason}") from error
    return value


def _check_functions(node: Any) -> None:
    """Functions that do not exist are found out by jmespath only when it gets there."""
    if isinstance(node, dict):
        if node.get("type") == "function_expression" and node["value"] not in Functions.FUNCTION_TABLE:
            hint = nearest(node["value"], Functions.FUNCTION_TABLE)
            raise ValueError(f"there is no function {node['value']!r}; {hint}".rstrip("; "))
        for child in node.get("children", ()):
            _check_functions(child)
