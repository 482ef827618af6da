"""The first lines: name, time and state of the run. And the last line: the keys."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from gradual_common.clock import NS_PER_S
from gradual_master.reporting.monitor.lines import ALARM, QUIET, TITLE, WARNING, clean, ends
from gradual_master.reporting.monitor.panels.base import Demand
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.text.formatting import show_count, show_counted, show_number, show_seconds

DRAINS = "Ctrl-C drains and reports; twice stops at once"
STOPS = "Ctrl-C again stops at once"


class Header:
    """The first two lines; one where there are very few rows."""

    rank = 0

    def demand(self, state: MonitorState, width: int) -> Demand:
        """Two lines."""
        return Demand(1, 2, 2)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """Name, id and clock; the state of the run."""
        clock, name = Text(_clock(state), TITLE), Text()
        if state.run is not None:
            name = Text(clean(state.run.name), TITLE)
            named = Text.assemble(name, "  ", (state.run.id, QUIET))
            name = named if named.cell_len + clock.cell_len < width else name
        return [ends(name, clock, width), _position(state, width)][:rows]


def _clock(state: MonitorState) -> str:
    """The elapsed time, and the time left if it is known."""
    elapsed, left_s = show_seconds(state.elapsed_s), state.left_s
    if state.end_s is None or left_s is None:
        return f"{elapsed} elapsed"
    if state.is_ending:
        return f"{elapsed} elapsed of {show_seconds(state.end_s)}"
    # Rounded up, as the elapsed time is rounded down: the two must add up to the whole.
    return f"{elapsed} of {show_seconds(state.end_s)}, {show_seconds(-(-left_s // 1))} left"


def _position(state: MonitorState, width: int) -> Text:
    """State and level on the left, totals on the right: as many totals as fit."""
    left = Text.assemble(_doing(state), "  ", Text(_level(state)))
    for totals in _totals(state):
        if left.cell_len + totals.cell_len < width:
            return ends(left, totals, width)
    return left


def _doing(state: MonitorState) -> Text:
    record = state.last
    if state.is_stopping:
        return Text("STOPPING", ALARM)
    if state.is_draining:
        return Text("DRAINING", WARNING)
    if record is None:
        return Text("STARTING", TITLE)
    return Text("WARM-UP", WARNING) if record.warm_up else Text("RUNNING", TITLE)


def _level(state: MonitorState) -> str:
    """The target now, and the next one."""
    if state.is_ending:
        return "users finish what they are doing"
    now, then = state.changes()
    if now is None:
        return ""
    phases, levels = state.schedule.phases, len(state.schedule.levels)
    phase = f"{clean(phases[now.phase].name)}, " if len(phases) > 1 else ""
    level = f"level {now.level + 1} of {levels}: " if levels > 1 else ""
    text = f"{phase}{level}{show_counted(now.target, 'user')}"
    if then is None:
        return text
    return f"{text}, {show_number(then.target)} in {show_seconds(-(-(then.at / NS_PER_S - state.elapsed_s) // 1))}"


def _totals(state: MonitorState) -> Iterator[Text]:
    """Candidates for the right end, the most important first; `_position` takes the first that fits."""
    if state.is_late:
        yield Text(f"! last data at {show_seconds(state.at_s)}", ALARM)
    failed = state.failures.total()
    failures = Text(f"{show_count(failed)} failed", ALARM if failed else "")
    yield Text.assemble(f"{show_count(state.requests)} requests, ", failures)
    yield failures


class Keys:
    """The last line of the screen."""

    rank = 9

    def demand(self, state: MonitorState, width: int) -> Demand:
        """One line."""
        return Demand(1, 1, 1)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """What Ctrl-C does now."""
        return [Text(STOPS if state.is_stopping else DRAINS, QUIET)]
