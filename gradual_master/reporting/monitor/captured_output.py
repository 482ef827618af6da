"""Output of this process while the screen is up: captured, and written once the terminal is its own again.

Why. The screen owns the terminal: a line that is written between two drawings tears it, and is lost when the screen is
left. But others write, from any thread: log lines go to whatever `sys.stderr` is at that moment
(`gradual_common.process.logs`), and so does what a reporter of the user's prints. So `sys.stderr`, and `sys.stdout`
where that is a terminal too, are replaced, not the descriptors: what a library in C or a child process writes passes
by, which is why agents' errors are relayed through `sys.stderr`. Both streams share one queue, because on a terminal
their order is what people read. Log output is bounded, the oldest goes first: a run of hours with a chatty library
must not grow. Results on standard output are kept whole: they were asked for. What still writes to the stand-in
after the release writes straight through it, so that nothing is lost after the end either.

Warnings and errors go to the news panel at once as well, by a handler of the standard
library's root logger, without secrets.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, TextIO

from gradual_common.process.logs import hide_secrets

MOST_LINES = 5000
"""Pieces of log output kept; of more, the last."""


class CapturedOutput:
    """Stands in for `sys.stderr`, and for `sys.stdout` where that is a terminal too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._captured: deque[tuple[TextIO, str, bool]] = deque()
        self._bounded = 0
        self._dropped = 0
        self._is_capturing = False
        self._streams: dict[str, CapturedStream] = {}

    def start(self) -> None:
        """From now on nothing is written to the terminal."""
        self._is_capturing = True
        for name in ("stderr", "stdout"):
            stream = getattr(sys, name)
            if name == "stderr" or stream.isatty():
                self._streams[name] = CapturedStream(self, stream, bounded=name == "stderr")
                setattr(sys, name, self._streams[name])

    def capture(self, stream: TextIO, text: str, *, bounded: bool) -> None:
        """Keep what is to be written to `stream`; after the release it is written at once."""
        with self._lock:
            if not self._is_capturing:
                stream.write(text)
                return
            self._captured.append((stream, text, bounded))
            self._bounded += bounded
            if self._bounded > MOST_LINES:
                del self._captured[next(place for place, entry in enumerate(self._captured) if entry[2])]
                self._bounded -= 1
                self._dropped += 1

    def release(self) -> None:
        """Put the streams back and write what was kept, in the order in which it came."""
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
    """One of the streams: writing waits, all else is the real one's."""

    def __init__(self, output: CapturedOutput, real: TextIO, *, bounded: bool) -> None:
        self.real = real
        self._output = output
        self._bounded = bounded

    def write(self, text: str) -> int:
        """Capture it."""
        self._output.capture(self.real, text, bounded=self._bounded)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Capture them."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is written yet."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class LogListener(logging.Handler):
    """Calls `listener` with warnings and errors, by their text alone; in whatever thread they are logged."""

    def __init__(self, listener: Callable[[Literal["warning", "error"], str], None]) -> None:
        super().__init__(logging.WARNING)
        self._listener = listener

    def emit(self, record: logging.LogRecord) -> None:
        """One line of the log; structlog's are mappings with the text as `event`."""
        try:
            text = str(record.msg.get("event", "")) if isinstance(record.msg, dict) else record.getMessage()
            self._listener("error" if record.levelno >= logging.ERROR else "warning", hide_secrets(text))
        except Exception:
            # As every handler of the standard library: a line that cannot be shown stops nothing.
            self.handleError(record)
