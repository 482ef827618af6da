"""The names that steps have in results.

A step's name is the one that is written, else the name of its action; a flow step's default is its key. Names that
repeat are numbered: `login`, `login#2`. But steps that are written with the same name and the same action, in one
section of one group, share it: they are one row in results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gradual_common.language.document import ONCE, SECTIONS, Path, list_at
from gradual_common.language.steps import STEP_LISTS, WrittenEntry, walk

UNNAMED = frozenset({"choose", "transaction", "parallel", "rendezvous", "sleep"})
"""Steps without a row of their own among the steps."""


def entries_of(group: dict[str, Any], path: Path = ()) -> Iterator[WrittenEntry]:
    """Every step of a group, section by section, each before what is below it."""
    for section in SECTIONS:
        yield from walk(list_at(group, section), (*path, section))


def name_steps(names: Iterable[str]) -> list[str]:
    """The names in order, made unique: `login`, `login#2`, …; a number never makes one that is in use."""
    names = list(names)
    taken = set(names)
    used: dict[str, None] = {}
    for name in names:
        given, number = name, 1
        while given in used or (number > 1 and given in taken):
            number += 1
            given = f"{name}#{number}"
        used[given] = None
    return list(used)


def names_of(entries: Iterable[WrittenEntry]) -> dict[Path, str]:
    """The name of every step that has one, by its path."""
    named = [entry for entry in entries if entry.kind not in UNNAMED]
    rows: dict[object, list[WrittenEntry]] = {}
    for entry in named:
        rows.setdefault(_row_of(entry), []).append(entry)
    unique = name_steps([_name_of(entries[0]) for entries in rows.values()])
    return {entry.path: name for name, entries in zip(unique, rows.values(), strict=True) for entry in entries}


def _row_of(entry: WrittenEntry) -> object:
    """What two steps have in common if they are one row."""
    if entry.action and _written_name(entry):
        section = next(part for part in entry.path if part in (*SECTIONS, *ONCE))
        return section, _written_name(entry), entry.kind, entry.action
    return entry.path


def _written_name(entry: WrittenEntry) -> str:
    name = entry.raw.get("name")
    return name if isinstance(name, str) else ""


def _name_of(entry: WrittenEntry) -> str:
    return _written_name(entry) or entry.action or entry.kind


def name_steps_of(group: dict[str, Any]) -> dict[str, Any]:
    """The group as written, each of its steps with the name that it has in results; what is wrong stays as it is."""
    named = dict(group)
    for section in SECTIONS:
        if list_at(group, section):
            named[section] = spell_out(group[section])
    _give_names(list(entries_of(named)))
    return named


def name_once_of(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan as written, each step of `setup` and `teardown` with the name that it has in results."""
    named = dict(plan)
    for section in ONCE:
        if list_at(plan, section):
            named[section] = spell_out(plan[section])
            _give_names(list(walk(named[section], (section,))))
    return named


def _give_names(entries: list[WrittenEntry]) -> None:
    names = names_of(entries)
    for entry in entries:
        written = entry.raw.get("name")
        if entry.path in names and (written is None or (isinstance(written, str) and written)):
            entry.raw["name"] = names[entry.path]


def spell_out(entries: Any) -> Any:
    """A copy of a list of steps, in which a bare string is {action: string}, on every level."""
    if not isinstance(entries, list):
        return entries
    return [{"action": entry} if isinstance(entry, str) else _spell_out_below(entry) for entry in entries]


def _spell_out_below(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {key: _spell_out_value(key, value) for key, value in entry.items()}


def _spell_out_value(key: str, value: Any) -> Any:
    if key == "choose" and isinstance(value, list):  # A branch is no step: a bare string there is a mistake.
        return [_spell_out_below(branch) for branch in value]
    return spell_out(value) if key in STEP_LISTS else value
