"""`include:`: the actions, services and data of other files, merged into the plan.

A file is read once, however often it is named. Each value keeps the mark of its own file, and so its line in messages
and the folder that its relative paths start from.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from gradual_common.errors import PlanError
from gradual_common.language.document import Document, Path
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.plan.reading.yaml import read_document

INCLUDE = "include"
SHARED = ("actions", "services", "data")
"""What an included file may hold, besides `include`: mappings whose entries have names."""

ReadText = Callable[[FilePath], str]
"""The text of a file; PlanError if it cannot be read."""


@dataclass(slots=True)
class Includes:
    """The files that a plan includes, directly or not."""

    document: Document
    """The plan, into which they are merged."""

    read_text: ReadText

    files: dict[str, FilePath] = field(default_factory=dict)
    """By their names in marks, in the order in which they were read."""

    def merge(self, plan_file: FilePath) -> None:
        """Take `include` out of the plan, and merge what it names."""
        self._follow(self.document, plan_file, (plan_file.resolve(),))

    def _follow(self, including: Document, file: FilePath, chain: tuple[FilePath, ...]) -> None:
        """Merge the files that one document names; `chain`: the files that led to it, and its own."""
        for number, entry in enumerate(self._entries(including)):
            path: Path = (INCLUDE, number)
            if not isinstance(entry, str) or not entry or "${" in entry:
                hint = "variables are not put in here" if isinstance(entry, str) and entry else ""
                self._report(including, path, f"the name of a file is expected; found {kind_of(entry)}", hint)
                continue
            included = file.parent / entry
            if (resolved := included.resolve()) in chain:
                around = " → ".join(each.name for each in (*chain[chain.index(resolved) :], resolved))
                self._report(including, path, f"{entry} includes itself: {around}")
            elif resolved not in {known.resolve() for known in self.files.values()}:
                self._merge_file(including, path, included, (*chain, resolved))

    def _entries(self, document: Document) -> list[Any]:
        written = document.root.pop(INCLUDE, None)
        if written is None or isinstance(written, list):
            return written or []
        self._report(document, (INCLUDE,), f"a list of files is expected; found {kind_of(written)}")
        return []

    def _merge_file(self, including: Document, path: Path, file: FilePath, chain: tuple[FilePath, ...]) -> None:
        name = os.path.normpath(file)
        self.files[name] = file
        try:
            text = self.read_text(file)
        except PlanError as error:
            for problem in error.problems:
                self._report(including, path, f"{name}: {problem.message}", problem.hint)
            return
        found = read_document(text, name)
        self.document.problems += found.problems
        self._follow(found, file, chain)
        for section, entries in found.root.items():
            if section not in SHARED:
                hint = nearest(section, (*SHARED, INCLUDE)) or f"allowed: {listed([*SHARED, INCLUDE])}"
                self._report(found, (section,), f"an included file has no {section!r}", hint)
            elif not isinstance(entries, dict):
                self._report(found, (section,), f"a mapping is expected; found {kind_of(entries)}")
            else:
                self._merge_section(found, section, entries)

    def _merge_section(self, found: Document, section: str, entries: dict[str, Any]) -> None:
        """Add the entries of one section; each name is there once over all files."""
        own = self.document.root.setdefault(section, {})
        if not isinstance(own, dict):
            return  # It has the wrong shape, which is reported by the check of the shape.
        for name, value in entries.items():
            path: Path = (section, name)
            if name in own:
                first = self.document.mark(path)
                place = first.file if first.line is None else f"{first.file}, line {first.line}"
                self._report(found, path, f"{name!r} is in {section} twice; the other one is in {place}")
                continue
            own[name] = value
            self.document.marks |= {known: mark for known, mark in found.marks.items() if known[:2] == path}

    def _report(self, where: Document, path: Path, message: str, hint: str = "") -> None:
        self.document.problems.append(where.problem(path, message, hint))
