"""Files that reporters write: known to be writable before the load, and written in one step."""

from __future__ import annotations

import errno
import os
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Literal

from gradual_master.errors import ReporterError
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.results.summary.sections import Summary

DEVICES = (Path("/dev"), Path("/proc"))
"""Folders whose names refer to open files: a pipe of the shell (`/dev/fd/63`), the terminal, a device."""


class FileReporter(Reporter, ABC):
    """`-o NAME=PATH`: writes one file when the run is judged, replacing an existing one."""

    option: ClassVar[str]
    """Its NAME."""

    default: ClassVar[str] = ""
    """The PATH of `-o NAME` alone; without one, `-o NAME` is a mistake."""

    @property
    def path(self) -> Path:
        """Where the file goes."""
        return Path(self.arg or self.default)

    @staticmethod
    @abstractmethod
    def render(summary: Summary) -> str:
        """The text of the file."""

    def prepare(self) -> None:
        """Check that the file can be written, before any load is generated."""
        if not (self.arg or self.default):
            raise ReporterError(f"the {self.option} reporter needs a file: -o {self.option}=PATH")
        check_writable(self.path, f"-o {self.option}={self.arg or self.default}")

    def on_test_complete(self, summary: Summary) -> None:
        """Write the file, in one step."""
        write_whole(self.path, self.render(summary))
        self.written.append(self.path)


def check_writable(path: Path, option: str) -> None:
    """Raise ReporterError when a file cannot be written; leaves no file.

    `option` is the command-line option (`-o json=out.json`), for the message.
    """
    # A pipe is not opened: its reader would take the close for the end of the report; without a reader, `open` blocks.
    if path.is_dir():
        raise ReporterError(f"{option}: this is a folder; name a file in it")
    try:
        if path.is_fifo():
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        elif path.exists():
            os.close(os.open(path, os.O_WRONLY))
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise ReporterError(f"{option}: cannot be written: {error.strerror}") from error


def write_whole(path: Path, text: str) -> None:
    """Write a file as UTF-8 in one step, without changing line ends: a reader never sees half of it.

    OSError with the file's name when it cannot be written. A pipe, a device or an open file (`/dev/stdout`) is appended
    to. A symbolic link stays, and the file that it leads to is replaced. A lone surrogate becomes a question mark.
    """
    try:
        if _can_be_replaced(path):
            _replace(path.resolve(), text)
        else:
            _write(path, "a", text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _can_be_replaced(path: Path) -> bool:
    """Whether it is a regular file outside of `DEVICES`, or does not exist yet."""
    is_file = path.is_file() or not path.exists()
    return is_file and not any(folder in path.absolute().parents for folder in DEVICES)


def _replace(path: Path, text: str) -> None:
    # A run that is killed must not leave half a report where a whole one was. So the text goes into a draft, and
    # `rename(2)` replaces the file in one step: a program that has the old file open keeps reading the old one.
    # - The draft is in the same folder, since a rename is atomic only within a file system.
    # - Its name starts with a dot, so that `*.json` does not find it.
    # - Its name ends in the process id, so that two runs that write the same report use different drafts.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(draft, "w", text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, mode: Literal["a", "w"], text: str) -> None:
    with path.open(mode, encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
