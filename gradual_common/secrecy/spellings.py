"""The ways in which one text is written within another: as it is, in JSON, in a URL, in HTML, in base64.

A pattern is made of a text character by character, so that one stretch may mix the ways. Letters and digits stand for
themselves everywhere: nobody has to write them otherwise. All repetitions are bounded, so that a search takes time in
proportion to the length of what is searched.
"""

from __future__ import annotations

import re
from base64 import b64encode

SHORTEST_CORE = 4
"""Characters of base64 below which a stretch would stand by chance in much else."""

BASE64_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_%"
"""And the percent sign, as some of them are written with it in a URL."""
_SLASHES = r"\\\\{0,7}"
"""Begins with one character, so that a search skips quickly to where it may begin."""
_PERCENT = "%(?:25){0,2}"
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_NAMED = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_BASE64 = {"+": rf"(?:[+\-]|{_PERCENT}2[Bb])", "/": rf"(?:\\{{0,8}}/|_|{_PERCENT}2[Ff])"}
_WORD_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[bfnrt]))"
_WORD_AFTER = r"(?![A-Za-z0-9])"


def spelled(text: str, *, as_word: bool = False) -> str:
    """A pattern for `text` in every spelling but base64; `as_word`: not where it is a part of a longer word."""
    letters = "".join(_letter(letter) for letter in text)
    return f"{_WORD_BEFORE}{letters}{_WORD_AFTER}" if as_word else letters


def encoded(text: str) -> str:
    """A pattern for what is fixed of `text` in base64, wherever in a longer text it began; empty where that is short.

    Three bytes are four characters: of what begins one or two bytes after a group of three, the characters at either
    end depend on the bytes beside it (RFC 4648, 4).
    """
    cores = {
        core for before in range(3) if len(core := _core(text.encode("utf-8", "replace"), before)) >= SHORTEST_CORE
    }
    return "|".join("".join(_BASE64.get(letter, letter) for letter in core) for core in sorted(cores))


def _core(data: bytes, before: int) -> str:
    first, last = -(-8 * before // 6), 8 * (before + len(data)) // 6
    return b64encode(b"\0" * before + data).decode("ascii")[first:last]


def _letter(letter: str) -> str:
    """One character: itself, by `%` of its UTF-8, by a backslash, by `&…;`."""
    if letter.isascii() and letter.isalnum():
        return letter
    forms = [re.escape(letter), *_in_url(letter), *_in_json(letter)]
    if letter in _HTML:
        forms.append(_HTML[letter])
    if letter.isascii():
        forms.append(f"&#(?:[xX]0{{0,4}}{_any_case(f'{ord(letter):x}')}|0{{0,4}}{ord(letter)});")
    return f"(?:{'|'.join(forms)})"


def _in_url(letter: str) -> list[str]:
    octets = (_any_case(f"{octet:02x}") for octet in letter.encode("utf-8", "replace"))
    return ["".join(_PERCENT + octet for octet in octets), *(["\\+"] if letter == " " else [])]


def _in_json(letter: str) -> list[str]:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    forms = ["".join(f"{_SLASHES}u{_any_case(units[place : place + 4])}" for place in range(0, len(units), 4))]
    if letter in '"/\\':
        forms.append(_SLASHES + re.escape(letter))
    if letter in _NAMED:
        forms.append(_SLASHES + _NAMED[letter])
    return forms


def _any_case(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
