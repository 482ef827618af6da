"""Makes the names of agents and hosts fit for display in logs, on terminals and in reports.

A name is for display only, so no name is a reason to refuse an agent: characters that cannot be shown are replaced, a
long name is cut, and an empty one gets a substitute.
"""

from __future__ import annotations

import re
from itertools import groupby

MAX_NAME_LENGTH = 64
ELLIPSIS = "…"
HIDDEN = "?"


def shown_name(name: str, otherwise: str = "agent") -> str:
    """The name on one printable line of at most `MAX_NAME_LENGTH` characters; `otherwise` when nothing is left.

    Each run of characters that cannot be printed becomes one `?`: control characters, marks that change the direction
    of text, bytes that are not UTF-8.

    >>> shown_name(" judge\\x1b[2J\\n")
    'judge?[2J'
    """
    head = name[: 16 * MAX_NAME_LENGTH]  # The rest is cut anyway: do not search a megabyte.
    pieces = ("".join(run) if printable else HIDDEN for printable, run in groupby(head, str.isprintable))
    return _cut(re.sub(r"\s+", " ", "".join(pieces)).strip(f" {HIDDEN}"), MAX_NAME_LENGTH) or otherwise


def numbered_names(name: str, count: int) -> list[str]:
    """NAME-1 … NAME-N, each no longer than a name may be."""
    return [_cut(name, MAX_NAME_LENGTH - len(f"-{number}")) + f"-{number}" for number in range(1, count + 1)]


class UniqueNames:
    """Gives every agent of a run a name that no other has: equal ones become `b`, `b#2`, `b#3`."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._last: dict[str, int] = {}

    def give(self, name: str) -> str:
        """The name itself, or with the next free number. Constant time, also for many equal names."""
        number = self._last.get(name, 0) + 1
        while (shown := name if number == 1 else f"{name}#{number}") in self._given:
            number += 1
        self._last[name] = number
        self._given.add(shown)
        return shown


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else name[: longest - 1] + ELLIPSIS
