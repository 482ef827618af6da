"""The terminal: one thread does all writing, from entering the alternate screen to leaving it.

Why a thread. A write to a terminal can block for any time: Ctrl-S, a slow connection, a paused tmux. The reporter's own
thread must not wait for it: intervals and news would fill its queue and be dropped, and the end of the run would wait
too. So the reporter only changes the state and sets an event. Only this thread blocks, and `stop` waits for it at most
`END_TIMEOUT_S`. One thread writes everything, so that two drawings never mix and the screen is left exactly once.

When it draws: after a change, but at most every `POLL_S`; when the terminal's size has changed; and once per second in
any case, for the clock. It polls the size and has no handler of SIGWINCH: only the main thread can have signal
handlers, and there asyncio has them. An exception while drawing is kept; the reporter raises it with the next interval,
and the run goes on without the reporter.

Measured as CPU time on one core of a busy 2-core machine, with 8 groups, 20 agents and 10 objectives: a drawing takes
4 ms at 80×24 (2.6 KB to the terminal) and 12 ms at 200×60 (14 KB), one or two of them per second; an interval takes
0.24 ms to add, and 10 ms more where the table of steps is shown.
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
    """Shows the lines that `compose(width, height)` returns, on the alternate screen of the terminal."""

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
        """Draw soon: the state has changed."""
        self._has_changed.set()

    def stop(self) -> None:
        """Leave the alternate screen; when this returns, the terminal is restored.

        If the terminal blocks, this returns after `END_TIMEOUT_S`.
        """
        self._is_over.set()
        self._thread.join(END_TIMEOUT_S)
        if self._thread.is_alive():
            structlog.get_logger(__name__).warning("the terminal does not accept output")

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
        """Wait until there is a reason to draw."""
        due = time.monotonic() + DRAW_EVERY_S
        while not self._is_over.wait(POLL_S):
            if self._has_changed.is_set() or terminal_size(self._console) != self._size or time.monotonic() >= due:
                return


def terminal_size(console: Console) -> ConsoleDimensions:
    """The size now. Rich would read COLUMNS and LINES first, which do not change when the window is resized."""
    try:
        size = os.get_terminal_size(console.file.fileno())
    except OSError:
        return console.size
    return ConsoleDimensions(size.columns, size.lines) if size.columns and size.lines else console.size
