"""The tokens of a rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gradual_common.errors import RuleError

TokenKind = Literal["quoted", "amount", "word", "operator", "mark", "end"]
KINDS: tuple[TokenKind, ...] = ("quoted", "amount", "word", "operator", "mark")

TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<amount> \d[\d.]* (?: \s*% | \s*/\s*s\b | [a-zµ]+ (?:\d[\d.]*[a-zµ]+)* )? )
      | (?P<word> [^\W\d]\w* )
      | (?P<operator> <= | >= | == | < | > )
      | (?P<mark> [().,*=] )
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted name, an amount (number and unit), an operator, a mark, or the end."""

    kind: TokenKind
    text: str

    def __str__(self) -> str:
        return "the end of the rule" if self.kind == "end" else repr(self.text)

    def is_mark(self, mark: str) -> bool:
        """Whether this is the mark, and not the same text in quotes."""
        return self.kind == "mark" and self.text == mark

    def is_word(self, word: str) -> bool:
        """Whether this is the word itself, and not a name in quotes."""
        return self.kind == "word" and self.text == word

    @property
    def name(self) -> str:
        """A name, without its quotes if it has them."""
        return re.sub(r"\\(.)", r"\1", self.text[1:-1]) if self.kind == "quoted" else self.text


def split_rule(text: str) -> list[Token]:
    """All tokens of a rule, then the end; RuleError for what is no token."""
    tokens, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if match is None:
            raise RuleError(text, f"cannot read {text[place:end].lstrip()!r}{_hint(text, place)}")
        kind = next(kind for kind in KINDS if match[kind] is not None)
        tokens.append(Token(kind, "".join(match[kind].split()) if kind == "amount" else match[kind]))
        place = match.end()
    return [*tokens, Token("end", "")]


def _hint(text: str, place: int) -> str:
    if text[place:].lstrip()[0] in "\"'":
        return "; the quote is never closed"
    opened = text.count("(", 0, place) > text.count(")", 0, place)
    return '; a name that is no plain identifier is quoted: p95("sign in") < 1s' if opened else ""
