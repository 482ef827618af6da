"""Whatever JMESPath raises on a response is one error of ours."""

from typing import Any

import pytest

from gradual_common.errors import QueryError
from gradual_common.kinds.query import Query


def test_what_is_there_is_found_and_what_is_not_is_none() -> None:
    assert Query("a[0].b")({"a": [{"b": 1}]}) == 1
    assert Query("a.b")([]) is None


@pytest.mark.parametrize(
    ("expression", "document"),
    [
        ("abs(@)", "text"),
        ("avg(@)", [10**400, 1]),
        ("ceil(@)", float("inf")),
        ("sort(@)", [1, "a"]),
        ("sort_by(@, &a)", [{"a": 1}, {"a": "b"}]),
        ("join('', @)", [1]),
        ("max_by(@, &a)", [{"a": None}]),
    ],
)
def test_what_cannot_be_evaluated_is_told(expression: str, document: Any) -> None:
    with pytest.raises(QueryError, match="cannot be evaluated: "):
        Query(expression)(document)
