"""The steps of a behaviour as written: which kind each is, what it holds, and the name that it has in results.

Everything that goes through the steps of a plan uses `walk`, so that a new kind of step is described here only. The
checks read steps before they are validated, so each function copes with any value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradual_common.language.document import Path, list_at, mapping_at, texts_in

FLOW = (
    "repeat",
    "while",
    "if",
    "choose",
    "transaction",
    "parallel",
    "poll",
    "rendezvous",
    "sleep",
    "set",
    "push",
    "pop",
)
"""The keys of steps that are no actions."""

STEP_KEYS = ("action", *FLOW)
"""A step has one of these keys; it says what the step is."""

RANGE = re.compile(r"(\d+)\s*-\s*(\d+)")
"""A range of passes: `2-5`."""

POP_WAIT = "wait"
"""The key of `pop` that names no variable."""

STEP_LISTS = ("steps", "else", "parallel", "choose")
"""The keys below which steps, or branches of steps, are listed."""


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """A step as written, with its path."""

    path: Path
    kind: str
    """One of `STEP_KEYS`."""
    raw: dict[str, Any]
    """The step; a bare name of an action as {action: name}."""

    @property
    def action(self) -> str:
        """The action that it performs; "" for none."""
        named = self.raw if self.kind == "action" else mapping_at(short_poll(self.raw.get("poll")))
        action = named.get("action")
        return action if isinstance(action, str) and self.kind in {"action", "poll"} else ""


def as_mapping(entry: Any) -> dict[str, Any]:
    """A step as a mapping: a bare string is the name of an action; {} for what cannot be a step."""
    return {"action": entry} if isinstance(entry, str) else mapping_at(entry)


def short_poll(poll: Any) -> Any:
    """What a poll asks; a bare string is the name of an action."""
    return {"action": poll} if isinstance(poll, str) else poll


def kind_of_step(entry: Any) -> str | None:
    """The key that says what a step is; None where no key or more than one does."""
    keys = [key for key in STEP_KEYS if key in as_mapping(entry)]
    return keys[0] if len(keys) == 1 else None


def walk(entries: Any, path: Path) -> Iterator[WrittenEntry]:
    """Every step of a list and below it, in the order of the file."""
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        step, at = as_mapping(entry), (*path, number)
        if (kind := kind_of_step(entry)) is None:
            continue
        yield WrittenEntry(at, kind, step)
        for key in ("steps", "else", "parallel"):
            yield from walk(step.get(key), (*at, key))
        for branch, written in enumerate(list_at(step, "choose")):
            yield from walk(mapping_at(written).get("steps"), (*at, "choose", branch, "steps"))


def variables_of(entry: WrittenEntry) -> list[str]:
    """The names that a step sets."""
    return [
        name
        for key in ("set", "pop")
        for name in mapping_at(entry.raw, key)
        if isinstance(name, str) and (key, name) != ("pop", POP_WAIT)
    ]


def expressions_in(entry: WrittenEntry) -> Iterator[tuple[Path, str]]:
    """The path and text of every expression of a step: braces are not needed, and it is never rendered to text."""
    for key in ("condition", "while", "if", "until"):
        if isinstance(text := entry.raw.get(key), str):
            yield (*entry.path, key), text
    repeat = entry.raw.get("repeat")
    if isinstance(repeat, str) and not is_number_of_passes(repeat):
        yield (*entry.path, "repeat"), repeat


def templates_in(entry: WrittenEntry) -> Iterator[tuple[Path, str]]:
    """The path and text of every value of a step that may be a template."""
    for key in ("set", "push"):
        yield from texts_in(mapping_at(entry.raw, key), (*entry.path, key))


def is_number_of_passes(text: str) -> bool:
    """Whether `repeat` is a number or a range, and no expression."""
    return RANGE.fullmatch(text.strip()) is not None or text.strip().isdecimal()
