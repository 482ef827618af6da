"""How values are found in a response, for extractions and custom metrics: `json: data.token`, `css: div.total`.

A new one is an entry of `LOOKUPS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gradual_common.kinds.content import NOT_JSON, Content
from gradual_common.kinds.expressions import Pattern, Query, check_jmespath, check_regex
from gradual_common.net.header_fields import check_name

CookieJar = Callable[[str], str | None]
"""The value of a user's cookie by its name."""

Lookup = Callable[[Content, CookieJar], Any]
"""The value, None where there is none; QueryError where it cannot be looked up."""


@dataclass(frozen=True, slots=True)
class LookupKind:
    """One way to look a value up."""

    check: Callable[[str], object]
    """ValueError for an expression that is wrong."""
    compile: Callable[[str], Lookup]
    reads: Literal["", "headers", "body"] = "body"
    """The part of the response that must be kept for it."""
    of_every_kind: bool = True
    """Whether the responses of every kind of action have it."""


def _json(expression: str) -> Lookup:
    search = Query(expression)
    return lambda content, cookies: None if (document := content.json) is NOT_JSON else search(document)


def _regex(expression: str) -> Lookup:
    # The first group, else the whole match; None for a group that took no part in the match.
    find = Pattern(expression).find
    return lambda content, cookies: find(content.text)


def _header(expression: str) -> Lookup:
    return lambda content, cookies: content.headers.get(expression)


def _cookie(expression: str) -> Lookup:
    return lambda content, cookies: cookies(expression)


def _check_xpath(expression: str) -> str:
    from gradual_common.kinds.values.markup import check_xpath  # noqa: PLC0415 - heavy

    return check_xpath(expression)


def _xpath(expression: str) -> Lookup:
    from gradual_common.kinds.values.markup import XPathQuery  # noqa: PLC0415 - heavy

    search = XPathQuery(expression)
    return lambda content, cookies: search(content.markup)


def _check_css(expression: str) -> str:
    from gradual_common.kinds.values.markup import check_css  # noqa: PLC0415 - heavy

    return check_css(expression)


def _css(expression: str) -> Lookup:
    from gradual_common.kinds.values.markup import CssQuery  # noqa: PLC0415 - heavy

    search = CssQuery(expression)
    return lambda content, cookies: search(content.markup)


LOOKUPS: Mapping[str, LookupKind] = {
    "json": LookupKind(check_jmespath, _json),
    "regex": LookupKind(check_regex, _regex),
    "xpath": LookupKind(_check_xpath, _xpath),
    "css": LookupKind(_check_css, _css),
    "header": LookupKind(check_name, _header, "headers", of_every_kind=False),
    "cookie": LookupKind(str, _cookie, "", of_every_kind=False),
}
"""By the word before the colon."""
