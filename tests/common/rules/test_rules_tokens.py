"""The tokens of a rule: what is one, and what is shown where none begins."""

import pytest

from gradual_common.errors import RuleError
from gradual_common.rules.tokens import TokenReader, split_rule


def test_numbers_keep_their_unit_and_words_their_quotes() -> None:
    tokens = split_rule("p99.9(\"a b\", 'c')<= 1m30s 5 % 50 / s")
    assert [token.text for token in tokens] == [
        "p99", ".", "9", "(", '"a b"', ",", "'c'", ")", "<=", "1m30s", "5%", "50/s", "",
    ]  # fmt: skip
    assert [token.name for token in tokens if token.kind == "quoted"] == ["a b", "c"]
    assert tokens[-1].kind == "end"
    assert str(tokens[-1]) == "the end of the rule"


def test_what_is_no_token_is_shown_from_there_on() -> None:
    with pytest.raises(RuleError, match="cannot read '§ 5'"):
        split_rule("p95 < § 5")


def test_after_the_last_token_a_reader_finds_the_end_again_and_again() -> None:
    reader = TokenReader("ok")
    assert [str(reader.advance()) for _ in range(3)] == ["'ok'", "the end of the rule", "the end of the rule"]
    assert reader.is_done()
    assert reader.after_next == reader.next


def test_a_word_that_is_not_allowed_is_told_the_nearest_one() -> None:
    error = TokenReader("media < 1s").unknown("statistic", "media", ("mean", "max"))
    assert str(error).endswith("unknown statistic 'media'; did you mean mean? allowed are mean, max")
