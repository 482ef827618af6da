"""Writing a report to a file: what would fail is found before the load, and nobody ever reads half a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gradual_master.errors import ReporterError


def check_writable(path: Path, option: str) -> None:
    """ReporterError, naming the option as it was given, when the file could not be written; leaves nothing behind."""
    if path.is_dir():
        raise ReporterError(f"{option}: this is a folder; name a file in it")
    try:
        _try_writing(path)
    except OSError as error:
        raise ReporterError(f"{option}: cannot be written: {error.strerror}") from error


def _try_writing(path: Path) -> None:
    if path.exists():
        os.close(os.open(path, os.O_WRONLY))
    else:
        tempfile.TemporaryFile(dir=path.parent).close()


def write_text(path: Path, text: str) -> None:
    """Replace the file in one step; a pipe or a device is written to."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", newline="")
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8", newline="")
    draft.replace(path)
