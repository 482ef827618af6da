"""The current state of every objective: passing, failing or without data; observed value and limit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gradual_master.reporting.monitor.lines import ALARM, QUIET, WARNING, cell, clean, ends, heading
from gradual_master.reporting.monitor.panels.base import Demand, listing
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.tables import State, state_of
from gradual_master.reporting.text.formatting import show_seconds, show_value
from gradual_master.results.judging.objectives.objective import ObjectiveRow

STATES: dict[State, tuple[str, str]] = {
    "failed": ("FAILING", ALARM),
    "warning": ("warning", WARNING),
    "none": ("no data", QUIET),
    "passed": ("passing", ""),
}
"""Word and style of each state, the most urgent first."""

STATE_COLUMNS = 7
WIDE = 62
"""From this width there is room for the rule of a named objective, and for the time since it fails."""


class ObjectivesPanel:
    """One line per objective, failing ones first."""

    rank = 2

    def demand(self, state: MonitorState, width: int) -> Demand:
        """A line per objective."""
        count = 1 + max(1, len(_rows(state)))
        return Demand(2, count, count)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The heading and the most urgent objectives; a last line counts the others by state."""
        entries = sorted(_rows(state), key=lambda row: list(STATES).index(live_state(row)))
        failing = sum(live_state(row) == "failed" for row in entries)
        note = f"{failing} of {len(entries)} failing" if entries else ""
        lines = listing(entries, rows - 1, lambda row: _line(row, width), _rest)
        return [heading("Objectives", width, note), *(lines or [Text("none judged yet", QUIET)])]


def _rows(state: MonitorState) -> tuple[ObjectiveRow, ...]:
    return state.last.objectives if state.last is not None else ()


def live_state(row: ObjectiveRow) -> State:
    """The state now. An objective without data has not failed yet: data may still come."""
    return "none" if row.observed is None else state_of(row)


def _rest(rows: Sequence[ObjectiveRow], prefix: str) -> Text:
    """Count the objectives that are not shown, by state."""
    states = [live_state(row) for row in rows]
    counts = ", ".join(f"{states.count(name)} {word}" for name, (word, _) in STATES.items() if name in states)
    return Text(f"{prefix}: {counts}", ALARM if "failed" in states else QUIET)


def _line(row: ObjectiveRow, width: int) -> Text:
    """State and name; observed value and limit, a long unit only once: `612 / 500 ms`, `2.5% / 1%`."""
    state = live_state(row)
    word, style = STATES[state]
    line = Text.assemble(cell(word, STATE_COLUMNS, style), " ", clean(row.name))
    if width >= WIDE and row.name != row.rule:
        line.append(f"  {row.rule}", QUIET)
    if width >= WIDE and row.first_failed_at_s is not None and state != "passed":
        line.append(f"  since {show_seconds(row.first_failed_at_s)}", QUIET)
    value = f"{show_value(row.observed, '%' if row.unit == '%' else '')} / {show_value(row.limit, row.unit)}"
    return ends(line, Text(value, style if state != "none" else ""), width)
