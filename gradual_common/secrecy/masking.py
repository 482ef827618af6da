"""Secrets are shown as *** wherever they occur, in every way of writing them.

Two kinds of values are known: the secrets that the plan declares, and the credentials that `credentials` finds in it. A
value that is not known is recognised by its field's name (`field_names`) or by its own form (`token_patterns`).

A value may be written as it is, in JSON, in a URL, in HTML or in base64. Its pattern is built character by character,
so that one text may mix these spellings. Letters and digits are the same in all of them but base64. All repetitions are
bounded, so that a search takes time in proportion to the length of the text.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from gradual_common.secrecy.field_names import MASK, hide_fields, is_sensitive
from gradual_common.secrecy.token_patterns import hide_tokens

MIN_CREDENTIAL_LENGTH = 4
"""Characters. A shorter value occurs by chance in much other text, so it cannot be masked."""

_WEAK = re.compile(r"[a-z]{1,7}|[A-Z]{1,7}|[0-9]{1,5}")
"""A word or a number that is often not a secret: masked as a whole word only, not within a longer word."""

MIN_BASE64_LENGTH = 4
"""Characters of base64. A shorter stretch occurs by chance in much other text."""

BASE64_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_%"
"""Both alphabets, and the percent sign: in a URL `+`, `/` and `=` are written with it."""

_SLASHES = r"\\\\{0,7}"
"""One fixed character comes first: the search then skips quickly to where a match may start."""

_PERCENT = "%(?:25){0,2}"
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_NAMED = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_BASE64 = {"+": rf"(?:[+\-]|{_PERCENT}2[Bb])", "/": rf"(?:\\{{0,8}}/|_|{_PERCENT}2[Ff])"}
_WORD_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[bfnrt]))"
_WORD_AFTER = r"(?![A-Za-z0-9])"

_USER_INFORMATION = re.compile(r"""://[^\s/?#"'<>\\]+@""")
_LOOSE_USER = re.compile(r"""(?<![^\s/"'(=,])[^\s/:?#"'<>\\(=,@]+:[^\s/?#"'<>\\]+@(?=[\w\[-])""")
"""`user:password@host` without its `//`: an address that was mistyped, or that needs no scheme."""


_Known = tuple[re.Pattern[str], re.Pattern[str] | None]
"""How one value is recognised: as it is `spelled`, and `encoded` in base64."""


@lru_cache(maxsize=4096)
def _known(value: str, *, as_word: bool = False) -> _Known:
    """Compiled once: several masks of a process know the same values, and one exchange is much like the next."""
    in_base64 = encoded(value)
    return re.compile(spelled(value, as_word=as_word)), re.compile(in_base64) if in_base64 else None


class Mask:
    """Masks known values in any text: `secrets` always, `credentials` from 4 characters on."""

    def __init__(self, secrets: Iterable[str] = (), credentials: Iterable[str] = ()) -> None:
        strong = {value: _known(value) for value in secrets if value}
        weak = {
            value: _known(value, as_word=_WEAK.fullmatch(value) is not None)
            for value in dict.fromkeys(credentials)
            if len(value) >= MIN_CREDENTIAL_LENGTH and value not in strong
        }
        self._known = _longest_first({**strong, **weak})

    def also(self, secrets: Iterable[str] = (), credentials: Iterable[str] = ()) -> Mask:
        """A mask that hides these too."""
        mask = Mask(secrets, credentials)
        mask._known = _longest_first({**mask._known, **self._known})
        return mask

    def hide(self, text: str) -> str:
        """The text without the values."""
        # A value is rarely shown as it was declared: it is in JSON, in a URL, in a basic credential. The pattern of a
        # value accepts every spelling, letter by letter (`spelled`), since a text may mix them.
        #   The longest value first: a password may be a part of another, and if `abc` went first, `abcd` would leave
        # `***d`, which shows its end and its length.
        #   Base64 comes last, in a pass of its own. Three bytes are four of its letters, so a value has three spellings
        # there, and of each the first and last letters depend on the bytes next to it. The pattern has the letters
        # in between; the whole stretch around them is masked, since its ends are made of the value's bytes, too.
        #   A secret is masked everywhere. What was merely found in a plan may be as common as `admin` or
        # `1234`: hidden within longer words too, it would make nonsense of reports and give itself away by that. Such a
        # value is hidden as a word of its own only, and below four characters not at all.
        for in_letters, _ in self._known.values():
            text = in_letters.sub(MASK, text)
        for _, in_base64 in self._known.values():
            if in_base64 is not None and in_base64.search(text):
                text = _hide_encoded(in_base64, text)
        return text

    def hide_text(self, text: str) -> str:
        """The text without the known values and without everything that looks like a credential.

        Nothing is parsed: a text that is cut off, or that mixes formats, is masked as well.
        """
        return hide_credentials(self.hide(text))

    def hide_named(self, name: str, text: str) -> str:
        """The value of the field `name`: all of it is masked if the name is sensitive."""
        return MASK if is_sensitive(name) else self.hide_text(text)


def texts_in_values(value: Any) -> Iterator[str]:
    """Every text and number in a JSON value, as a text: what a mask has to know, if the value is a credential."""
    match value:
        case dict():
            for entry in value.values():
                yield from texts_in_values(entry)
        case list():
            for entry in value:
                yield from texts_in_values(entry)
        case str():
            yield value
        case bool() | None:
            return
        case _:
            yield str(value)


def _longest_first(known: dict[str, _Known]) -> dict[str, _Known]:
    """The values, the longest first: one value may be a part of another."""
    return {value: known[value] for value in sorted(known, key=len, reverse=True)}


def hide_credentials(text: str) -> str:
    """The text without what is a credential by its name or its form."""
    return hide_fields(hide_tokens(text))


def hide_addresses(text: str) -> str:
    """The text without user information in addresses, and without webhooks; names of fields do not matter."""
    return hide_tokens(_LOOSE_USER.sub(f"{MASK}@", _USER_INFORMATION.sub(f"://{MASK}@", text)))


def _hide_encoded(pattern: re.Pattern[str], text: str) -> str:
    """All of a stretch of base64 that holds the value: its ends, too, are made of the value's bytes."""
    pieces: list[str] = []
    shown = 0
    for match in pattern.finditer(text):
        if match.start() < shown:
            continue
        pieces += text[shown : match.start()].rstrip(BASE64_LETTERS), MASK
        shown = len(text) - len(text[match.end() :].lstrip(BASE64_LETTERS + "="))
    return "".join(pieces) + text[shown:]


def spelled(text: str, *, as_word: bool = False) -> str:
    """A pattern for `text` in every spelling but base64; `as_word`: not where it is a part of a longer word."""
    letters = "".join(_letter(letter) for letter in text)
    return f"{_WORD_BEFORE}{letters}{_WORD_AFTER}" if as_word else letters


def encoded(text: str) -> str:
    """A pattern for what is fixed of `text` in base64, wherever in a longer text it began; empty where that is short.

    Base64 writes three bytes as four characters. If `text` starts one or two bytes after a group of three, the first
    and last characters also depend on the bytes next to it (RFC 4648, 4): only those in between are fixed.
    """
    data = text.encode("utf-8", "replace")
    cores = {core for before in range(3) if len(core := _core(data, before)) >= MIN_BASE64_LENGTH}
    return "|".join("".join(_BASE64.get(letter, letter) for letter in core) for core in sorted(cores))


def _core(data: bytes, before: int) -> str:
    first, last = -(-8 * before // 6), 8 * (before + len(data)) // 6
    return b64encode(b"\0" * before + data).decode("ascii")[first:last]


def _letter(letter: str) -> str:
    """One character: itself, by `%` of its UTF-8, by a backslash, by `&…;`."""
    if letter.isascii() and letter.isalnum():
        return letter
    in_url = "".join(f"{_PERCENT}{_any_case(f'{octet:02x}')}" for octet in letter.encode("utf-8", "replace"))
    forms = [re.escape(letter), in_url, *(["\\+"] if letter == " " else []), *_in_json(letter)]
    if letter in _HTML:
        forms.append(_HTML[letter])
    if letter.isascii():
        forms.append(f"&#(?:[xX]0{{0,4}}{_any_case(f'{ord(letter):x}')}|0{{0,4}}{ord(letter)});")
    return f"(?:{'|'.join(forms)})"


def _in_json(letter: str) -> list[str]:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    forms = ["".join(f"{_SLASHES}u{_any_case(units[start : start + 4])}" for start in range(0, len(units), 4))]
    if letter in '"/\\':
        forms.append(_SLASHES + re.escape(letter))
    if letter in _NAMED:
        forms.append(_SLASHES + _NAMED[letter])
    return forms


def _any_case(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
