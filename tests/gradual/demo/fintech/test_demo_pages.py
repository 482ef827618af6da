"""Pages follow each other without a gap, and the last one says so."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual.demo.fintech.pages import page_of
from gradual.demo.routing import Call
from gradual.errors import RequestRefusedError


@given(st.sets(st.integers(1, 500)), st.integers(1, 100))
def test_the_pages_together_are_the_list(numbers: set[int], limit: int) -> None:
    items = [(number, {"number": number}) for number in sorted(numbers)]
    seen: list[int] = []
    after: Any = 0
    while after is not None:
        page = page_of(Call(query={"after": str(after), "limit": str(limit)}), "items", items)
        found = [item["number"] for item in page["data"]["items"]]
        assert len(found) == limit or page["next"] is None
        seen, after = seen + found, page["next"]
    assert seen == sorted(numbers)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"after": "-1"}, {"after": "x"}, {"after": ""}])
def test_a_page_that_cannot_be_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(RequestRefusedError, match="must be a whole number from"):
        page_of(Call(query=query), "items", [])
