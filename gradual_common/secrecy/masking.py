"""Secrets are shown as *** wherever they turn up, in whatever way they are written.

What the plan declares as a secret is known by its value; so is every other credential that `credentials` finds. Of what
nobody knows the name of its field tells (`field_names`), or its own form (`token_forms`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from gradual_common.secrecy.field_names import MASK, conceals, hide_fields
from gradual_common.secrecy.spellings import BASE64_LETTERS, encoded, spelled
from gradual_common.secrecy.token_forms import hide_tokens

__all__ = ["MASK", "Mask", "conceals", "hide_credentials"]

SHORTEST = 4
"""Characters of a credential that is masked wherever it stands; a shorter one stands by chance in much else."""

_WEAK = re.compile(r"[a-z]{1,7}|[A-Z]{1,7}|[0-9]{1,5}")
"""A word or a number that a plan may well hold elsewhere: hidden where it stands alone, not within a longer word."""

_USER_INFORMATION = re.compile(r"""://[^\s/?#"'<>\\]+@""")
_LOOSE_USER = re.compile(r"""(?<![^\s/"'(=,])[^\s/:?#"'<>\\(=,@]+:[^\s/?#"'<>\\]+@(?=[\w\[-])""")
"""`user:password@host` without its `//`: an address that was mistyped, or that needs no scheme."""


@dataclass(frozen=True, slots=True)
class _Known:
    """How one value is recognised."""

    spelled: re.Pattern[str]
    encoded: re.Pattern[str] | None


@lru_cache(maxsize=4096)
def _known(value: str, *, as_word: bool = False) -> _Known:
    """Compiled once: several masks of a process know the same values, and one exchange is much like the next."""
    in_base64 = encoded(value)
    return _Known(re.compile(spelled(value, as_word=as_word)), re.compile(in_base64) if in_base64 else None)


class Mask:
    """Masks known values in any text: `secrets` always, `credentials` from 4 characters on."""

    def __init__(self, secrets: Iterable[str] = (), credentials: Iterable[str] = ()) -> None:
        strong = {value: _known(value) for value in secrets if value}
        weak = {
            value: _known(value, as_word=_WEAK.fullmatch(value) is not None)
            for value in dict.fromkeys(credentials)
            if len(value) >= SHORTEST and value not in strong
        }
        self._known = _longest_first({**strong, **weak})

    def also(self, secrets: Iterable[str] = (), credentials: Iterable[str] = ()) -> Mask:
        """A mask that hides these too."""
        mask = Mask(secrets, credentials)
        mask._known = _longest_first({**mask._known, **self._known})
        return mask

    def hide(self, text: str) -> str:
        """The text without the values."""
        # A value is rarely shown as it was declared: it stands in JSON, in a URL, in a basic credential. Each value is
        # one pattern that takes every spelling, letter by letter (`spellings`), since a text may mix them.
        #   The longest value first: a password may be a part of another, and if `abc` went first, `abcd` would leave
        # `***d`, which shows its end and its length.
        #   Base64 comes last, in a pass of its own. Three bytes are four of its letters, so a value has three spellings
        # there, and of each the first and last letters depend on what stands beside it. The pattern holds those in
        # between; the stretch around them is hidden whole, since its ends are made of the value's bytes, too.
        #   A secret is hidden wherever it stands. What was merely found in a plan may be as common as `admin` or
        # `1234`: hidden within longer words too, it would make nonsense of reports and give itself away by that. Such a
        # value is hidden as a word of its own only, and below four characters not at all.
        for known in self._known.values():
            text = known.spelled.sub(MASK, text)
        for known in self._known.values():
            if known.encoded is not None and known.encoded.search(text):
                text = _hide_encoded(known.encoded, text)
        return text

    def hide_text(self, text: str) -> str:
        """What was written, sent or received: without the values, and without whatever tells that it is a credential.

        Fields are recognised where they stand, so that a text which is cut off in the middle, or is a little of
        everything, is no less masked.
        """
        return hide_credentials(self.hide(text))

    def hide_named(self, name: str, text: str) -> str:
        """A value that stands beside its name: all of it where the name tells."""
        return MASK if conceals(name) else self.hide_text(text)


def _longest_first(known: dict[str, _Known]) -> dict[str, _Known]:
    """As one value may lie within another."""
    return {value: known[value] for value in sorted(known, key=len, reverse=True)}


def hide_credentials(text: str) -> str:
    """The text without what tells by its name or its form that it is a credential."""
    return hide_fields(hide_tokens(text))


def hide_addresses(text: str) -> str:
    """The text without user information and webhooks, whatever names stand in it."""
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
