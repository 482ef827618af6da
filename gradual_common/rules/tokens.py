"""Tokens of a rule: a text is split into them, and a reader takes them from left to right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from gradual_common.errors import RuleError

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
    """A word, name, number or mark of a rule."""

    kind: str | None
    """The name of its group in `TOKEN`, or "end"."""

    text: str
    """As written, with its quotes: so a quoted name never equals a keyword or a mark."""

    def __str__(self) -> str:
        return "the end of the rule" if self.kind == "end" else repr(self.text)

    @property
    def name(self) -> str:
        """A name, without its quotes if it has them."""
        return re.sub(r"\\(.)", r"\1", self.text[1:-1]) if self.kind == "quoted" else self.text


def split_rule(text: str) -> list[Token]:
    """All tokens of a rule, then a token for its end; RuleError for a character that starts no token."""
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            rest, hint = text[position:end].lstrip(), ""
            if rest[0] in "\"'":
                hint = "; the quote is never closed"
            elif text.count("(", 0, position) > text.count(")", 0, position):
                hint = '; a name that is not a plain identifier is quoted: p95("sign in") < 1s'
            raise RuleError(text, f"cannot read {rest!r}{hint}")
        written = match[match.lastgroup or 0]
        # `10 %` and `100 / s` may be written with blanks; without them an amount has one spelling for the parser.
        tokens.append(Token(match.lastgroup, "".join(written.split()) if match.lastgroup == "amount" else written))
        position = match.end()
    return [*tokens, Token("end", "")]


class TokenReader:
    """Reads the tokens of one rule; its errors quote the rule."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = split_rule(text)
        self._position = 0

    @property
    def next(self) -> Token:
        """The token at the current position."""
        return self._tokens[self._position]

    @property
    def after_next(self) -> Token:
        """The token after that; the end is followed by itself."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def is_done(self) -> bool:
        """Whether all tokens are read."""
        return self.next.kind == "end"

    def advance(self) -> Token:
        """Read the next token; after the last one it is the end again and again."""
        token = self.next
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token

    def accept(self, text: str) -> bool:
        """Read the next token if it is this keyword or mark."""
        accepted = self.next.text == text
        if accepted:
            self.advance()
        return accepted

    def expect(self, mark: str, expected: str) -> None:
        """Read a mark; RuleError says what was `expected`."""
        if not self.accept(mark):
            raise self.error(f"expected {expected}, found {self.next}")

    def word(self, expected: str) -> str:
        """Read a plain word; RuleError says what was `expected`."""
        token = self.advance()
        if token.kind != "word":
            raise self.error(f"expected {expected}, found {token}")
        return token.text

    def unknown(self, what: str, word: str, allowed: Sequence[str]) -> RuleError:
        """The error for a word that is none of those `allowed`."""
        near = get_close_matches(word, allowed, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        return self.error(f"unknown {what} {word!r}; {hint}allowed are {', '.join(allowed)}")

    def error(self, reason: str) -> RuleError:
        """The error for a mistake in this rule."""
        return RuleError(self.text, reason)
