"""How much an object of ours holds: the entries of all containers that can be reached from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

CONTAINERS = (list, tuple, set, frozenset, deque)
OURS = "gradual_"
ELSEWHERE = ("Schedule", "Journal")
"""What is given, and what keeps decisions: looked at on its own."""


def size_of(root: Any) -> int:
    """Entries of every list, tuple, set, deque and dict in `root` and in what it refers to."""
    seen: set[int] = set()
    waiting = [root]
    size = 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            size += len(one)
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, CONTAINERS):
            size += len(one)
            waiting += one
        elif type(one).__module__.startswith(OURS) and type(one).__name__ not in ELSEWHERE:
            waiting += _attributes(one)
    return size


def _attributes(one: Any) -> Iterator[Any]:
    yield from getattr(one, "__dict__", {}).values()
    for kind in type(one).__mro__:
        slots = getattr(kind, "__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(one, name):
                yield getattr(one, name)
