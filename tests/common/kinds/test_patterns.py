"""Regular expressions find what RE2 finds, in linear time; what RE2 has not is refused with what to write instead."""

import re

import pytest

from gradual_common.errors import PatternError
from gradual_common.kinds.patterns import Pattern


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
