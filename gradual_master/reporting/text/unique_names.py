"""Names that tell rows apart where a format allows each name once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator


def distinct(names: Iterable[str]) -> Iterator[str]:
    """The names in order; one that was there before gets a number: a, b, a (2)."""
    seen: Counter[str] = Counter()
    given: set[str] = set()
    for name in names:
        candidate = name
        while candidate in given:
            seen[name] += 1
            candidate = f"{name} ({seen[name] + 1})"
        given.add(candidate)
        yield candidate
