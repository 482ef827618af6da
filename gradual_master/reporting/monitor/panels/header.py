"""Which run this is, how far it has come, what it is doing; and at the foot, what keys do."""

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
    """The first two lines; one where rows are very scarce."""

    rank = 0

    def demand(self, state: MonitorState, width: int) -> Demand:
        """Two lines."""
        return Demand(1, 2, 2)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """Name, id and clock; what the run is doing."""
        clock, name = Text(_clock(state), TITLE), Text()
        if state.run is not None:
            name = Text(clean(state.run.name), TITLE)
            named = Text.assemble(name, "  ", (state.run.id, QUIET))
            name = named if named.cell_len + clock.cell_len < width else name
        return [ends(name, clock, width), _position(state, width)][:rows]


def _clock(state: MonitorState) -> str:
    """The time that has passed, and the time that is left if that is known."""
    elapsed, left_s = show_seconds(state.elapsed_s), state.left_s
    if state.end_s is None or left_s is None:
        return f"{elapsed} elapsed"
    if state.is_ending:
        return f"{elapsed} elapsed of {show_seconds(state.end_s)}"
    # Rounded up: what has passed and what is left are to add up to the whole.
    return f"{elapsed} of {show_seconds(state.end_s)}, {show_seconds(-(-left_s // 1))} left"


def _position(state: MonitorState, width: int) -> Text:
    """The totals give way to what the run is doing, the failures among them last."""
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
    """What the schedule wants now and next."""
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
    """The longest first."""
    if state.is_late:
        yield Text(f"! figures are of {show_seconds(state.at_s)}", ALARM)
    failed = state.failures.total()
    failures = Text(f"{show_count(failed)} failed", ALARM if failed else "")
    yield Text.assemble(f"{show_count(state.requests)} requests, ", failures)
    yield failures


class Keys:
    """The last line."""

    rank = 9

    def demand(self, state: MonitorState, width: int) -> Demand:
        """One line."""
        return Demand(1, 1, 1)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """What Ctrl-C does now."""
        return [Text(STOPS if state.is_stopping else DRAINS, QUIET)]
