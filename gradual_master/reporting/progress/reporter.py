"""The progress of a run on standard error: a live table on a terminal, else a plain line every few seconds."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.progress.state import ProgressState
from gradual_master.reporting.text.formatting import show_count, show_kinds, show_number, show_seconds
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

LINE_EVERY_S = 5.0
SHOWN_GROUPS = 8
"""Of more groups only the first ones and the sum are shown."""

STYLES = {"info": "dim", "warning": "yellow", "error": "red"}


class ProgressReporter(Reporter):
    """Shows the progress. It has no thread or timer of its own: it draws when an interval closes."""

    def __init__(self, schedule: Schedule, console: Console | None = None) -> None:
        super().__init__()
        self._console = console or Console(stderr=True, highlight=False)
        self._state = ProgressState(schedule)
        self._live: Live | None = None
        self._next_line_s = 0.0

    def on_test_start(self, run: RunFacts) -> None:
        """Start the live table if there is a terminal; the schedule is about to start."""
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()

    def on_interval(self, interval: IntervalRecord) -> None:
        """Draw again, or print a line when one is due."""
        self._state.add(interval)
        if self._live is not None:
            self._live.update(render_progress(self._state), refresh=True)
        elif self._state.at_s >= self._next_line_s:
            self._next_line_s = self._state.at_s + LINE_EVERY_S
            self._console.print(describe_progress(self._state), soft_wrap=True)

    def on_news(self, news: News) -> None:
        """Show the latest news; without a terminal they are only in the log."""
        self._state.news.append(news)
        if self._live is not None:
            self._live.update(render_progress(self._state), refresh=True)

    def on_test_complete(self, summary: Summary) -> None:
        """Remove the live table: the summary is printed next."""
        self.close()

    def close(self) -> None:
        """Restore the terminal, also after a failed run."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def describe_progress(state: ProgressState) -> str:
    """The progress as one plain line."""
    record = state.last
    users = show_users(record.users, record.target) if record is not None else ""
    parts = [
        _position(state),
        f"users {users}" + (f" ({show_number(state.missing)} missing)" if state.missing else ""),
        *_speed(state),
        f"{show_count(state.failures.total())} failed" + (f" ({show_kinds(state.labels)})" if state.labels else ""),
        f"agents {record.agents if record is not None else 0}",
    ]
    if state.broken:
        parts.append("not met: " + "; ".join(state.broken))
    return " | ".join(parts)


def show_users(users: Mapping[str, float], target: Mapping[str, float]) -> str:
    """Actual and target of all groups together: `49.8/50`."""
    return f"{show_number(sum(users.values()))}/{show_number(sum(target.values()))}"


def _position(state: ProgressState) -> str:
    if state.end_s is None:
        return show_seconds(state.at_s)
    if state.is_draining:
        return f"{show_seconds(state.at_s)} draining"
    return f"{show_seconds(state.at_s)} of {show_seconds(state.end_s)}"


def render_progress(state: ProgressState) -> RenderableType:
    """The live table."""
    record = state.last
    if record is None:
        return Text("the schedule starts")
    counts = f"{show_count(state.requests)} requests", f"{show_count(state.failures.total())} failed"
    numbers = Text("   ".join([*_speed(state), *counts, f"agents {record.agents}"]))
    parts: list[RenderableType] = [_bar(state), _users(record), numbers]
    if state.missing:
        parts.append(Text(f"{show_number(state.missing)} users missing", "red"))
    if state.failures:
        parts.append(Text(f"failed: {show_kinds(state.labels)}", "red"))
    if state.broken:
        parts.append(Text(f"not met: {'; '.join(state.broken)}", "red"))
    parts += [Text(f"{show_seconds(news.at_s)} {news.text}", STYLES[news.level]) for news in state.news]
    return Group(*parts)


def _bar(state: ProgressState) -> RenderableType:
    """The time and a progress bar over the whole width; green, because other colours would look like an alarm."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=bool(state.end_s))
    grid.add_column()
    grid.add_column(ratio=1)
    left = "" if state.left_s is None or state.is_draining else f"{show_seconds(state.left_s)} left"
    end_s = state.end_s
    bar = ProgressBar(end_s, min(state.at_s, end_s), complete_style="green", finished_style="green") if end_s else ""
    grid.add_row(Text(_position(state), "bold"), bar, left)
    return grid


def _users(record: IntervalRecord) -> Table:
    """Actual and target users per group; if there are several groups, their sum too."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    groups = list(record.target)
    if len(groups) > 1:
        grid.add_row("users", show_users(record.users, record.target), "")
    for group in groups[:SHOWN_GROUPS]:
        stopping = record.stopping[group]
        grid.add_row(
            Text(group),
            f"{show_number(record.users[group])}/{show_number(record.target[group])}",
            f"{show_number(stopping)} stopping" if stopping else "",
        )
    if len(groups) > SHOWN_GROUPS:
        grid.add_row(f"and {len(groups) - SHOWN_GROUPS} more groups", "", "")
    return grid


def _speed(state: ProgressState) -> list[str]:
    """Throughput and percentiles over the last seconds."""
    recent = state.recent
    times = (f"{name} {show_number(time)} ms" for name, time in (("p50", recent.times.p50), ("p95", recent.times.p95)))
    return [f"{show_number(recent.ok)} ok/s", *times]
