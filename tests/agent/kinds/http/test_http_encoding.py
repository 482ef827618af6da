"""Values of a plan as bodies and queries."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.kinds.http.encoding import encode_json, encode_pairs
from gradual_common.errors import RequestError, TemplateError

TEXTS = st.text(st.characters())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


@given(VALUES)
def test_json_arrives_as_it_was_written(value: Any) -> None:
    assert json.loads(encode_json(value)) == value


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"a": "é😀"}, '{"a":"é😀"}'.encode()),
        ("\ud800 é", b'"\\ud800 \xc3\xa9"'),
        (["\x00", "\u2028"], '["\\u0000","\u2028"]'.encode()),
        (12345678901234567890123, b"12345678901234567890123"),
    ],
)
def test_json_is_utf_8_and_escapes_what_utf_8_does_not_know(value: Any, body: bytes) -> None:
    assert encode_json(value) == body


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), [float("inf")], object(), nested(100_000)])
def test_a_body_that_json_does_not_know_is_a_template_error(value: Any) -> None:
    with pytest.raises(TemplateError, match="JSON"):
        encode_json(value)


def test_pairs_are_percent_encoded_utf_8() -> None:
    pairs = {"é ": "😀", "n": [1, True, None], "o": {"a": "ß"}}
    assert encode_pairs(pairs, plus=False) == "%C3%A9%20=%F0%9F%98%80&n=1&n=true&n=&o=%7B%22a%22%3A%22%C3%9F%22%7D"
    assert encode_pairs(pairs, plus=True).startswith("%C3%A9+=")


def test_half_a_surrogate_pair_is_no_text() -> None:
    for pairs in ({"a": "\ud800"}, {"\udfff": 1}):
        with pytest.raises(RequestError, match="surrogate"):
            encode_pairs(pairs, plus=False)


def test_pairs_are_a_mapping() -> None:
    with pytest.raises(TemplateError, match="a mapping is expected, found list"):
        encode_pairs([1], plus=False)
