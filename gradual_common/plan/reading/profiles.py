"""`profiles:`: changes of a plan under a name. `--profile NAME` merges one of them into the plan.

Mappings are merged key by key, groups and phases entry by entry, by their names. Anything else, other lists too,
replaces what the plan has.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from gradual_common.errors import Problem
from gradual_common.language.document import Document, Path, mapping_at
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.schedule.ramps.parsing import RAMP_KEYS

PROFILES = "profiles"
OPTION = "--profile"
BY_NAME: tuple[Path, ...] = (("users",), ("config", "phases"))
"""The lists that are merged entry by entry."""

FOR_THE_FILE = ("include", PROFILES)
"""Keys that a profile, and an option, cannot change."""

Profiles = dict[str, dict[str, Any]]


def take_profiles(document: Document) -> Profiles:
    """Take the profiles out of the plan; reports what is no profile."""
    written = document.root.pop(PROFILES, None)
    if written is not None and not isinstance(written, dict):
        document.report((PROFILES,), f"a mapping of profiles is expected; found {kind_of(written)}")
    profiles: Profiles = {}
    for name, changes in (written if isinstance(written, dict) else {}).items():
        if not isinstance(changes, dict):
            document.report((PROFILES, name), f"a mapping of changes is expected; found {kind_of(changes)}")
            continue
        for key in FOR_THE_FILE:
            if key in changes:
                document.report((PROFILES, name, key), f"a profile cannot hold {key}")
        profiles[name] = {key: value for key, value in changes.items() if key not in FOR_THE_FILE}
    return profiles


def apply_profile(document: Document, profiles: Profiles, name: str) -> None:
    """Merge a profile into the plan; a problem if there is none of that name."""
    if name not in profiles:
        hint = nearest(name, profiles) or (f"there are: {listed(profiles)}" if profiles else "the plan has no profiles")
        document.problems.append(Problem(f"there is no profile {name!r}", "", OPTION, None, hint))
        return
    _Merge(document, (PROFILES, name)).merge((), document.root, profiles[name], ())


def with_profile(document: Document, profiles: Profiles, name: str) -> Document:
    """A copy of the plan with a profile, to look for mistakes in it."""
    changed = Document(copy.deepcopy(document.root), document.name, dict(document.marks))
    apply_profile(changed, profiles, name)
    return changed


class _Merge:
    """Merges the values below `source`, a path of the document as it was written, into the plan."""

    def __init__(self, document: Document, source: Path) -> None:
        self._document = document
        self._source = source
        # Values that are put in have other marks later on, so the marks of the profile are looked up before.
        size, profile = len(source), str(source[-1])
        self._of_profile = replace(document.mark(source), profile=profile)
        self._marks = {
            path[size:]: replace(mark, profile=profile)
            for path, mark in document.marks.items()
            if path[:size] == source
        }

    def merge(self, path: Path, owner: dict[str, Any], changes: dict[str, Any], written: Path) -> None:
        """Change the mapping at `path`; `written`: where in the profile its changes are."""
        self._drop_other_ramp(owner, changes)
        for key, value in changes.items():
            self._merge_value((*path, key), owner, key, value, (*written, key))

    def _merge_value(self, path: Path, owner: Any, key: str | int, value: Any, written: Path) -> None:
        old = owner[key] if isinstance(key, int) else owner.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            self.merge(path, old, value, written)
        elif path in BY_NAME and _are_named(old) and _are_named(value):
            self._merge_entries(path, old, value, written)
        else:
            owner[key] = value
            self._copy_marks(path, written)

    def _merge_entries(self, path: Path, old: list[Any], new: list[Any], written: Path) -> None:
        """Change the entries of these names; others come last."""
        for number, entry in enumerate(new):
            names = [known["name"] for known in old]
            if entry["name"] in names:
                place = names.index(entry["name"])
                self.merge((*path, place), old[place], entry, (*written, number))
            else:
                old.append(entry)
                self._copy_marks((*path, len(old) - 1), (*written, number))

    def _drop_other_ramp(self, owner: dict[str, Any], changes: dict[str, Any]) -> None:
        """A ramp under another key, or of another strategy, replaces the one in the file."""
        given = [key for key in RAMP_KEYS if key in changes]
        if not given:
            return
        strategy = mapping_at(changes, given[0]).get("strategy")
        is_part = given == [key for key in RAMP_KEYS if key in owner] and isinstance(changes[given[0]], dict)
        if not is_part or strategy not in (None, mapping_at(owner, given[0]).get("strategy")):
            for key in RAMP_KEYS:
                owner.pop(key, None)

    def _copy_marks(self, path: Path, written: Path) -> None:
        marks, size = self._document.marks, len(written)
        for known in [known for known in marks if known[: len(path)] == path]:
            del marks[known]
        marks[path] = self._of_profile  # A plan that is no text has no marks, but the path of a mistake is known.
        marks |= {(*path, *known[size:]): mark for known, mark in self._marks.items() if known[:size] == written}


def _are_named(value: Any) -> bool:
    """Whether it is a list of mappings that all have a name."""
    return isinstance(value, list) and bool(value) and all(isinstance(mapping_at(e).get("name"), str) for e in value)
