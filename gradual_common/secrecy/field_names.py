"""Fields with sensitive names, such as `password`, found in any text: bodies, URLs, headers.

Nothing is parsed, for what is shown is often cut off, broken, or one thing within another (JSON in JSON, a query in
JSON, JSON in a log line). A name is recognised by the characters around it. The first character of its value says where
the value ends: at the closing quote, at the matching bracket, at the next separator, or at the end of the text. Where
that is not clear, more is masked rather than less.

    "name": "value"   'name': 'value'   \\"name\\": \\"value\\"   "name" => "value"   name=value   name="value"
    "name": ["value", …]   "name": {…}   <name>value</name>   scheme://value@host, percent-encoded too
    Authorization: value, anywhere; any other name: value, at the start of a line
    name: "value" and {name: value}, as GraphQL and YAML have it   name == "value"   name="name" … value="value"
    a part of a multipart body
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

MASK = "***"
_SENSITIVE = re.compile(
    r"(?i)authori[sz]ation|passw|passphrase|passcode|pwd|secret|token|credential|^(?:set-)?cookies?$|^x-auth|bearer"
    r"|(?:api|access|private|signing|encryption|subscription|account|shared|master|auth|app|client|service)[-_.]?key"
    r"|^x-.*-key$|signature$|session[-_]?id|sessid|(?:^|[-_.\[ ])(?:auth|jwt|otp|totp|session|sig|sid|ssn|pin)\]?$"
    r"|^cvv|^cvc|iban"
)
_PUBLIC = re.compile(
    r"(?i)token_?(?:type|ur[il])|(?:max|total|prompt|completion|input|output)_?tokens(?:_used)?|content-signature"
)
_KEY = re.compile(r"(?i)(?:^|[-_.])key$|(?<=[a-z])Key$")

_NAME = re.compile(
    r"(?i:(?<![\w-])name\\{0,8}[\"']?[ \t]*[:=][ \t]*\\{0,8}[\"'](?P<named>[^\"'\\<>\r\n]{1,64})\\{0,8}[\"']"
    r"[^<>{}\r\n]{0,100}?\bvalue\\{0,8}[\"']?[ \t]*[:=][ \t]*)"
    r"|(?<=[\"'])(?P<quoted>(?:[^\"'\\]|\\++[^\"'\\])++)\\*[\"']\s*(?::|=>)\s*"
    r"|(?<![^\s&?;#,(){}<>\"'|\\/])(?P<bare>[^\s&?;#,(){}<>\"'|\\/=]++)="
    r"|<(?P<tag>[\w:.-]+)(?:\s[^<>]*)?>"
    r"|(?i:(?<![\w-])(?P<header>(?:proxy-)?authorization|(?:set-)?cookie)[ \t]*:[ \t]*)"
    r"|(?:(?m:^)|(?<=\\[nr]))[ \t]*(?:-[ \t]+)?(?P<line>[\w.-]++)[ \t]*:(?:[ \t]+|(?=[\"']))"
    r"|:(?:\\{0,8}/){2}(?=(?P<user>(?:\{\{[^{}]{0,200}\}\}|[^\s/?#\"<>\\{]|\{(?!\{))*)@)"
    r"|%(?:25)?3[Aa](?:%(?:25)?2[Ff]){2}"
    r"(?=(?P<encoded>(?:%(?!(?:25)?(?:2[Ff]|3[Ff]|40))|[^\s/?#\"'<>&\\%])*+)%(?:25)?40)"
    r"|(?i:form-data;[^\r\n]{0,100}?\bname=\"(?P<part>[^\"\r\n]{1,64})\"[^\r\n]{0,200}"
    r"(?:\r?\n[^\r\n]{1,200}){0,8}\r?\n\r?\n)"
    r"|(?:(?<=[\s{,(])|\A)(?P<loose>[A-Za-z_][\w.-]{1,63})[ \t]{0,4}(?::|[=!]=)[ \t]{1,4}(?=\\{0,8}[\"'])"
    r"|(?<=[{,])[ \t]{0,4}(?P<flow>[A-Za-z_][\w-]{1,63}):[ \t]{1,4}"
)
"""The start of a field, up to its value. Every alternative can match at the start of a word only, so that
the search of a long text without any field takes linear time."""

_OPENING = re.compile(r"(\\*)([\"'])")
_QUOTE = re.compile(r"(?<!\\)(\\*)([\"'])")
_BRACKET = re.compile(r"[\[\]{}]|(?<!\\)\\*[\"']")
_WORD = re.compile(r"[^\s,;&}\]<\"'\\]*")
_FORM_VALUE = re.compile(r"(?:[^&\s\"<\\]|\\++(?![\"']))*+")
_TEXT = re.compile(r"(?s:<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<])*+")
_LINE = re.compile(r"(?:[^\r\n\"\\]|(?<==)\\*+\"[^\r\n\"\\]*+\\*+\"|\\++(?![rn\"]))*+")
"""Up to the end of the line, or of the text in quotes that holds it; `name="value"` within it is a part of it."""
_PART = re.compile(r"(?:[^\r\n]|\r?\n(?!--))*+")
_VALUES = {"bare": _FORM_VALUE, "tag": _TEXT, "header": _LINE, "line": _LINE, "part": _PART}
_AHEAD = frozenset({"user", "encoded"})
_NOTHING = frozenset({"", "null", "true", "false", "None", "True", "False"})


def is_sensitive(name: str) -> bool:
    """Whether the name of a field says that its value is secret."""
    return _PUBLIC.fullmatch(name) is None and _SENSITIVE.search(name) is not None


def names_credential(name: str) -> bool:
    """Whether a variable of this name holds a credential: a sensitive name, or any name that ends with `key`."""
    return is_sensitive(name) or _KEY.search(name) is not None


def hide_fields(text: str, hide: Callable[[str], str] | None = None) -> str:
    """The text with the values of secret fields masked, or as `hide` shows each of them."""
    pieces: list[str] = []
    shown = 0
    for match, start, end in _fields(text):
        pieces += text[shown:start], _masked(text, match) if hide is None else hide(text[start:end])
        shown = end
    return "".join(pieces) + text[shown:] if pieces else text


def values_in(text: str) -> Iterator[tuple[str, str]]:
    """The (name, value) of every secret field, the value as it was written, quotes included."""
    for match, start, end in _fields(text):
        yield str(match[str(match.lastgroup)]) if match.lastgroup not in _AHEAD else "", text[start:end]


def _fields(text: str) -> Iterator[tuple[re.Match[str], int, int]]:
    """Every secret field that has a value: the match of its start, and the start and end of the value."""
    position = 0
    while (match := _NAME.search(text, position)) is not None:
        start = position = match.end()
        end = _end_of_value(text, match)
        if end > start:
            yield match, start, end
            position = end
        elif match.lastgroup in {"tag", "named"}:
            position = match.end(str(match.lastgroup))  # The text between the name and the value may hold fields, too.


def _masked(text: str, match: re.Match[str]) -> str:
    """The mask for a value; in quotes if the value has them, or if the text would not be JSON without them."""
    opening = _OPENING.match(text, match.end())
    if (opening is None and match["quoted"] is None) or match.lastgroup in {"part", *_AHEAD}:
        return MASK
    quote = opening[0] if opening else "".join(_QUOTE.findall(match[0])[-1])
    return f"{quote}{MASK}{quote}"


def _end_of_value(text: str, match: re.Match[str]) -> int:
    """The end of the value that starts after `match`; equal to its start if the value is not secret."""
    start, form = match.end(), str(match.lastgroup)
    if form in _AHEAD:
        return match.end(form)
    if form != "header" and not (is_sensitive(match[form]) or is_sensitive(_unescaped(match[form]))):
        return start
    if form in {"quoted", "named", "loose", "flow"}:
        return _end_of_json(text, start)
    if form in {"bare", "line"} and _has_quotes(text, match):
        return _end_of_quoted(text, start)
    return _end(_VALUES[form], text, start)


def _has_quotes(text: str, match: re.Match[str]) -> bool:
    """Whether the quotes after a name belong to its value."""
    # They do in `name="value"`, an attribute after a blank, and in `name: "value"`, a line. In `"…?a=1&token="` they
    # close the text around the query.
    if _OPENING.match(text, match.end()) is None:
        return False
    return match["line"] is not None or text[match.start() - 1 : match.start()].isspace()


def _end_of_json(text: str, start: int) -> int:
    if _OPENING.match(text, start):
        return _end_of_quoted(text, start)
    if text[start : start + 1] in {"[", "{"}:
        return _end_of_brackets(text, start)
    end = _end(_WORD, text, start)
    return start if text[start:end] in _NOTHING else end


def _end_of_quoted(text: str, start: int) -> int:
    """After the closing quote. In JSON within JSON, quotes have a backslash more than those around them:
    with k before the opening one, those of k + 2(k + 1)·m before a quote belong to what is quoted, and it closes.
    """
    opening = _OPENING.match(text, start)
    assert opening is not None, "the caller saw a quote"
    depth, quote = len(opening[1]), opening[2]
    for found in _QUOTE.finditer(text, opening.end()):
        if found[2] == quote and (len(found[1]) < depth or len(found[1]) % (2 * (depth + 1)) == depth):
            return found.end()
    return len(text)


def _end_of_brackets(text: str, start: int) -> int:
    depth, position = 0, start
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


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return start if found is None else found.end()


def _unescaped(name: str) -> str:
    r"""A name whose letters were written as \u0070, at any depth."""
    if "\\" not in name:
        return name
    single = re.sub(r"\\+u", r"\\u", name)
    try:
        return str(json.loads(f'"{single}"'))
    except ValueError:
        return name
