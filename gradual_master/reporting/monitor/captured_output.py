"""Output of this process while the screen is up: captured, and written once the terminal is its own again.

Why. The screen owns the terminal: a line that is written between two drawings damages the picture, and it is lost when
the screen is left. But other code writes from any thread: log lines go to the current `sys.stderr`
(`gradual_common.process.logs`), and so does the output of a user's reporter. So:

- `sys.stderr` is replaced, and `sys.stdout` too if it is a terminal. The descriptors are not replaced: output of a C
  library or a child process is not captured, which is why agents' errors are relayed through `sys.stderr`.
- Both streams share one queue, because on a terminal the user reads them in one order.
- Log output is bounded, the oldest is dropped first: a run of hours with many log lines must not fill the memory.
  Results on standard output are never dropped.
- After the release the replaced streams write to the real ones at once, so that late output is not lost.

Warnings and errors are also shown in the news panel at once: by a handler of the root logger, with secrets masked.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, TextIO

from gradual_common.process.logs import hide_secrets

MAX_LOG_PIECES = 5000
"""Calls of `write` on standard error that are kept; the oldest is dropped first."""


class CapturedOutput:
    """Replaces `sys.stderr`, and `sys.stdout` too if it is a terminal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._captured: deque[tuple[TextIO, str, bool]] = deque()
        self._bounded = 0
        self._dropped = 0
        self._is_capturing = False
        self._streams: dict[str, CapturedStream] = {}

    def start(self) -> None:
        """Replace the streams: from now on nothing is written to the terminal."""
        self._is_capturing = True
        for name in ("stderr", "stdout"):
            stream = getattr(sys, name)
            if name == "stderr" or stream.isatty():
                self._streams[name] = CapturedStream(self, stream, bounded=name == "stderr")
                setattr(sys, name, self._streams[name])

    def capture(self, stream: TextIO, text: str, *, bounded: bool) -> None:
        """Keep `text` for `stream`; after the release, write it at once."""
        with self._lock:
            if not self._is_capturing:
                stream.write(text)
                return
            self._captured.append((stream, text, bounded))
            self._bounded += bounded
            if self._bounded > MAX_LOG_PIECES:
                # Not `popleft`: the oldest entry may be a result on standard output, which is kept.
                del self._captured[next(index for index, entry in enumerate(self._captured) if entry[2])]
                self._bounded -= 1
                self._dropped += 1

    def release(self) -> None:
        """Restore the streams and write what was kept, in the order in which it came."""
        for name, stand_in in self._streams.items():
            if getattr(sys, name) is stand_in:
                setattr(sys, name, stand_in.real)
        with self._lock:
            self._is_capturing = False
            if self._dropped:
                sys.stderr.write(f"{self._dropped:,} earlier lines were dropped while the monitor was shown\n")
            while self._captured:
                stream, text, _ = self._captured.popleft()
                stream.write(text)
            self._bounded = self._dropped = 0
        for stand_in in self._streams.values():
            stand_in.real.flush()
        self._streams = {}


class CapturedStream:
    """A replaced stream: writing is captured, every other attribute is that of the real stream."""

    def __init__(self, output: CapturedOutput, real: TextIO, *, bounded: bool) -> None:
        self.real = real
        self._output = output
        self._bounded = bounded

    def write(self, text: str) -> int:
        """Capture the text."""
        self._output.capture(self.real, text, bounded=self._bounded)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Capture the lines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Do nothing: captured text is written at the release."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class LogListener(logging.Handler):
    """Calls `listener` with level and text of each warning and error, in the thread that logs it."""

    def __init__(self, listener: Callable[[Literal["warning", "error"], str], None]) -> None:
        super().__init__(logging.WARNING)
        self._listener = listener

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one log line on; a record of structlog has a mapping as its message, with the text as `event`."""
        try:
            text = str(record.msg.get("event", "")) if isinstance(record.msg, dict) else record.getMessage()
            self._listener("error" if record.levelno >= logging.ERROR else "warning", hide_secrets(text))
        except Exception:
            # As every handler of the standard library does: a line that cannot be shown must not stop the program.
            self.handleError(record)
