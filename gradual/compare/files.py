"""The summaries on a command line: files, and folders with files; every mistake names its file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradual.errors import CompareRefusedError
from gradual_common.secrecy.quoting import visible
from gradual_master.comparing.reading import SummaryRun, read_run
from gradual_master.results.summary.sections import SCHEMA

HINT = "`gradual run PLAN -o json=PATH` writes a summary"
MAX_BYTES = 256 << 20
"""Of one file: the summary of a day with a thousand steps has a tenth of it."""


def read_sides(*sides: Sequence[str]) -> tuple[list[SummaryRun], ...]:
    """The runs of each side, called by the names of their files; CompareRefusedError or SummaryRefusedError."""
    listed = [[found for word in side for found in _documents(Path(word))] for side in sides]
    names = Counter(path.name for side in listed for path, _ in side)
    return tuple(
        [read_run(document, visible(path.name if names[path.name] == 1 else str(path))) for path, document in side]
        for side in listed
    )


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
