"""Every objective as the run stands: passing, failing or without data; observed value and limit."""

from __future__ import annotations

from rich.text import Text

from gradual_master.reporting.monitor.lines import ALARM, QUIET, WARNING, cell, clean, ends, fit, heading, join
from gradual_master.reporting.monitor.panels.base import Demand, fitting, rest_of
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.text.formatting import show_seconds, show_value
from gradual_master.results.judging.objectives import ObjectiveRow

STATES = {"FAILING": (0, ALARM), "warning": (1, WARNING), "no data": (2, QUIET), "passing": (3, "")}
"""What is said, how urgent it is, and its style."""

LONGEST_STATE = 7
WIDE = 62
"""From here on there is room for the rule of a named objective, and for since when it fails."""


class ObjectivesPanel:
    """One line each, what fails first."""

    rank = 2

    def demand(self, state: MonitorState, width: int) -> Demand:
        """A line per objective."""
        count = 1 + max(1, len(_rows(state)))
        return Demand(2, count, count)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """Of many the most urgent, and how many others of which state."""
        entries = sorted(_rows(state), key=lambda row: STATES[state_of(row)][0])
        shown, left = fitting(entries, rows - 1)
        failing = sum(state_of(row) == "FAILING" for row in entries)
        note = f"{failing} of {len(entries)} failing" if entries else ""
        drawn = [heading("Objectives", width, note)]
        drawn += [_line(row, width) for row in shown]
        if left:
            drawn.append(fit(_rest(entries[len(shown) :], len(shown)), width))
        return drawn if entries else [*drawn, fit(Text("none judged yet", QUIET), width)]


def _rows(state: MonitorState) -> tuple[ObjectiveRow, ...]:
    return state.last.objectives if state.last is not None else ()


def state_of(row: ObjectiveRow) -> str:
    """How it stands now. What has no data yet is not called failing: it may still come."""
    if row.observed is None or row.passed is None:
        return "no data"
    if row.passed:
        return "passing"
    return "warning" if row.severity == "warn" else "FAILING"


def _rest(rows: list[ObjectiveRow], shown: int) -> Text:
    """How many of those that are not shown are in which state."""
    states = [state_of(row) for row in rows]
    census = ", ".join(f"{states.count(name)} {name}" for name in STATES if name in states)
    return Text(f"{rest_of(len(rows), shown)}: {census}", ALARM if "FAILING" in states else QUIET)


def _value(row: ObjectiveRow) -> str:
    """Observed and limit, a long unit once: `612 / 500 ms`, `2.5% / 1%`."""
    observed = show_value(row.observed, row.unit if row.unit == "%" else "")
    return f"{observed} / {show_value(row.limit, row.unit)}"


def _line(row: ObjectiveRow, width: int) -> Text:
    state = state_of(row)
    style = STATES[state][1]
    urgent = style if state in {"FAILING", "warning"} else ""
    stated = join(cell(state, LONGEST_STATE, style), " ", _name(row, width))
    return ends(stated, Text(_value(row), urgent), width)


def _name(row: ObjectiveRow, width: int) -> Text:
    name = Text(clean(row.name))
    if width < WIDE:
        return name
    if row.name != row.rule:
        name.append(f"  {row.rule}", QUIET)
    if row.first_failed_at_s is not None and state_of(row) != "passing":
        name.append(f"  since {show_seconds(row.first_failed_at_s)}", QUIET)
    return name
