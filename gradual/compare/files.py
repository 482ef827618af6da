"""The summaries on a command line: files, folders with files, and stored runs; every mistake names its file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradual.errors import CompareRefusedError
from gradual_common.plan.model.baselines import names_a_file
from gradual_common.secrecy.quoting import visible
from gradual_master.comparing.reading import SummaryRun, read_run
from gradual_master.results.summary.sections import SCHEMA

HINT = "`gradual run PLAN -o json=PATH` writes a summary"
MAX_BYTES = 256 << 20
"""Of one file: the summary of a day with a thousand steps has a tenth of it."""


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
    """One file, or all summaries of a folder, by name; other JSON files of a folder are passed over."""
    if not path.is_dir():
        yield path, _read(path)
        return
    found = [(file, _read(file)) for file in sorted(path.glob("*.json")) if file.is_file()]
    summaries = [(file, document) for file, document in found if _is_summary(document)]
    if not summaries:
        there = f"none of its {len(found)} JSON files is one" if found else "it has no *.json"
        raise CompareRefusedError(f"{path}: no summary in this folder, {there}; {HINT}")
    yield from summaries


def _is_summary(document: Any) -> bool:
    return isinstance(document, Mapping) and document.get("schema") == SCHEMA


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CompareRefusedError(f"{path} is larger than {MAX_BYTES >> 20} MB: no summary is; {HINT}")
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise CompareRefusedError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise CompareRefusedError(f"{path} is not UTF-8 (byte {error.start}); {HINT}") from error
    except (ValueError, RecursionError) as error:
        raise CompareRefusedError(f"{path} is no JSON: {error}; {HINT}") from error
