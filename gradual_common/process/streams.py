"""Standard streams whose errors do not end a command.

A reader that has gone (`| head`), a closed stream (`>&-`), a full disk, a character that the encoding of the terminal
does not have: none of these may end a run or change its exit code by an exception. What cannot be written is dropped,
the first error is kept, and the command reports at the end what is missing. This is done once, below `sys.stdout` and
`sys.stderr`, because all code writes to them: rich, click, logging, the user's own reporters.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

GONE = (errno.EPIPE, errno.ECONNRESET)
"""Errors that mean: the reader has closed the stream, and wants no more."""


class Outlet(io.FileIO):
    """Writes to a file descriptor until the first error. That is kept in `error`, and the rest is dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.error: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, or drop, some bytes; return how many."""
        try:
            while self.error is None:
                written: int | None = super().write(data)
                if written is not None:
                    return written
                # None: the descriptor is non-blocking, set by another process on this terminal. Wait and try again.
                select.select([], [self], [])
        except OSError as error:
            self.error = error
        return memoryview(data).nbytes


class StandardStreams:
    """The streams of a command, from its first line to its last."""

    def __enter__(self) -> StandardStreams:
        """Replace the streams of Python itself; a stream that other code has replaced (a test, a debugger) is kept."""
        fill_descriptors()
        self._former = sys.stdin, sys.stdout, sys.stderr
        if sys.stdin is None:
            sys.stdin = open(os.devnull, encoding="utf-8")
        self._output = Outlet(1) if sys.stdout is sys.__stdout__ else None
        if self._output is not None:
            sys.stdout = wrapped(self._output, sys.stdout, "replace")
        if sys.stderr is sys.__stderr__:
            sys.stderr = wrapped(Outlet(2), sys.stderr, "backslashreplace")
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is still buffered, and restore the former streams."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = self._former

    def lost_output(self) -> str | None:
        """Why results were not written to standard output; None if they were, or if the reader has closed it."""
        sys.stdout.flush()
        error = None if self._output is None else self._output.error
        return None if error is None or error.errno in GONE else error.strerror or str(error)


def fill_descriptors() -> None:
    """Open `/dev/null` for each closed standard descriptor.

    Else the next file or socket would get its number, and output of libraries and child processes would go into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # `open` returns the lowest free number, which is this one: those below are open by now.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def wrapped(outlet: Outlet, former: TextIO | None, errors: str) -> TextIO:
    """A text stream over an outlet, with the settings of the former stream; unknown characters are replaced."""
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=encoding_of(former),
        errors=errors,
        line_buffering=bool(getattr(former, "line_buffering", False)),
        write_through=bool(getattr(former, "write_through", False)),
    )


def encoding_of(stream: TextIO | None) -> str:
    """The encoding of a stream; UTF-8 if it has none."""
    return getattr(stream, "encoding", None) or "utf-8"


def is_utf8(stream: TextIO) -> bool:
    """Whether a stream can write every character."""
    return codecs.lookup(encoding_of(stream)).name == "utf-8"
