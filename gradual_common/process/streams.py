"""Standard streams that end no command, whatever happens to the terminal, the pipe or the disk behind them.

A reader that has gone (`| head`), a stream that was closed (`>&-`), a full disk, a character that the encoding of the
terminal does not have: none of them is a reason to lose a run or its exit code. What cannot be written is dropped, the
first failure is kept, and the command says at the end what is missing. This is done once, below `sys.stdout` and
`sys.stderr`, because everything writes to them: rich, click, logging, reporters of the user's own.
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
"""The reader has gone, and misses nothing."""


class Outlet(io.FileIO):
    """A file descriptor that is written to until that fails; `error` is that failure, and the rest is dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.error: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """How many bytes are done with: written, or dropped."""
        try:
            while self.error is None:
                written: int | None = super().write(data)
                if written is not None:
                    return written
                # Another process on this terminal has made it non-blocking.
                select.select([], [self], [])
        except OSError as error:
            self.error = error
        return memoryview(data).nbytes


class StandardStreams:
    """The streams of a command, from its first line to its last."""

    def __enter__(self) -> StandardStreams:
        """Take the place of the streams that Python has made, but of none that something else stands in for."""
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
        """Write what is still buffered, and put the former streams back."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = self._former

    def lost_output(self) -> str | None:
        """Why results did not reach standard output; None when they did, or when their reader has gone."""
        sys.stdout.flush()
        error = None if self._output is None else self._output.error
        return None if error is None or error.errno in GONE else error.strerror or str(error)


def fill_descriptors() -> None:
    """Open `/dev/null` where a standard descriptor is closed: else the next file or socket would be given its number.

    What others then print, an agent or a library, would go into that.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is taken, and that is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def wrapped(outlet: Outlet, former: TextIO | None, errors: str) -> TextIO:
    """Text over an outlet, as the former stream had it; characters that its encoding does not have are replaced."""
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=encoding_of(former),
        errors=errors,
        line_buffering=bool(getattr(former, "line_buffering", False)),
        write_through=bool(getattr(former, "write_through", False)),
    )


def encoding_of(stream: TextIO | None) -> str:
    """The encoding of a stream; UTF-8 of one that says none."""
    return getattr(stream, "encoding", None) or "utf-8"


def is_utf8(stream: TextIO) -> bool:
    """Whether a stream can write every character."""
    return codecs.lookup(encoding_of(stream)).name == "utf-8"
