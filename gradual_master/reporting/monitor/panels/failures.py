"""Failures by kind: how many so far, and how many a second of late."""

from __future__ import annotations

from rich.text import Text

from gradual_master.reporting.figures import show_count, show_number, show_percent
from gradual_master.reporting.monitor.lines import ALARM, QUIET, cell, fit, heading, join
from gradual_master.reporting.monitor.panels.base import Demand, fitting, rest_of
from gradual_master.reporting.monitor.state import MonitorState

LONGEST_KIND = 26


class FailuresPanel:
    """One line per kind; those that occur now come first."""

    rank = 3

    def demand(self, state: MonitorState, width: int) -> Demand:
        """A line at least: that there are none is worth knowing."""
        count = 1 + max(1, len(state.progress.failures))
        return Demand(2, count, count)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """Of many kinds the worst."""
        progress = state.progress
        counts, rates = progress.failures, state.trend.recent.kinds
        total = sum(counts.values())
        share = f"{show_percent(total / progress.requests)} of requests" if total else ""
        drawn = [heading("Failures", width, share)]
        if not counts:
            return [*drawn, fit(Text("none", QUIET), width)]
        kinds = sorted(counts, key=lambda kind: (-rates.get(kind, 0.0), -counts[kind], kind))
        shown, left = fitting(kinds, rows - 1)
        names = min(LONGEST_KIND, max(map(len, shown), default=0), max(8, width - 24))
        drawn += [_line(kind, counts[kind], rates.get(kind, 0.0), names, width) for kind in shown]
        if left:
            rest = sum(counts[kind] for kind in kinds[len(shown) :])
            drawn.append(fit(Text(f"{rest_of(left, len(shown))} kinds: {show_count(rest)}", QUIET), width))
        return drawn


def _line(kind: str, count: int, rate: float, names: int, width: int) -> Text:
    late = Text(f"  {show_number(rate)}/s now", ALARM) if rate else Text("  none of late", QUIET)
    return fit(join(cell(kind, names), cell(show_count(count), 9, right=True), late), width)
