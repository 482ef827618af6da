"""The summaries on a command line: files, folders with files, and stored runs; every mistake names its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from gradual.errors import CompareRefusedError, NoJsonError
from gradual_common.plan.model.baselines import names_a_file
from gradual_common.secrecy.quoting import visible
from gradual_common.units import count
from gradual_master.comparing.reading import SummaryRun, read_run
from gradual_master.errors import SummaryRefusedError
from gradual_master.results.json_files import read_json
from gradual_master.results.summary.sections import SCHEMA

HINT = "`gradual run PLAN -o json=PATH` writes a summary"

Stored = Callable[[str], Any]
"""The summary of a stored run, by its id, the beginning of it, or `last`."""


def read_sides(*sides: Sequence[str], stored: Stored | None = None) -> tuple[list[SummaryRun], ...]:
    """The runs of each side, called by the names of their files or by their ids.

    A word without a slash and an ending that is neither a file nor a folder is a stored run. CompareRefusedError,
    SummaryRefusedError, or the error of `stored`.
    """
    listed = [[found for word in side for found in _named(word, stored)] for side in sides]
    names = Counter(path.name for side in listed for path, _ in side if path is not None)
    return tuple([read_run(document, _name_of(path, names)) for path, document in side] for side in listed)


def _named(word: str, stored: Stored | None) -> Iterable[tuple[Path | None, Any]]:
    if not word:  # A variable of a shell that is not set: as a path it would be this folder.
        raise CompareRefusedError("a RUN is empty; `gradual runs` lists the runs")
    if stored is None or names_a_file(word) or Path(word).exists():
        return _documents(Path(word))
    return [(None, stored(word))]


def _name_of(path: Path | None, names: Mapping[str, int]) -> str | None:
    if path is None:
        return None
    return visible(path.name if names[path.name] == 1 else str(path))


def _documents(path: Path) -> Iterator[tuple[Path, Any]]:
    """One file, or all summaries of a folder, by name; its other files are passed over."""
    if not path.is_dir():
        yield path, _read(path)
        return
    summaries, others, broken = _in_folder(path)
    if not summaries:
        total = len(others) + len(broken)
        there = f"none of its {count(total, '*.json file')} is one" if total else "it has no *.json"
        no_json = f" ({len(broken)} of them no JSON)" if broken else ""
        raise CompareRefusedError(f"{path}: no summary in this folder, {there}{no_json}; {HINT}")
    if broken:  # It may be a summary of which a part is missing: the comparison would be of fewer runs.
        names = ", ".join(visible(file.name) for file in broken)
        typer.echo(f"note: passed over in {path}, no JSON: {names}", err=True)
    yield from summaries


def _in_folder(path: Path) -> tuple[list[tuple[Path, Any]], list[Path], list[Path]]:
    """The summaries of a folder, its other JSON files, and what ends in `.json` but is no JSON."""
    summaries, others, broken = [], [], []
    for file in sorted(path.glob("*.json")):
        if not file.is_file():
            continue
        try:
            document = _read(file)
        except NoJsonError:
            broken.append(file)
            continue
        if _is_summary(document):
            summaries.append((file, document))
        else:
            others.append(file)
    return summaries, others, broken


def _is_summary(document: Any) -> bool:
    return isinstance(document, Mapping) and document.get("schema") == SCHEMA


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except OSError as error:
        raise CompareRefusedError(f"cannot read {path}: {error.strerror or error}") from error
    except SummaryRefusedError as error:
        raise NoJsonError(f"{error}; {HINT}") from error
