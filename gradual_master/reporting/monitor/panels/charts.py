"""Charts of several lines, for terminals that have room for them."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from gradual_master.reporting.monitor.last_minutes import LastMinutes
from gradual_master.reporting.monitor.lines import BAR, QUIET, cell, heading
from gradual_master.reporting.monitor.panels.base import Demand
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.text.block_chart import block_lines
from gradual_master.reporting.text.formatting import show_number, show_seconds

MARGIN = 8


class ChartPanel:
    """One measure over the last minutes."""

    def __init__(self, title: str, rank: int, read: Callable[[LastMinutes, int], list[float | None]]) -> None:
        self.rank = rank
        self._title = title
        self._read = read

    def demand(self, state: MonitorState, width: int) -> Demand:
        """Only where rows are left over."""
        return Demand(5, 8, 20, spare=True)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The title and the chart, its scale from 0."""
        columns = max(1, width - MARGIN)
        values = self._read(state.last_minutes, columns)
        peak = max((value for value in values if value is not None), default=0.0)
        drawn = [heading(self._title, width, f"course of {show_seconds(state.last_minutes.span_s(columns))}")]
        for number, blocks in enumerate(block_lines([value or 0.0 for value in values], peak, rows - 1)):
            label = f"{show_number(peak)} ┤" if number == 0 else "0 ┤" if number == rows - 2 else "│"
            drawn.append(Text.assemble(cell(label, MARGIN, QUIET, right=True), Text(blocks, BAR)))
        return drawn


THROUGHPUT = ChartPanel("ok/s", 6, lambda minutes, columns: minutes.rates(lambda point: point.ok, columns))
LATENCY = ChartPanel("p95 ms", 7, lambda minutes, columns: minutes.worst(lambda point: point.times.p95, columns))
