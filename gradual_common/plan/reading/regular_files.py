"""Reads the files of a plan. Only regular files: a named pipe may never have a writer, and a device may have no end."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_GIVEN = re.compile(r"/dev/(stdin|fd/\d+)|/proc/(self|\d+)/fd/\d+")
"""What the shell has opened for this process: standard input, or the pipe of `<(command)`."""


class TooLargeError(ValueError):
    """A file has more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the file has more than {limit >> 20} MiB, the limit for such a file")


def read_regular(path: Path, limit: int | None = None, *, may_be_given: bool = False) -> bytes:
    """The content of a file of at most `limit` bytes, which is not read if it has more.

    `may_be_given`: also what the shell has opened for this process (`/dev/stdin`, `/dev/fd/63`).
    Raises OSError for what cannot be read or is no regular file, and TooLargeError.
    """
    check_regular(path, may_be_given=may_be_given)
    with path.open("rb") as file:
        if limit is not None and os.fstat(file.fileno()).st_size > limit:
            raise TooLargeError(limit)
        content = file.read(-1 if limit is None else limit + 1)
    if limit is not None and len(content) > limit:  # A pipe has no size before it is read.
        raise TooLargeError(limit)
    return content


def check_regular(path: Path, *, may_be_given: bool = False) -> None:
    """OSError for what is no regular file, before it is opened: to open a pipe is to wait, and a device may act."""
    mode = _mode(path)
    kind = _KINDS.get(stat.S_IFMT(mode))
    if kind is None:
        return  # A regular file; or a folder, which cannot be read, as the system says itself.
    if may_be_given and is_given(path) and (kind != "a device" or _is_terminal(path)):
        return
    raise OSError(errno.EINVAL, f"it is {kind}; only regular files are read, so write its content into one")


def is_given(path: Path) -> bool:
    """Whether it names what the shell has opened for this process: it has no folder of its own."""
    return _GIVEN.fullmatch(os.path.abspath(path)) is not None


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except ValueError as error:  # A NUL in the name.
        raise OSError(errno.EINVAL, str(error)) from error


def _is_terminal(path: Path) -> bool:
    """Whether someone may type the content. To open a descriptor of our own again does nothing to it."""
    with path.open("rb") as file:
        return file.isatty()
