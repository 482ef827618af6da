"""Rates and times of each step over the last seconds; for terminals with room."""

from __future__ import annotations

from rich.text import Text

from gradual_master.reporting.monitor.lines import ALARM, QUIET, cell, clean, heading
from gradual_master.reporting.monitor.panels.base import Demand, listing
from gradual_master.reporting.monitor.state import MonitorState, StepRates
from gradual_master.reporting.text.formatting import show_number

COLUMNS = (("/s", 8), ("failed/s", 9), ("p50 ms", 8), ("p95 ms", 8))
MIN_WIDTH = 56
"""Columns. With fewer there is no room for names beside the numbers."""


class StepsPanel:
    """One line per step, in the order of the first requests; if they do not all fit, failing steps first."""

    rank = 4

    def demand(self, state: MonitorState, width: int) -> Demand:
        """Only rows that no other panel wants."""
        count = 1 + len(state.steps())
        return Demand(min(3, count), count, count, spare=True) if width >= MIN_WIDTH and count > 1 else Demand(0, 0, 0)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The heading and the steps; if they do not all fit, failing steps first, then the slowest."""
        entries: list[StepRates] = list(state.steps())
        if len(entries) > rows - 1:
            entries.sort(key=lambda row: (-row.failed, -(row.times.p95 or 0.0)))
        titles = "".join(f"{title:>{size}}" for title, size in COLUMNS)
        room = max(0, width - len(titles))
        lines = listing(
            entries,
            rows - 1,
            lambda row: _line(row, room, len(state.schedule.groups) > 1),
            lambda _, prefix: Text(f"{prefix} steps", QUIET),
        )
        return [Text.assemble(heading("Steps", room), Text(titles, QUIET)), *lines]


def _line(row: StepRates, room: int, has_groups: bool) -> Text:
    name = f"{row.group} / {row.step}" if has_groups else row.step
    values = (row.rate, row.failed, row.times.p50, row.times.p95)
    styles = ("", ALARM if row.failed else QUIET, "", "")
    numbers = (
        cell(show_number(value), size, style, right=True)
        for value, (_, size), style in zip(values, COLUMNS, styles, strict=True)
    )
    return Text.assemble(cell(clean(name), room), *numbers)
