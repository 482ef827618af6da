"""What Gradual reads of a GraphQL document: its operations with their variables (GraphQL, October 2021, section 2).

Texts, brackets and the heads of definitions are checked. Fields and arguments are left to the server, which alone knows
their types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NoReturn

OPERATIONS: Final = ("query", "mutation", "subscription")
_CLOSING: Final = {"{": "}", "(": ")", "[": "]"}

_TOKEN = re.compile(
    r"""
    (?P<ignored> [\ufeff\ \t,\r\n]+ | \#[^\r\n]* )
  | (?P<token>
        \.\.\. | [!$&()\[\]{}:=@|]
      | [_A-Za-z][_0-9A-Za-z]*
      | -?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.])
      | \"\"\"(?:\\\"\"\"|(?!\"\"\").)*+\"\"\"
      | "(?!"")(?:[^"\\\r\n]|\\[^\r\n])*+"
    )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*+", re.ASCII)


@dataclass(frozen=True, slots=True)
class GraphQLToken:
    """One lexical token."""

    text: str
    start: int
    """Its position in the document."""

    @property
    def is_name(self) -> bool:
        """Whether it is a name or a keyword."""
        return _NAME.fullmatch(self.text) is not None


@dataclass(frozen=True, slots=True)
class Operation:
    """A query, mutation or subscription."""

    kind: str
    name: str | None = None
    """None for an anonymous one."""

    variables: tuple[tuple[str, bool], ...] = ()
    """Each variable that it declares, and whether it needs a value: it cannot be null and has no default."""

    used: frozenset[str] = frozenset()
    """The variables that its own selection reads."""


def parse_operations(document: str) -> list[Operation]:
    """The operations of a document; ValueError, with line and column, for what is none."""
    return _DocumentReader(document).read()


class _DocumentReader:
    """Reads one document, definition by definition."""

    def __init__(self, document: str) -> None:
        self._document = document
        self._tokens = list(self._scan())
        self._ends = self._match_brackets()
        self._at = 0

    def read(self) -> list[Operation]:
        """Every operation; spreads name fragments that there are."""
        operations, fragments = [], set()
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.text == "{":
                operations.append(Operation("query", used=self._read_selection()))
            elif token.text in OPERATIONS:
                operations.append(self._read_operation(token.text))
            elif token.text == "fragment":
                fragments.add(self._read_fragment())
            else:
                self._fail(token, f"{token.text!r} begins no query, mutation or fragment")
        for spread, name in pairwise(self._tokens):
            if spread.text == "..." and name.is_name and name.text != "on" and name.text not in fragments:
                self._fail(name, f"there is no fragment {name.text!r}")
        return operations

    def _read_operation(self, kind: str) -> Operation:
        self._at += 1
        name = self._take_name() if self._peek().is_name else None
        variables = tuple(self._read_variables()) if self._peek().text == "(" else ()
        self._skip_directives()
        return Operation(kind, name, variables, self._read_selection())

    def _read_fragment(self) -> str:
        self._at += 1
        name = self._take_name()
        if name == "on":
            self._fail(self._tokens[self._at - 1], "a fragment cannot have the name 'on'")
        if self._peek().text != "on":
            self._fail(self._peek(), f"'on' is expected, found {self._found()}")
        self._at += 1
        self._take_name()
        self._skip_directives()
        self._read_selection()
        return name

    def _read_variables(self) -> Iterator[tuple[str, bool]]:
        """`($id: ID!, $first: Int = 5)`."""
        end = self._ends[self._at]
        self._at += 1
        while self._at < end:
            self._take("$")
            name = self._take_name()
            self._take(":")
            start = self._at
            while self._at < end and self._peek().text not in ("$", "=", "@"):
                self._at += 1
            if self._at == start:
                self._fail(self._peek(), f"the type of ${name} is missing")
            yield name, self._tokens[self._at - 1].text == "!" and self._peek().text != "="
            while self._at < end and self._peek().text != "$":
                self._at = self._ends.get(self._at, self._at) + 1
        self._at = end + 1

    def _skip_directives(self) -> None:
        """`@name(arguments)`, any number of them."""
        while self._peek().text == "@":
            self._at += 1
            self._take_name()
            if self._peek().text == "(":
                self._at = self._ends[self._at] + 1

    def _read_selection(self) -> frozenset[str]:
        """Skip `{ … }`; the variables that it reads."""
        if self._peek().text != "{":
            self._fail(self._peek(), f"'{{' is expected, found {self._found()}")
        start, end = self._at, self._ends[self._at]
        if end == start + 1:
            self._fail(self._tokens[start], "it selects no field")
        self._at = end + 1
        inside = pairwise(self._tokens[start:end])
        return frozenset(name.text for sign, name in inside if sign.text == "$" and name.is_name)

    def _take_name(self) -> str:
        if not self._peek().is_name:
            self._fail(self._peek(), f"a name is expected, found {self._found()}")
        self._at += 1
        return self._tokens[self._at - 1].text

    def _take(self, text: str) -> None:
        if self._peek().text != text:
            self._fail(self._peek(), f"{text!r} is expected, found {self._found()}")
        self._at += 1

    def _peek(self) -> GraphQLToken:
        return self._tokens[self._at] if self._at < len(self._tokens) else GraphQLToken("", len(self._document))

    def _found(self) -> str:
        return repr(self._peek().text) if self._peek().text else "the end"

    def _scan(self) -> Iterator[GraphQLToken]:
        at = 0
        while at < len(self._document):
            match = _TOKEN.match(self._document, at)
            if match is None:
                character = self._document[at]
                text = "a text without an end" if character == '"' else f"{character!r} cannot be here"
                self._fail(GraphQLToken(character, at), text)
            if match["token"] is not None:
                yield GraphQLToken(match["token"], at)
            at = match.end()

    def _match_brackets(self) -> dict[int, int]:
        """The number of the closing bracket by that of its opening one."""
        ends: dict[int, int] = {}
        opened: list[int] = []
        for number, token in enumerate(self._tokens):
            if token.text in _CLOSING:
                if token.text == "{" and number and self._tokens[number - 1].text == "{":
                    self._fail(token, "'{' cannot follow '{'")
                opened.append(number)
            elif token.text in _CLOSING.values():
                self._check_closing(token, [self._tokens[before] for before in opened])
                ends[opened.pop()] = number
        if opened:
            last = self._tokens[opened[-1]]
            self._fail(last, f"{last.text!r} is never closed")
        return ends

    def _check_closing(self, token: GraphQLToken, opened: Sequence[GraphQLToken]) -> None:
        if not opened:
            self._fail(token, f"{token.text!r} closes nothing")
        if _CLOSING[opened[-1].text] != token.text:
            self._fail(token, f"{token.text!r} cannot close {opened[-1].text!r} of {self._place(opened[-1])}")

    def _place(self, token: GraphQLToken) -> str:
        before = re.split(r"\r\n|\r|\n", self._document[: token.start])
        return f"line {len(before)}, column {len(before[-1]) + 1}"

    def _fail(self, token: GraphQLToken, message: str) -> NoReturn:
        raise ValueError(f"{self._place(token)}: {message}")
