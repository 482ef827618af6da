"""The schedule as a chart, with the current time on its axis."""

from __future__ import annotations

from rich.text import Text

from gradual_master.reporting.monitor.lines import BAR, QUIET, TITLE, cell
from gradual_master.reporting.monitor.panels.base import Demand
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.text.block_chart import block_lines
from gradual_master.reporting.text.formatting import show_number, show_seconds

MARGIN = 8
"""Columns left of the chart: the scale and the axis."""
CURSOR = "▲"
MIN_CHART_COLUMNS = 30
"""With fewer columns a chart shows nothing useful."""


class SchedulePanel:
    """Target users over time. The past is bright, the future is dim; the cursor is on the axis."""

    rank = 5

    def demand(self, state: MonitorState, width: int) -> Demand:
        """At least two lines of chart and the axis."""
        return Demand(3, 4, 11) if width >= MIN_CHART_COLUMNS else Demand(0, 0, 0)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The chart, the highest line first, and the axis."""
        columns = width - MARGIN
        end_s, users = state.targets(columns)
        peak = max(users)
        cursor = min(columns - 1, int(min(1.0, state.elapsed_s / end_s) * columns))
        drawn = []
        for number, blocks in enumerate(block_lines(users, peak, rows - 1)):
            label = cell(f"{show_number(peak)} ┤" if number == 0 else "│", MARGIN, QUIET, right=True)
            drawn.append(Text.assemble(label, (blocks[: cursor + 1], BAR), (blocks[cursor + 1 :], QUIET)))
        return [*drawn, _axis(state, end_s, columns, cursor)]


def _axis(state: MonitorState, end_s: float, columns: int, cursor: int) -> Text:
    """The axis: the cursor with the current time, and the end of the schedule at the right end."""
    end = f" {show_seconds(end_s)}" if state.schedule.end is not None else " until the iterations are done"
    time = show_seconds(state.elapsed_s)
    # The time is left of the cursor in the right half: else it could reach beyond the axis.
    is_right_half = cursor > columns // 2
    now = f" {time} {CURSOR}" if is_right_half else f"{CURSOR} {time} "
    before = cursor + 1 - len(now) if is_right_half else cursor
    after = columns - before - len(now)
    end = end if len(end) <= after else ""
    rule = Text("─" * before, QUIET), Text(now, TITLE), Text("─" * (after - len(end)) + end, QUIET)
    return Text.assemble(cell("users └", MARGIN, QUIET, right=True), *rule)
