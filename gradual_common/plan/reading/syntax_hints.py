"""Explains syntax errors of YAML to the author of a plan, with a short excerpt of the text.

PyYAML says where it stopped and what it expected. From that and from the line we find the mistake and a hint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import yaml

from gradual_common.errors import Problem
from gradual_common.secrecy.field_names import is_sensitive
from gradual_common.secrecy.masking import hide_credentials
from gradual_common.secrecy.quoting import MAX_QUOTE_LENGTH

QUOTE_TEMPLATE = 'quote it: a value with {{…}} is written "{{…}}"'
QUOTE_OPERATOR = 'quote it: an unquoted > or | begins a block of text in YAML; write "> 500ms"'
QUOTE_VARIABLE = 'quote it: inside {…} and […] a variable is written "${X}"'
COLON_MISSING = "a colon is missing after the key on line {0}"
COMMA_MISSING = "a comma is missing here, or quotes around a text with a colon or a comma in it"

_NEEDS_QUOTES = (
    (re.compile(r"(?:^\s*-|:|\{|\[|,)\s+\{[{%]|[:\[,]\s*\{\{"), QUOTE_TEMPLATE),
    (re.compile(r"(?:^\s*-|:)\s+[>|]=?\s*[\d.=]"), QUOTE_OPERATOR),
    (re.compile(r"[:\[,{]\s*\$\{"), QUOTE_VARIABLE),
)
"""Patterns of values that need quotes, and the hint for each."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_NO_SPACE = re.compile(r"^\s*(?:-\s+)*([A-Za-z_][\w-]*):(?![\s/]|$)")
_NO_DASH_SPACE = re.compile(r"^\s*-([A-Za-z_][\w-]*):(?:\s|$)")
_KEY = re.compile(r"""^(\s*(?:-\s+)*)["']?([\w.-]+)["']?\s*:(?:\s|$)""")
_PLAN_KEY = re.compile(r"""(?m)^\s*\{?\s*["']?(?:config|users|actions)["']?\s*:""")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where PyYAML stopped; lines and columns count from 0."""

    lines: Sequence[str]

    message: str
    """PyYAML's message."""

    line: int
    column: int

    began: int
    """The line on which the construct starts that PyYAML was reading."""

    def line_at(self, number: int) -> str:
        """A line of the text, or nothing where there is none."""
        return self.lines[number] if 0 <= number < len(self.lines) else ""

    @property
    def written(self) -> str:
        """The line."""
        return self.line_at(self.line)

    @property
    def above(self) -> int:
        """The number of the last line above that is not blank; -1 if there is none."""
        return next((number for number in range(self.line - 1, -1, -1) if self.lines[number].strip()), -1)

    @property
    def character(self) -> str:
        """The character at which PyYAML stopped."""
        return self.written[self.column : self.column + 1]


def describe_syntax_error(error: yaml.YAMLError, text: str, name: str, *, may_quote: bool = True) -> Problem:
    """The problem for a syntax error in a file; with `may_quote` False it shows nothing of the text."""
    if isinstance(error, yaml.reader.ReaderError):
        # A character that YAML does not allow, such as a NUL in a file that is not text.
        number = error.character if isinstance(error.character, int) else ord(error.character)
        line = len(_LINE_END.findall(text[: error.position])) + 1
        message = f"this is not YAML: it holds the character U+{number:04X}"
        hint = f'this character is not allowed in a plan; in "…" it is written \\x{number:02x}'
        return Problem(message, "", name, line, hint)
    lines = _LINE_END.split(text)
    place = _place_of(error, lines)
    hints = (find(place) for pattern, find in _HINTS if re.search(pattern, place.message))
    hint, line = next((found for found in hints if found is not None), ("", place.line))
    excerpt = excerpt_at(lines, line, place.column if line == place.line else 0)
    # PyYAML's message and the excerpt both show a part of the text. A file that is not a plan may be a key file that
    # was given by mistake, and the values below `secrets:` must not be read by others: of these nothing is shown.
    is_plan = is_plan_text(text)
    shows = may_quote and is_plan and not is_concealed(lines, line)
    what = "this is not YAML" if hint or not shows else f"this is not YAML: {place.message}"
    if may_quote and not is_plan:
        what = "this is not a plan, and not YAML"
    return Problem(what + (f", at {excerpt!r}" if shows and excerpt else ""), "", name, line + 1, hint)


def _place_of(error: yaml.YAMLError, lines: Sequence[str]) -> _Place:
    message = ", ".join(str(part) for name in ("context", "problem") if (part := getattr(error, name, None)))
    problem, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    mark, began = problem or context, context or problem
    message = " ".join((message or str(error)).split())
    if mark is None or began is None:
        return _Place(lines, message, 0, 0, 0)
    return _Place(lines, message, mark.line, mark.column, began.line)


_Hint = Callable[[_Place], tuple[str, int] | None]
"""Looks for one mistake at the place: returns the hint and its line, or None if the mistake is another one."""


def _usual_quotes(place: _Place) -> tuple[str, int] | None:
    """A value that needs quotes, on the line or the one above."""
    for number in (place.line, place.line - 1):
        for pattern, hint in _NEEDS_QUOTES:
            if pattern.search(place.line_at(number)):
                return hint, place.line
    return None


def _template_within(place: _Place) -> tuple[str, int] | None:
    """A template without quotes inside braces: YAML reads its braces as mappings."""
    return (QUOTE_TEMPLATE, place.line) if place.written.startswith("{{", place.column) else None


def _space_missing(place: _Place) -> tuple[str, int] | None:
    for number in dict.fromkeys((place.began, place.line, place.line - 1)):
        if (match := _NO_SPACE.match(place.line_at(number))) is not None:
            return f"a space is missing after the colon on line {number + 1}: write `{match[1]}: …`", number
    return None


def _unclosed(place: _Place) -> tuple[str, int] | None:
    """A bracket whose line, or the whole text, ends before it is closed."""
    if place.character in {'"', "'"} and place.line != place.began:
        return COMMA_MISSING, place.line  # The next key, as JSON writes it.
    ended = place.line != place.began or not place.written[place.column :].strip()
    bracket = "{" if "mapping" in place.message else "["
    return _never_closed(bracket, place.began) if ended and bracket in place.line_at(place.began) else None


def _never_closed(what: str, line: int) -> tuple[str, int]:
    return f"the {what} on line {line + 1} is never closed", line


def _quote_above(place: _Place) -> tuple[str, int] | None:
    """A quote further up was never closed: YAML reads the next opening quote as its end."""
    before = place.written[: place.column].rstrip()
    if before[-1:] not in {'"', "'"} or before.count(before[-1]) % 2 == 0:
        return None
    above = range(place.line - 1, place.began - 1, -1)
    opened = next((number for number in above if place.lines[number].count(before[-1]) % 2), None)
    return None if opened is None else _never_closed("quote", opened)


def _dash_space(place: _Place) -> tuple[str, int] | None:
    match = _NO_DASH_SPACE.match(place.line_at(place.above))
    hint = "a space is missing after the - on line {0}: write `- {1}: …`"
    return None if match is None else (hint.format(place.above + 1, match[1]), place.above)


def _not_allowed_here(place: _Place) -> tuple[str, int] | None:
    if len(re.findall(r":\s", place.written)) > 1:
        return "quote it: a text with a colon and a blank in it needs quotes", place.line
    if place.above >= 0 and ":" not in place.line_at(place.above):
        return COLON_MISSING.format(place.line), place.line - 1
    return "this line is indented further than the one above it, which has a value already", place.line


def _off_level(place: _Place) -> tuple[str, int]:
    if place.written.lstrip().startswith("-"):
        return "this list entry is not on the level of the others: put its - under theirs", place.line
    return "this key is not on the level of the others: put it under the first key of its mapping", place.line


def _here(hint: str) -> _Hint:
    """A hint for the line at which PyYAML stopped; `{0}` is the character there."""
    return lambda place: (hint.replace("{0}", place.character), place.line)


_HINTS: tuple[tuple[str, _Hint], ...] = (
    (r"found character '\\t'", _here("there is a tab here: YAML is indented with spaces")),
    (r"quoted scalar.*(unexpected end of stream|document separator)",
     lambda place: _never_closed("quote", place.began)),
    (r"unknown escape|expected escape sequence",
     _here("in \"…\" a backslash begins an escape: write two of them, or use '…'")),
    (r"", _usual_quotes),
    (r"found character '[@`%]'", _here("quote it: a text cannot begin with {0}")),
    (r"alias", _here("quote it: an unquoted * refers to an anchor, and there is none of this name")),
    (r"flow (mapping|sequence).*got '\?'", _here("quote it: inside {…} and […] a text with ? in it needs quotes")),
    (r"mapping values are not allowed|<block end>, but found '<block mapping start>'", _dash_space),
    (r"mapping values are not allowed|could not find expected ':'", _space_missing),
    (r"could not find expected ':'", lambda place: (COLON_MISSING.format(place.began + 1), place.began)),
    (r"flow (mapping|sequence).*got '\{'", _template_within),
    (r"flow (mapping|sequence)", _unclosed),
    (r"flow (mapping|sequence).*got ('[:,]'|'<scalar>'|'\[|'\{)", _here(COMMA_MISSING)),
    (r"mapping values are not allowed", _not_allowed_here),
    (r"sequence entries are not allowed", _here("a list begins on the next line, or is written in brackets: [a, b]")),
    (r"<block end>, but found '[\]}]'", _here("this {0} closes nothing")),
    (r"<block end>, but found '<scalar>'", _quote_above),
    (r"<block end>, but found '<scalar>'",
     _here("there is something after the closing quote: put the quotes around all of it")),
    (r"<block end>, but found", _off_level),
)  # fmt: skip
"""A pattern of PyYAML's message, and what looks for the mistake. The first that finds one counts, so order matters."""


def is_plan_text(text: str) -> bool:
    """Whether a text that cannot be read looks like a plan at all."""
    return _PLAN_KEY.search(text) is not None


def excerpt_at(lines: Sequence[str], number: int, column: int) -> str:
    """40 characters around a column of a line, without credentials."""
    written = lines[number] if number < len(lines) else ""
    shown, before = hide_credentials(written), len(hide_credentials(written[:column]))
    start = max(0, min(before - MAX_QUOTE_LENGTH // 2, len(shown) - MAX_QUOTE_LENGTH))
    excerpt = shown[start : start + MAX_QUOTE_LENGTH].strip()
    return f"{'…' if start else ''}{excerpt}{'…' if start + MAX_QUOTE_LENGTH < len(shown) else ''}"


def is_concealed(lines: Sequence[str], number: int) -> bool:
    """Whether a line is below `secrets:` or a key with a sensitive name, as far as the indentation shows."""
    upwards = [line for line in reversed(lines[: number + 1]) if line.strip()]
    top = next((key for line in upwards if (key := _KEY.match(line)) and not key[1]), None)
    if top is not None and top[2] == "secrets":
        return True
    depth = 1 << 30
    for line in upwards:
        indent = len(line) - len(line.lstrip())
        if indent < depth and (key := _KEY.match(line)) is not None and is_sensitive(key[2]):
            return True
        depth = min(depth, indent)
    return False
