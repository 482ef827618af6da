"""Files that reporters write: known to be writable before the load, and written in one step."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gradual_master.errors import ReporterError


def check_writable(path: Path, option: str) -> None:
    """ReporterError when a file cannot be written, before an hour of load was for nothing; leaves nothing behind.

    `option` is how it was asked for (`-o json=out.json`), for what is said of it.
    """
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


def write_whole(path: Path, text: str) -> None:
    """Write a file as UTF-8, its line ends as they are, in one step: nobody ever reads half of it.

    OSError when it cannot be written; a pipe or a device is written to as it is.
    """
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", newline="")
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
