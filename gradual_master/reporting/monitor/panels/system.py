"""The system's own metrics: what each watch said last."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gradual_master.reporting.monitor.lines import QUIET, WARNING, clean, fit, heading
from gradual_master.reporting.monitor.panels.base import Demand, listing
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.text.formatting import show_seconds
from gradual_master.results.measures.watches import in_unit
from gradual_master.watching.courses import WatchState


class SystemPanel:
    """One line per watch; nothing in a plan without any."""

    rank = 3

    def demand(self, state: MonitorState, width: int) -> Demand:
        """A heading and a line per watch."""
        watches = _watches(state)
        return Demand(2, 1 + len(watches), 1 + len(watches)) if watches else Demand(0, 0, 0)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The heading and the watches, in the order of the plan."""
        return [
            heading("System", width),
            *listing(
                _watches(state), rows - 1, lambda watch: _line(watch, width), lambda _, prefix: Text(prefix, QUIET)
            ),
        ]


def _watches(state: MonitorState) -> Sequence[WatchState]:
    return () if state.last is None else state.last.watches


def _line(watch: WatchState, width: int) -> Text:
    if watch.failed_since_s is not None:
        words, style = f" no value since {show_seconds(watch.failed_since_s)}", WARNING
    elif watch.value is None:
        words, style = " no value yet", QUIET
    else:
        words, style = f" {in_unit(watch.value, watch.unit)}", ""
    name = fit(Text(clean(watch.name)), max(4, width - len(words)))
    return Text.assemble(name, " " * max(0, width - len(words) - name.cell_len), (words, style))
