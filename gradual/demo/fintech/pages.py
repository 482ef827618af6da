"""Lists in pages: items in rising order of their numbers, and `next`, the number after which the next page begins."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from gradual.demo.routing import Call

LARGEST_PAGE = 100
LARGEST_NUMBER = 10**15


def page_of(call: Call, name: str, numbered: Iterable[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    """The page that `?after=17&limit=20` asks for: `{"data": {name: [...]}, "next": 37}`; null on the last page."""
    after = call.number("after", 0, 0, LARGEST_NUMBER)
    limit = call.number("limit", 20, 1, LARGEST_PAGE)
    rest = ((number, item) for number, item in numbered if number > after)
    taken = list(islice(rest, limit + 1))
    more = len(taken) > limit
    return {"data": {name: [item for _, item in taken[:limit]]}, "next": taken[limit - 1][0] if more else None}
