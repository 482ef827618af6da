"""What the parser is fed with."""

import pytest

from gradual_common.errors import RuleError
from gradual_common.rules.tokens import split_rule


def test_numbers_keep_their_unit_and_words_their_quotes() -> None:
    tokens = split_rule("p99.9(\"a b\", 'c')<= 1m30s 5 % 50 / s")
    assert [token.text for token in tokens] == [
        "p99", ".", "9", "(", '"a b"', ",", "'c'", ")", "<=", "1m30s", "5%", "50/s", "",
    ]  # fmt: skip
    assert [token.name for token in tokens if token.kind == "quoted"] == ["a b", "c"]
    assert tokens[-1].kind == "end"
    assert str(tokens[-1]) == "the end of the rule"


def test_a_quoted_word_is_neither_keyword_nor_mark() -> None:
    at, mark, _ = split_rule("'at' '('")
    assert not at.is_word("at")
    assert not mark.is_mark("(")


def test_what_is_no_token_is_shown_from_there_on() -> None:
    with pytest.raises(RuleError, match="cannot read '§ 5'"):
        split_rule("p95 < § 5")
