"""The operators of assertions: `< 500ms`, `data.total >= 5`, {contains: text}, {between: [1, 5]}."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gradual_common.kinds.content import decode_json
from gradual_common.kinds.expressions import check_regex
from gradual_common.kinds.values.numerals import is_number, number_in
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.templates.trees import is_template

COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
ORDERING = ("<=", ">=", "<", ">", "between")
"""Those that need numbers, or other values that have an order."""

WORDS = ("contains", "matches", "in", "between")
OPERATOR_KEYS = {
    **{operator: operator for operator in (*COMPARISONS, *WORDS, "exists")},
    "equals": "==",
    "not_equals": "!=",
    "less_than": "<",
    "at_most": "<=",
    "greater_than": ">",
    "at_least": ">=",
}

_COMPARISON = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*", re.DOTALL)
_WORD = re.compile(r"\s(contains|matches|in|between)\s")
_CLOSING = {"[": "]", "(": ")", "{": "}"}


def read_comparison(value: Any, allowed: str) -> tuple[str, str]:
    """`"< 500ms"`, or {"<": 500ms} → operator and limit."""
    if isinstance(value, dict) and len(value) == 1:
        ((key, limit),) = value.items()
        operator = read_operator_key(key)
        if operator in COMPARISONS:
            return operator, limit
        raise ValueError(f"{key} cannot be used here; {allowed}")
    if isinstance(value, str) and (match := _COMPARISON.fullmatch(value)):
        return match[1], match[2]
    raise ValueError(f"{kind_of(value)} has no operator; {allowed}")


def read_limit(value: Any, allowed: str, read: Callable[[Any], int]) -> dict[str, Any]:
    """`"< 500ms"`, {"<": 500ms} or {between: [100ms, 500ms]} → `op` and `expected`; `read` reads one limit."""
    if isinstance(value, dict) and list(value) == ["between"]:
        low, high = (read(limit) for limit in read_range(value["between"]))
        return {"op": "between", "expected": read_range((low, high))}
    op, limit = read_comparison(value, allowed)
    return {"op": op, "expected": read(limit)}


def read_range(value: Any) -> tuple[Any, Any]:
    """The two ends of `between: [1, 5]`, which both belong to it."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"between takes the lowest and the highest value, [1, 5]; found {kind_of(value)}")
    low, high = value
    if is_number(low) and is_number(high) and low > high:
        raise ValueError(f"between takes the lowest value first; found [{low}, {high}]")
    return low, high


def read_operator_key(key: str) -> str:
    """The operator that a key of a mapping names."""
    if key not in OPERATOR_KEYS:
        hint = nearest(key, tuple(OPERATOR_KEYS))
        raise ValueError(f"unknown operator {key!r}; allowed: {listed(tuple(OPERATOR_KEYS))}; {hint}".rstrip("; "))
    return OPERATOR_KEYS[key]


def read_expectation(value: dict[str, Any], named: str) -> dict[str, Any]:
    """The operator and its value in a mapping, without the key `named`; without an operator it is `exists`."""
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
    return check_expected(op, expected)


def check_expected(op: str, expected: Any) -> dict[str, Any]:
    """`op` and `expected`, where the operator can be used with this value."""
    if op == "exists":
        if expected not in (True, None):
            raise ValueError("exists takes true; leave the assertion out otherwise")
        return {"op": "exists"}
    if op == "in" and not isinstance(expected, list):
        raise ValueError(f"in takes a list; found {kind_of(expected)}")
    if op == "matches" and isinstance(expected, str) and not is_template(expected):
        check_regex(expected)
    if op == "between":
        low, high = read_range(expected)
        if wrong := [end for end in (low, high) if not (is_number(end) or _is_hole(end))]:
            raise ValueError(f"between takes two numbers; found {kind_of(wrong[0])}")
        return {"op": op, "expected": [low, high]}
    return {"op": op, "expected": expected}


def _is_hole(value: Any) -> bool:
    return isinstance(value, str) and is_template(value)


def split_comparison(text: str) -> tuple[str, str, Any]:
    """`"data.total > 5"` → subject, operator, expected value; operator "" where there is none.

    The operator is the last one outside of brackets and quotes: JMESPath has operators of its own in filters.
    ValueError for comparisons that are joined: it is not clear which value is compared.
    """
    # `items[?price > `5`].id | length(@) > 2` has two comparisons; the first one is part of the JMESPath expression.
    outside = _outside_of_brackets(text)
    operators = [match for position in outside if (match := _operator_at(text, position))]
    if not operators:
        return text.strip(), "", None
    found = operators[-1]
    if any(text.startswith(("&&", "||"), position) for position in outside if operators[0][0] < position < found[0]):
        whole = f"({text.strip()}) == true"
        raise ValueError(f'comparisons are joined: write an assertion for each, or compare the whole, "{whole}"')
    return text[: found[0]].strip(), found[2], read_expected(text[found[1] :].strip())


def _operator_at(text: str, position: int) -> tuple[int, int, str] | None:
    """(start, end, operator) of the operator at `position`, or None; the `=` of `<=` is not an operator."""
    for operator in COMPARISONS:
        if text.startswith(operator, position):
            inside = position > 0 and text[position - 1 : position + 1] in COMPARISONS
            return None if inside else (position, position + len(operator), operator)
    if match := _WORD.match(text, position):
        return position, match.end(), match[1]
    return None


def _outside_of_brackets(text: str) -> list[int]:
    """The positions in a text that are outside of brackets and quotes."""
    positions: list[int] = []
    closing: list[str] = []
    quote = ""
    for position, character in enumerate(text):
        if quote:
            if character == quote and text[position - 1] != "\\":
                quote = ""
        elif character in "'\"`":
            quote = character
        elif character in _CLOSING:
            closing.append(_CLOSING[character])
        elif closing and character == closing[-1]:
            closing.pop()
        elif not closing:
            positions.append(position)
    return positions


def read_value(value: Any) -> dict[str, Any]:
    """What a value is compared with: `Bank`, `5`, `"> 3"` or {contains: Bank} → `op` and `expected`."""
    if isinstance(value, dict):
        return read_expectation(value, "")
    if isinstance(value, str) and (match := _COMPARISON.fullmatch(value)):
        return check_expected(match[1], read_expected(match[2]))
    if value is None or isinstance(value, list):
        raise ValueError(f'a text, a number, "> 3" or {{contains: text}} is expected; found {kind_of(value)}')
    return {"op": "==", "expected": value}


def alike(found: Any, expected: Any) -> tuple[Any, Any]:
    """A found value and the expected one, both as numbers where one of them is a number and the other its text."""
    if isinstance(expected, list | tuple):
        pairs = [alike(found, item) for item in expected]
        numbers = all(is_number(value) for pair in pairs for value in pair)
        return (pairs[0][0], [item for _, item in pairs]) if pairs and numbers else (found, list(expected))
    if is_number(expected) and isinstance(found, str):
        return number_in(found), expected
    if is_number(found) and isinstance(expected, str):
        return found, number_in(expected)
    return found, expected


def read_expected(text: str) -> Any:
    """5, true, "text", 'text', [1, 2] or bare text."""
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    if len(text) >= 2 and text[0] == text[-1] == "`":
        text = text[1:-1]
    try:
        return decode_json(text)
    except ValueError:
        return text
