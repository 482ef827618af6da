"""A reporter for the replay: what a terminal would show while the run goes on, and the message to a chat."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

from rich.console import Console

from gradual.reporting import BaseReporter
from gradual_master.reporting.monitor.layout import compose
from gradual_master.reporting.monitor.lines import Page
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.progress.reporter import ProgressReporter

SIZES = ((80, 24), (200, 60))
EVERY = 5
"""A screen is drawn after this many intervals."""


class Views(BaseReporter):
    """Keeps what it is told with the instants, and shows it once the summary has brought the schedule."""

    def __init__(self, arg=None) -> None:
        super().__init__(arg)
        self.told = []

    def on_test_start(self, run) -> None:
        self.told.append((time.monotonic(), "run", run))

    def on_interval(self, interval) -> None:
        self.told.append((time.monotonic(), "interval", interval))

    def on_news(self, news) -> None:
        self.told.append((time.monotonic(), "news", news))

    def on_test_complete(self, summary) -> None:
        schedule = summary.chronicle.schedule
        Path("monitor.ansi").write_text(self._screens(schedule), encoding="utf-8")
        Path("progress.ansi").write_text(self._progress(schedule, is_terminal=True), encoding="utf-8")
        Path("progress.txt").write_text(self._progress(schedule, is_terminal=False), encoding="utf-8")
        self.send_slack_notification(summary, os.environ["RECORDED_SLACK"])

    def _screens(self, schedule) -> str:
        clock = [0.0]
        state = MonitorState(schedule, lambda: clock[0])
        out, intervals = io.StringIO(), 0
        for at, kind, what in self.told:
            clock[0] = at
            match kind:
                case "run":
                    state.run = what
                case "interval":
                    state.add(what)
                    intervals += 1
                case "news":
                    state.add_news(what)
            if kind == "interval" and intervals % EVERY == 0:
                for width, height in SIZES:
                    console = console_of(out, width, height)
                    out.write(f"\n=== {intervals} intervals, {width}x{height}\n")
                    console.print(Page(compose(state, width, height)))
        return out.getvalue()

    def _progress(self, schedule, is_terminal) -> str:
        out = io.StringIO()
        reporter = ProgressReporter(schedule, console_of(out, 100, 40, is_terminal))
        for _, kind, what in self.told:
            match kind:
                case "run":
                    reporter.on_test_start(what)
                case "interval":
                    reporter.on_interval(what)
                case "news":
                    reporter.on_news(what)
        reporter.close()
        return out.getvalue()


def console_of(out, width, height, is_terminal=True) -> Console:
    color = "standard" if is_terminal else None
    return Console(
        file=out,
        width=width,
        height=height,
        force_terminal=is_terminal,
        color_system=color,
        highlight=False,
        _environ={"TERM": "xterm"},
    )
