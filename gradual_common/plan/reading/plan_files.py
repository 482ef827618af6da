"""Finds the files that a plan names: relative to the file that names them, or to the working folder for options."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from gradual_common.language.document import Document, Path, value_at
from gradual_common.plan.reading.overrides import OPTIONS


@dataclass(slots=True)
class PlanFiles:
    """The files of one plan."""

    document: Document

    folder: FilePath
    """The plan's own."""

    includes: Mapping[str, FilePath]
    """The included files, by their names in marks."""

    found: dict[Path, FilePath] = field(default_factory=dict)
    """Every file that was asked for, by the path in the plan that names it."""

    _moved: set[Path] = field(default_factory=set)
    """The paths whose values are relative to the plan now."""

    def locate(self, path: Path, file: str) -> FilePath:
        """The file that is named at a path."""
        if path in self._moved:
            return self.found[path]
        origin = self.document.mark(path).file
        if origin in OPTIONS:
            self.found[path] = FilePath(file)
        elif origin in self.includes:
            self.found[path] = self.includes[origin].parent / file
            self._name_from_plan(path, file)
        else:
            self.found[path] = self.folder / file
        return self.found[path]

    def _name_from_plan(self, path: Path, file: str) -> None:
        """Write the file as the plan would: two included files may mean different files by one name."""
        named = FilePath(os.path.relpath(self.found[path], self.folder)).as_posix()
        place = path if value_at(self.document.root, path) == file else path[:-1]
        owner = value_at(self.document.root, place[:-1])
        if not FilePath(file).is_absolute() and value_at(self.document.root, place) == file:
            owner[place[-1]] = named
            self._moved.add(path)
