"""A page of Markdown that stays within a length, and text in it that stays text.

GitHub cuts nothing short: a comment above 65,536 characters is refused. So a page takes its blocks in the order of
their weight, each with as many rows as fit into half of the room that is left, and says what it left out: a thousand
reasons leave room for the numbers.

Names come from plans and systems under test. A character with a meaning in Markdown, in GitHub's additions to it
(mentions, references to issues, formulas) or in HTML is written as a character reference (CommonMark 0.31, 2.5: these
never make structure); a zero-width space keeps `@` and `#` from calling people and issues.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

GITHUB_LIMIT = 65_536
"""Characters of an issue's or a pull request's comment."""

MAX_CELL_CHARS = 80
MAX_SENTENCE_CHARS = 400
ELLIPSIS = "…"

_NOTE_CHARS, _CLOSING_CHARS = 60, 400
"""Room that is kept for the note of a block, and for the sentence that says what was left out."""

_OPENING = re.compile(r"[^\w@#]|\d+[.)](\s|$)")
"""Characters that start a block at the start of a line: a list, a rule, a fence, a quotation."""

_QUIET = {ord(mark): f"&#{ord(mark)};" for mark in "&<>|`*_[]~\\$"} | {
    ord(mark): f"&#{ord(mark)};&#8203;" for mark in "@#"
}


def escape(text: str, most: int = MAX_CELL_CHARS) -> str:
    """One line of at most `most` characters that shows just this text in any position, without unprintable ones."""
    visible = "".join(char for char in text if char.isprintable() or char.isspace())
    line = clip(" ".join(visible.split()), most)
    if _OPENING.match(line):
        return f"&#{ord(line[0])};" + line[1:].translate(_QUIET)
    return line.translate(_QUIET)


def clip(text: str, most: int) -> str:
    """A long text ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + ELLIPSIS


@dataclass(frozen=True, slots=True)
class Block:
    """A title and rows."""

    title: str

    head: str
    """The text above the rows: a table's head."""

    rows: Sequence[str]
    """Each a line."""

    total: int
    """How many rows there are, those among them that `rows` leaves out."""

    note: str = ""
    """What to write of rows that are left out, when they were chosen and not cut off."""

    @property
    def opening(self) -> str:
        """What comes before the rows."""
        title = f"**{self.title}**\n\n" if self.title else ""
        return title + self.head

    def render(self, shown: int) -> str:
        """With its first rows."""
        note = self.note if shown == len(self.rows) else ""
        if not note and shown < self.total:
            note = f"the first {shown:,} of {self.total:,}"
        return self.opening + "".join(self.rows[:shown]) + (f"\n{note}\n" if note else "") + "\n"


class MarkdownPage:
    """Takes blocks while there is room."""

    def __init__(self, limit: int = GITHUB_LIMIT) -> None:
        self._parts: list[str] = []
        self._left_out: list[str] = []
        self.room = limit - _CLOSING_CHARS
        """How many characters more there may be."""

    def write(self, text: str) -> None:
        """Add what is known to be short."""
        self._parts.append(text)
        self.room -= len(text)

    def add(self, block: Block) -> None:
        """Add as much of a block as there is room for; nothing of one without rows."""
        if not block.rows:
            return
        lengths = accumulate(map(len, block.rows), initial=len(block.opening) + _NOTE_CHARS + len(block.note))
        shown = sum(length <= self.room // 2 for length in lengths) - 1
        if shown < 1:
            self._left_out.append(block.title or "reasons")
            return
        self.write(block.render(shown))

    def enclose(self, page: MarkdownPage, before: str, after: str) -> None:
        """Add another page, made for the room that is left."""
        self._left_out += page._left_out
        if page._parts:
            self.write(before + "".join(page._parts) + after)

    def text(self) -> str:
        """The page, ending in a newline."""
        titles = clip(", ".join(self._left_out), _CLOSING_CHARS - 100)
        sentence = f"Left out, as a comment has no room for it: {titles}. The JSON summary has all of it.\n"
        return "".join(self._parts).rstrip("\n") + "\n" + (f"\n{sentence}" if self._left_out else "")


def table(
    title: str, columns: Iterable[str], rows: Sequence[Sequence[str]], *, texts: int = 1, most: int = 50, note: str = ""
) -> Block:
    """At most `most` rows; the first `texts` columns are text, the others numbers; cells are escaped already."""
    names = list(columns)
    rule = ["---" if number < texts else "---:" for number in range(len(names))]
    return Block(title, _line(names) + _line(rule), [_line(row) for row in rows[:most]], len(rows), note)


def bullets(title: str, sentences: Sequence[str], most: int = 20) -> Block:
    """A list of at most `most` sentences."""
    rows = [f"- {escape(sentence, MAX_SENTENCE_CHARS)}\n" for sentence in sentences[:most]]
    return Block(title, "", rows, len(sentences))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"
