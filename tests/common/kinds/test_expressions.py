"""Regular expressions search in linear time, with hints for what RE2 lacks; every error of JMESPath is a QueryError."""

import re
from typing import Any

import pytest

from gradual_common.errors import PatternError, QueryError
from gradual_common.kinds.expressions import Pattern, Query


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"id=(\d+)", "x id=42 id=43", "42"),
        (r"\d+", "a 7", "7"),
        (r"a|(b)", "a", None),
        (r"(?P<n>x)(y)", "xy", "x"),
        (r"(?i)ÉCOLE", "école", "école"),
        (r"^b$", "a\nb", None),
        (r"(?m)^b$", "a\nb", "b"),
        (r"a.b", "a\nb", None),
        (r"(?s)a.b", "a\nb", "a\nb"),
        (r"é(.)", "aé😀", "😀"),
        (r"\p{L}+", "1é2", "é"),
        (r"a$", "a\n", None),
        (r"", "abc", ""),
        (r"b\z", "ab", "b"),
        (r"a(.)b", "a\ud800b", "?"),
        ("\x00", "a\x00", "\x00"),
    ],
)
def test_the_first_group_or_the_whole_match_is_found(pattern: str, text: str, found: str | None) -> None:
    assert Pattern(pattern).find(text) == found
    assert Pattern(pattern).is_in(text) is (found is not None or pattern == r"a|(b)")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"a(?=b)", "look-ahead"),
        (r"(?<!a)b", "look-behind"),
        (r"(a)\1", "back references"),
        (r"(?P<a>x)(?P=a)", "back references"),
        (r"a++", "never backtracks"),
        (r"a\Z", r"write \z"),
        ("\\u00e9", r"write \x{e9}"),
        (r"(?x) a", "flag x"),
        ("(", "missing )"),
        ("a**", "bad repetition"),
        ("\udc80", "half a character"),
        (r"\p{L}{20}", "repeat less"),
        (r"(\p{L}{1,100}){1,10}", "too large"),
        ("((a{0,100}){0,100}){0,100}", "repetition"),
    ],
)
def test_what_re2_has_not_is_refused_with_what_to_write_instead(pattern: str, said: str) -> None:
    with pytest.raises(PatternError, match=re.escape(said)):
        Pattern(pattern)


def test_a_pattern_is_shown_by_its_begin_only() -> None:
    with pytest.raises(PatternError) as caught:
        Pattern("(" + "x" * 1000)
    assert str(caught.value).startswith(repr("(" + "x" * 38 + "…") + " is not a regular expression")


def test_a_search_that_would_backtrack_for_ages_is_over_at_once() -> None:
    """Python's `re` needs 2^40 steps for the first."""
    assert not Pattern(r"^(a+)+$").is_in("a" * 40 + "!")
    assert not Pattern(r"(a|aa)+\z").is_in("a" * 1_000_000 + "!")


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
def test_what_cannot_be_evaluated_is_a_query_error(expression: str, document: Any) -> None:
    with pytest.raises(QueryError, match="cannot be evaluated: "):
        Query(expression)(document)
