"""Throughput, failures and percentiles of the last seconds, each with its change and a sparkline.

Throughput and p95 also have a chart, for terminals with more room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text

from gradual_master.reporting.monitor.last_minutes import LastMinutes, SeriesPoint
from gradual_master.reporting.monitor.lines import ALARM, BAR, QUIET, TITLE, cell, change, heading, sparkline
from gradual_master.reporting.monitor.panels.base import Demand
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.progress.state import RECENT_S, Rates
from gradual_master.reporting.text.block_chart import block_lines
from gradual_master.reporting.text.formatting import show_number, show_seconds

LABEL, VALUE, CHANGE = 9, 8, 6
"""Columns of the three parts before the sparkline."""
MIN_SPARKLINE = 6
"""Columns; a shorter sparkline is left out."""
MARGIN = 8
"""Columns left of a chart."""


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One measure."""

    label: str
    rank: int
    """The row of the highest rank is dropped first."""
    now: Callable[[Rates], float | None]
    """Reads the value from the rates of the last seconds."""
    series: Callable[[LastMinutes, int], list[float | None]]
    """Reads the values of so many slices of the last minutes."""


def _time(label: str, rank: int, read: Callable[[SeriesPoint | Rates], float | None]) -> SpeedRow:
    return SpeedRow(label, rank, read, lambda minutes, columns: minutes.worst(read, columns))


OK = SpeedRow("ok/s", 0, lambda rates: rates.ok, lambda minutes, n: minutes.rates(lambda point: point.ok, n))
P95 = _time("p95 ms", 2, lambda of: of.times.p95)
ROWS = (
    OK,
    SpeedRow("failed/s", 1, lambda rates: rates.failed, lambda minutes, n: minutes.rates(lambda p: p.failed, n)),
    _time("p50 ms", 3, lambda of: of.times.p50),
    _time("p90 ms", 5, lambda of: of.times.p90),
    P95,
    _time("p99 ms", 4, lambda of: of.times.p99),
    _time("max ms", 6, lambda of: of.times.max),
)


class SpeedPanel:
    """One line per measure, and one with the users in a request and thinking."""

    rank = 1

    def demand(self, state: MonitorState, width: int) -> Demand:
        """Two measures at least, all of them if possible."""
        return Demand(3, 1 + len(ROWS), 2 + len(ROWS), firm_rows=1 + len(ROWS))

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The most important measures that fit, always in the same order."""
        kept = sorted(ROWS, key=lambda row: row.rank)[: rows - 1]
        columns = _columns(width)
        note = f"trend over {show_seconds(state.last_minutes.span_s(columns))}" if columns >= MIN_SPARKLINE else ""
        drawn = [heading(f"Last {RECENT_S:g} s", width, note)]
        drawn += [_draw(row, state, width) for row in ROWS if row in kept]
        if rows > 1 + len(ROWS):
            users = f"users in a request {show_number(state.recent.in_flight)}, thinking"
            drawn.append(Text(f"{users} {show_number(state.recent.thinking)}", QUIET))
        return drawn


def _columns(width: int) -> int:
    """The columns left for sparklines."""
    return width - LABEL - VALUE - CHANGE - 2


def _draw(row: SpeedRow, state: MonitorState, width: int) -> Text:
    value = row.now(state.recent)
    style = ALARM if row.label == "failed/s" and value else TITLE
    columns = _columns(width)
    line = sparkline(row.series(state.last_minutes, columns)) if columns >= MIN_SPARKLINE else ""
    numbers = Text.assemble(Text(f"{row.label:<{LABEL}}"), cell(show_number(value), VALUE, style, right=True), " ")
    return Text.assemble(numbers, cell(change(value, row.now(state.before)), CHANGE), " ", line)


class ChartPanel:
    """A chart of one measure over the last minutes."""

    def __init__(self, row: SpeedRow, rank: int) -> None:
        self.rank = rank
        self._row = row

    def demand(self, state: MonitorState, width: int) -> Demand:
        """Only rows that no other panel wants."""
        return Demand(5, 8, 20, spare=True)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The heading and the chart; its scale starts at 0."""
        columns = max(1, width - MARGIN)
        values = [value or 0.0 for value in self._row.series(state.last_minutes, columns)]
        peak = max(values)
        drawn = [heading(self._row.label, width, f"trend over {show_seconds(state.last_minutes.span_s(columns))}")]
        for number, blocks in enumerate(block_lines(values, peak, rows - 1)):
            label = f"{show_number(peak)} ┤" if number == 0 else "0 ┤" if number == rows - 2 else "│"
            drawn.append(Text.assemble(cell(label, MARGIN, QUIET, right=True), (blocks, BAR)))
        return drawn


THROUGHPUT, LATENCY = ChartPanel(OK, 6), ChartPanel(P95, 7)
