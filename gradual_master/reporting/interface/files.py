"""Files that reporters write: known to be writable before the load, and written in one step."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import ClassVar, Literal

from gradual_master.errors import ReporterError
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.results.summary.sections import Summary

DEVICES = (Path("/dev"), Path("/proc"))
"""Where names stand for what a process has open: a pipe of the shell (`/dev/fd/63`), the terminal, a device."""


class FileReporter(Reporter):
    """`-o NAME=PATH`: writes one file when the run is judged, replacing one that is there."""

    option: ClassVar[str]
    """Its NAME."""

    default: ClassVar[str] = ""
    """The PATH of `-o NAME` alone."""

    @property
    def path(self) -> Path:
        """Where the file goes."""
        return Path(self.arg or self.default)

    @staticmethod
    def render(summary: Summary) -> str:
        """What stands in the file."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make sure that the file can be written, before an hour of load was for nothing."""
        check_writable(self.path, f"-o {self.option}={self.arg or self.default}")

    def on_test_complete(self, summary: Summary) -> None:
        """Write the file, in one step."""
        write_whole(self.path, self.render(summary))
        self.written.append(self.path)


def check_writable(path: Path, option: str) -> None:
    """ReporterError when a file cannot be written, before an hour of load was for nothing; leaves nothing behind.

    A pipe is not opened for that: who reads it would take the closing for its end, or nobody reads yet.

    `option` is how it was asked for (`-o json=out.json`), for what is said of it.
    """
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
    """Write a file as UTF-8, its line ends as they are, in one step: nobody ever reads half of it.

    OSError, which names the file, when it cannot be written. A pipe or a device is written to as it is, and so is what
    this process has open (`/dev/stdout`), behind what stands there; a symbolic link keeps leading to the file. Half of
    a surrogate pair, which is no character, becomes a question mark.
    """
    try:
        if _can_be_replaced(path):
            _replace(path.resolve(), text)
        else:
            _write(path, "a", text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _can_be_replaced(path: Path) -> bool:
    """Whether it is a file of its own, or none yet."""
    is_file = path.is_file() or not path.exists()
    return is_file and not any(place in path.absolute().parents for place in DEVICES)


def _replace(path: Path, text: str) -> None:
    # A reader, or a run that is killed, must never leave half a report where a whole one was. So the text goes into a
    # draft, and `rename(2)` puts it in place in one step: who has the former file open goes on reading that, whoever
    # opens it later has the new one whole. The draft lies in the same folder, for a rename is that one step only within
    # a file system; its name begins with a dot, so that no pattern for reports finds it, and ends in the process's
    # number, so that two runs that write the same report do not write into each other's draft. Of a symbolic link
    # `write_whole` gives the file that it leads to, which is replaced; the link stays.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(draft, "w", text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, mode: Literal["a", "w"], text: str) -> None:
    with path.open(mode, encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
