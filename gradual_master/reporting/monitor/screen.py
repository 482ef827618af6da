"""The terminal: one thread of its own that alone writes to it, from entering the alternate screen to leaving it.

Why a thread. A terminal can stop taking what is written, for as long as it likes: Ctrl-S, a slow connection, a paused
tmux. The reporter's own thread must not wait for that, for intervals and news would pile up behind it and be dropped,
and the run's end would wait too. So the reporter only changes the state and sets an event; what blocks is this thread,
and it is given up at the end after `END_TIMEOUT_S`. One thread does all writing, entering and leaving the alternate
screen too, so that no two drawings mix and the screen is left exactly once, however the loop ends. It draws when
something has changed, but at most every `POLL_S`, however fast news come; when the terminal has another size; and once
a second in any case, so that the clock runs on. It reads the size itself, and has no handler of SIGWINCH: signals are
asyncio's and the main thread's. An exception while drawing is kept for the reporter, which raises it where the next
interval comes in: it is the reporter that is then left out, not the run.

Measured as CPU time on one core of a busy 2-core machine, with 8 groups, 20 agents and 10 objectives: a drawing takes
4 ms at 80×24 (2.6 KB to the terminal) and 12 ms at 200×60 (14 KB), one or two of them a second; an interval 0.24 ms to
take in, and 10 ms more where the table of steps is shown.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

import structlog
from rich.console import Console, ConsoleDimensions
from rich.live import Live
from rich.text import Text

from gradual_master.reporting.monitor.lines import Page

POLL_S = 0.2
DRAW_EVERY_S = 1.0
END_TIMEOUT_S = 3.0


class Screen:
    """Shows what `compose(width, height)` makes, on the alternate screen of `console`'s terminal."""

    def __init__(self, console: Console, compose: Callable[[int, int], Sequence[Text]]) -> None:
        self._console = console
        self._compose = compose
        self._has_changed = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self.failure: Exception | None = None

    def start(self) -> None:
        """Enter the alternate screen and draw."""
        self._thread.start()

    def notify(self) -> None:
        """There is something new to show."""
        self._has_changed.set()

    def stop(self) -> None:
        """Leave the alternate screen; when this returns the terminal is as it was.

        A terminal that takes nothing is given up after `END_TIMEOUT_S`.
        """
        self._is_over.set()
        self._thread.join(END_TIMEOUT_S)
        if self._thread.is_alive():
            structlog.get_logger(__name__).warning("the terminal does not take what is written to it")

    def _run(self) -> None:
        live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        try:
            with live:
                while not self._is_over.is_set():
                    self._draw(live)
                    self._await_next()
        except Exception as failure:
            self.failure = failure

    def _draw(self, live: Live) -> None:
        self._has_changed.clear()
        size = self._size = self._console.size = terminal_size(self._console)
        live.update(Page(self._compose(size.width, size.height)), refresh=True)

    def _await_next(self) -> None:
        """Until there is a reason to draw."""
        due = time.monotonic() + DRAW_EVERY_S
        while not self._is_over.wait(POLL_S):
            if self._has_changed.is_set() or terminal_size(self._console) != self._size or time.monotonic() >= due:
                return


def terminal_size(console: Console) -> ConsoleDimensions:
    """As the terminal says. COLUMNS and LINES, which rich asks first, are of the process' start."""
    try:
        size = os.get_terminal_size(console.file.fileno())
    except OSError:
        return console.size
    return ConsoleDimensions(size.columns, size.lines) if size.columns and size.lines else console.size
