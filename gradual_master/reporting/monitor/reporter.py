"""`--monitor`: a full screen on the terminal while the run lasts; plain lines where there is no terminal."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Literal

from rich.console import Console
from rich.text import Text

from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.monitor.captured_output import CapturedOutput, LogListener
from gradual_master.reporting.monitor.layout import compose
from gradual_master.reporting.monitor.screen import Screen
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.progress.reporter import ProgressReporter
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

MAX_LOGGED_LINES = 50
"""Warnings and errors that wait for the next drawing; the oldest is dropped first."""


class MonitorReporter(Reporter):
    """Replaces `ProgressReporter`. The screen is shown from the start of the schedule to the summary, or to `close`.

    The state is shared with the screen's thread. A lock guards it: it is held while lines are made, but not while they
    are written, because a terminal can block a write for long. Log lines come from any thread, also from one that holds
    the lock; so they are put into a queue of their own (`_logged`), which the next drawing empties.
    """

    def __init__(self, schedule: Schedule, console: Console | None = None) -> None:
        super().__init__()
        # The stream itself, because `sys.stderr` is replaced while the screen is up. `force_terminal`: rich would take
        # FORCE_COLOR for a terminal, and draw the screen into a file.
        self._console = console or Console(file=sys.stderr, highlight=False, force_terminal=sys.stderr.isatty())
        self._state = MonitorState(schedule, time.monotonic)
        self._lock = threading.Lock()
        self._logged: deque[tuple[Literal["warning", "error"], str]] = deque(maxlen=MAX_LOGGED_LINES)
        self._listener = LogListener(lambda level, text: self._logged.append((level, text)))
        self._output = CapturedOutput()
        self._screen: Screen | None = None
        self._lines: ProgressReporter | None = None

    def on_test_start(self, run: RunFacts) -> None:
        """Show the screen; the schedule is about to start."""
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            plain = Console(file=self._console.file, width=self._console.width, highlight=False, force_terminal=False)
            self._lines = ProgressReporter(self._state.schedule, plain)
            self._lines.on_test_start(run)
            return
        self._state.run = run
        self._output.start()
        logging.getLogger().addHandler(self._listener)
        self._screen = Screen(self._console, self._compose)
        self._screen.start()

    def on_interval(self, interval: IntervalRecord) -> None:
        """Add the interval. Raise the error of a failed screen, so that the run goes on without this reporter."""
        if self._lines is not None:
            self._lines.on_interval(interval)
        if self._screen is None:
            return
        with self._lock:
            self._state.add(interval)
        self._screen.notify()
        if (failure := self._screen.failure) is not None:
            self.close()
            raise failure

    def on_schedule(self, schedule: Schedule) -> None:
        """Draw the level that a search has chosen."""
        if self._screen is not None:
            with self._lock:
                self._state.reschedule(schedule)

    def on_news(self, news: News) -> None:
        """Add the news."""
        if self._screen is not None:
            with self._lock:
                self._state.add_news(news)
            self._screen.notify()

    def on_test_complete(self, summary: Summary) -> None:
        """Leave the screen: the summary is printed next."""
        self.close()

    def close(self) -> None:
        """Restore the terminal, also after a failed run; then write what was captured."""
        screen, self._screen = self._screen, None
        if screen is not None:
            screen.stop()
            logging.getLogger().removeHandler(self._listener)
            self._output.release()
        if self._lines is not None:
            self._lines.close()

    def _compose(self, width: int, height: int) -> Sequence[Text]:
        with self._lock:
            while self._logged:
                self._state.add_log(*self._logged.popleft())
            return compose(self._state, width, height)
