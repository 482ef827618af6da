"""Output of this process while the screen is up: kept, and written once the terminal is its own again.

Log lines go to whatever `sys.stderr` is (`gradual_common.process.logs`), and so does what a reporter of the user's
prints. On the screen they would be torn apart and lost with it; here they wait, in order. Those that somebody should
see at once are told to the news panel by a handler of the standard library's root logger, without secrets.
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
"""Pieces of log output kept; of more, the last. What goes to standard output is results, and is kept whole."""

Listener = Callable[[Literal["warning", "error"], str], None]


class HeldOutput:
    """Stands in for `sys.stderr`, and for `sys.stdout` where that is a terminal too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: deque[tuple[TextIO, str, bool]] = deque()
        self._bounded = 0
        self._dropped = 0
        self._is_holding = False
        self._streams: dict[str, HeldStream] = {}

    def hold(self) -> None:
        """From now on nothing is written."""
        self._is_holding = True
        for name in ("stderr", "stdout"):
            stream = getattr(sys, name)
            if name == "stderr" or stream.isatty():
                self._streams[name] = HeldStream(self, stream, bounded=name == "stderr")
                setattr(sys, name, self._streams[name])

    def keep(self, stream: TextIO, text: str, *, bounded: bool) -> None:
        """Put away what is to be written to `stream`; who still writes here after the release is not held up."""
        with self._lock:
            if not self._is_holding:
                stream.write(text)
                return
            self._held.append((stream, text, bounded))
            self._bounded += bounded
            if self._bounded > MOST_LINES:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        place = next(place for place, (_, _, bounded) in enumerate(self._held) if bounded)
        del self._held[place]
        self._bounded -= 1
        self._dropped += 1

    def release(self) -> None:
        """Put the streams back and write what was kept, in the order in which it came."""
        for name, stand_in in self._streams.items():
            if getattr(sys, name) is stand_in:
                setattr(sys, name, stand_in.real)
        with self._lock:
            self._is_holding = False
            if self._dropped:
                sys.stderr.write(f"{self._dropped:,} earlier lines were dropped while the monitor was shown\n")
            while self._held:
                stream, text, _ = self._held.popleft()
                stream.write(text)
            self._bounded = self._dropped = 0
        for held in self._streams.values():
            held.real.flush()
        self._streams = {}


class HeldStream:
    """One of the streams: writing waits, all else is the real one's."""

    def __init__(self, held: HeldOutput, real: TextIO, *, bounded: bool) -> None:
        self.real = real
        self._held = held
        self._bounded = bounded

    def write(self, text: str) -> int:
        """Keep it."""
        self._held.keep(self.real, text, bounded=self._bounded)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Keep them."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is written yet."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class LogListener(logging.Handler):
    """Tells `listener` of warnings and errors, by their text alone. May be called from any thread."""

    def __init__(self, listener: Listener) -> None:
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

    def attach(self) -> None:
        """Listen."""
        logging.getLogger().addHandler(self)

    def detach(self) -> None:
        """Listen no longer."""
        logging.getLogger().removeHandler(self)
