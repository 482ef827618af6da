"""Fields whose names tell that nobody else should read their values, found in any text: bodies, URLs, headers.

Nothing is parsed, for what is shown is often cut off, broken, or one thing within another (JSON in JSON, a query in
JSON, JSON in a log line). A name is recognised by what stands around it, and its value ends where the value's own
beginning says: at the closing quote, at the matching bracket, at the next separator, or with the text. Where it is not
clear, more is masked rather than less.

    "name": "value"   'name': 'value'   \\"name\\": \\"value\\"   "name" => "value"   name=value   name="value"
    "name": ["value", …]   "name": {…}   <name>value</name>   scheme://user:value@host
    Authorization: value, anywhere; any other name: value, at the begin of a line
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

MASK = "***"
_TELLING = re.compile(r"(?i)authorization|passw|secret|token|api[-_]?key|^(set-)?cookie$|credential|\bpin$|^cvv|iban")
_PUBLIC = frozenset({"token_type"})

_NAME = re.compile(
    r"(?<=[\"'])(?P<quoted>(?:[^\"'\\]|\\++[^\"'\\])++)\\*[\"']\s*(?::|=>)\s*"
    r"|(?<![^\s&?;#,(){}<>\"'|\\/])(?P<bare>[^\s&?;#,(){}<>\"'|\\/=]++)="
    r"|<(?P<tag>[\w:.-]+)(?:\s[^<>]*)?>"
    r"|(?i:(?<![\w-])(?P<header>(?:proxy-)?authorization|(?:set-)?cookie)[ \t]*:[ \t]*)"
    r"|(?:(?m:^)|(?<=\\[nr]))[ \t]*(?:-[ \t]+)?(?P<line>[\w.-]++)[ \t]*:(?:[ \t]+|(?=[\"']))"
    r"|://(?P<user>[^\s/?#@:\"'<>\\]*):(?=[^\s/?#\"<>\\]*@)"
)
"""The beginning of a field, up to its value. Every alternative is entered at the begin of a word only, so that a long
text without any field is looked through in linear time."""

_OPENING = re.compile(r"(\\*)([\"'])")
_QUOTE = re.compile(r"(?<!\\)(\\*)([\"'])")
_BRACKET = re.compile(r"[\[\]{}]|(?<!\\)\\*[\"']")
_WORD = re.compile(r"[^\s,;&}\]<\"'\\]*")
_FORM_VALUE = re.compile(r"(?:[^&\s\"<\\]|\\++(?![\"']))*+")
_TEXT = re.compile(r"(?s:<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<])*+")
_LINE = re.compile(r"(?:[^\r\n\"\\]|\\++(?![rn\"]))*+")
_PASSWORD = re.compile(r"[^\s/?#\"<>\\]*(?=@)")
_VALUES = {"bare": _FORM_VALUE, "tag": _TEXT, "header": _LINE, "line": _LINE, "user": _PASSWORD}
_MAY_HAVE_QUOTES = frozenset({"bare", "line"})
_ALWAYS = frozenset({"header", "user"})
_NOTHING = frozenset({"", "null", "true", "false", "None", "True", "False"})


def conceals(name: str) -> bool:
    """Whether a field of this name holds what nobody else should read, as far as its name tells."""
    return name not in _PUBLIC and _TELLING.search(name) is not None


def hide_fields(text: str, keeps: Callable[[str], bool] = lambda value: False) -> str:
    """The text with the values of telling fields masked, but for those that `keeps` lets pass."""
    pieces: list[str] = []
    shown = position = 0
    while (match := _NAME.search(text, position)) is not None:
        begin = position = match.end()
        end = _end_of_value(text, match)
        if end > begin and not keeps(text[begin:end]):
            pieces += text[shown:begin], _masked(text, match)
            shown = position = end
        elif match["tag"] is not None:
            position = match.end("tag")  # Its attributes are fields, too.
    return "".join(pieces) + text[shown:] if pieces else text


def _masked(text: str, match: re.Match[str]) -> str:
    """What stands in a value's place; with quotes where the value has them, or where JSON is to stay JSON."""
    opening = _OPENING.match(text, match.end())
    if opening is None and match["quoted"] is None:
        return MASK
    quote = opening[0] if opening else _last_quote(match[0])
    return f"{quote}{MASK}{quote}"


def _last_quote(name: str) -> str:
    return [found[0] for found in _QUOTE.finditer(name)][-1]


def _end_of_value(text: str, match: re.Match[str]) -> int:
    """Where the value ends that begins after `match`; there at once when it is to be seen."""
    begin, form = match.end(), str(match.lastgroup)
    if form not in _ALWAYS and not (conceals(match[form]) or conceals(_unescaped(match[form]))):
        return begin
    if form == "quoted":
        return _end_of_json(text, begin)
    if form in _MAY_HAVE_QUOTES and _has_quotes(text, match):
        return _end_of_quoted(text, begin)
    return _end(_VALUES[form], text, begin)


def _has_quotes(text: str, match: re.Match[str]) -> bool:
    """An attribute has them, and a line; behind the last name of a query they belong to what it stands in."""
    if _OPENING.match(text, match.end()) is None:
        return False
    return match["line"] is not None or text[match.start() - 1 : match.start()].isspace()


def _end_of_json(text: str, begin: int) -> int:
    if _OPENING.match(text, begin):
        return _end_of_quoted(text, begin)
    if text[begin : begin + 1] in {"[", "{"}:
        return _end_of_brackets(text, begin)
    end = _end(_WORD, text, begin)
    return begin if text[begin:end] in _NOTHING else end


def _end_of_quoted(text: str, begin: int) -> int:
    """After the closing quote. In JSON that stands in JSON, quotes have a backslash more than those around them:
    with k before the opening one, those of k + 2(k + 1)·m before a quote belong to what is quoted, and it closes.
    """
    opening = _OPENING.match(text, begin)
    assert opening is not None, "the caller saw a quote"
    depth, quote = len(opening[1]), opening[2]
    for found in _QUOTE.finditer(text, opening.end()):
        if found[2] == quote and (len(found[1]) < depth or len(found[1]) % (2 * (depth + 1)) == depth):
            return found.end()
    return len(text)


def _end_of_brackets(text: str, begin: int) -> int:
    depth, position = 0, begin
    while (found := _BRACKET.search(text, position)) is not None:
        position = found.end()
        if found[0] in {"[", "{"}:
            depth += 1
        elif found[0] in {"]", "}"}:
            depth -= 1
            if depth == 0:
                return position
        else:
            position = _end_of_quoted(text, found.start())
    return len(text)


def _end(pattern: re.Pattern[str], text: str, begin: int) -> int:
    found = pattern.match(text, begin)
    return begin if found is None else found.end()


def _unescaped(name: str) -> str:
    r"""A name whose letters were written as \u0070, at any depth."""
    if "\\" not in name:
        return name
    single = re.sub(r"\\+u", r"\\u", name)
    try:
        return str(json.loads(f'"{single}"'))
    except ValueError:
        return name
