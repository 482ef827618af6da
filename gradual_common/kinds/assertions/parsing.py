"""The assertions for actions of every kind, and how a plan's assertions are read into their normal form.

ValueError says what is allowed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gradual_common.kinds.assertions.assertion import AssertionKind
from gradual_common.kinds.assertions.body import BodyContains, BodyMatches, BodySize
from gradual_common.kinds.assertions.json_schema import JsonSchema
from gradual_common.kinds.assertions.json_value import JsonValue
from gradual_common.kinds.assertions.markup_value import CssValue, XPathValue
from gradual_common.kinds.assertions.response_time import ResponseTime
from gradual_common.language.document import Path
from gradual_common.language.wording import kind_of, listed, nearest

SHARED_ASSERTIONS: dict[str, AssertionKind] = {
    kind.name: kind
    for kind in (
        ResponseTime(),
        BodyContains(),
        BodyMatches(),
        JsonValue(),
        BodySize(),
        XPathValue(),
        CssValue(),
        JsonSchema(),
    )
}
"""By name. A new one goes to the end: the failures have numbers on the wire, which must not change."""

NORMAL_KEYS = {"check", "op"}
"""Keys of an assertion that is in normal form already; it is left as it is."""


def spread_assertions(value: Any) -> Any:
    """A list of single assertions, from a list, from a mapping, or from entries with several assertions."""
    return [entry for _, entry in place_assertions(value)] if isinstance(value, dict | list) else value


def place_assertions(value: Any) -> list[tuple[Path, Any]]:
    """Every single assertion with its path below `assertions`."""
    if isinstance(value, dict):
        return _place_entry((), value)
    return [placed for index, entry in enumerate(value) for placed in _place_entry((index,), entry)]


def _place_entry(path: Path, entry: Any) -> list[tuple[Path, Any]]:
    # A mapping with several assertions, {status_code: 200, body_size: 1}, is as many assertions.
    if isinstance(entry, dict) and entry and not entry.keys() >= NORMAL_KEYS:
        return [((*path, key), {key: value}) for key, value in entry.items()]
    return [(path, entry)]


def read_assertion(entry: Any, kinds: Mapping[str, AssertionKind]) -> Any:
    """Read one entry, such as {response_time: "< 500ms"}, into the fields of an Assertion; `kinds` are allowed."""
    if not isinstance(entry, dict):
        if entry is None or isinstance(entry, str | int | float | list):
            raise ValueError(f"{kind_of(entry)} is not an assertion; write a mapping such as {{status_code: 200}}")
        return entry
    is_normal = entry.keys() >= NORMAL_KEYS
    if len(entry) != 1 and not is_normal:
        raise ValueError("an assertion is a mapping such as {status_code: 200}")
    check = entry["check"] if is_normal else next(iter(entry))
    if check not in kinds:
        hint = nearest(str(check), kinds)
        raise ValueError(f"unknown assertion {check!r}; allowed: {listed(kinds)}; {hint}".rstrip("; "))
    if is_normal:
        return entry
    value = entry[check]
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return {"check": check, "text": f"{check}: {written}", **kinds[check].read(value)}
