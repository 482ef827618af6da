"""Failures by what people call them: how many so far, how many a second now, and the first of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rich.text import Text

from gradual_master.reporting.monitor.lines import ALARM, QUIET, cell, clean, heading
from gradual_master.reporting.monitor.panels.base import Demand, listing, shown_of
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.text.failures import by_label, counts_of, why
from gradual_master.reporting.text.formatting import show_count, show_instant, show_number, show_share
from gradual_master.results.measures.errors import ErrorRow

LONGEST_LABEL = 30
NUMBERS = 24
"""Columns that a line's numbers take."""


class FailuresPanel:
    """One line per label, those that occur now first; where there is room, below each when and how it began."""

    rank = 3

    def demand(self, state: MonitorState, width: int) -> Demand:
        """A line at least: that there are none is worth knowing."""
        count = max(1, len(live_failures(state)))
        return Demand(2, 1 + count, 1 + 2 * count)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """Of many labels the worst."""
        entries = live_failures(state)
        total = state.failures.total()
        share = f"{show_share(total, state.requests)} of requests" if total else ""
        longest = max((len(row.label) for row in shown_of(entries, rows - 1)), default=0)
        labels = min(LONGEST_LABEL, longest, max(8, width - NUMBERS))
        lines = listing(
            entries,
            rows - 1,
            lambda row: _line(row, labels),
            lambda others, begin: Text(f"{begin} kinds: {show_count(sum(row.count for row in others))}", QUIET),
        )
        for place in reversed(range(min(len(entries), rows - 1 - len(entries)))):
            lines.insert(place + 1, _beginning(entries[place]))
        return [heading("Failures", width, share), *(lines or [Text("none", QUIET)])]


@dataclass(frozen=True, slots=True)
class LiveFailure:
    """All failures of one label."""

    label: str
    count: int
    rate: float
    """A second, in the last seconds."""
    first: ErrorRow | None
    """The row whose failure came first, if any is known."""
    last_s: float


def live_failures(state: MonitorState) -> list[LiveFailure]:
    """Those that occur now first."""
    last = state.last
    if last is None:
        return []
    known = {failure.label: failure for failure in by_label(last.errors_so_far)}
    before = _counts_before(state)
    seconds = sum(record.end_s - record.start_s for record in state.recent_records) or 1.0
    rows = [
        LiveFailure(
            label=label,
            count=count,
            rate=max(0, count - before.get(label, 0)) / seconds,
            first=known[label].first if label in known else None,
            last_s=known[label].last_s if label in known else last.end_s,
        )
        for label, count in state.labels.items()
    ]
    return sorted(rows, key=lambda row: (-row.rate, -row.count, row.label))


def _counts_before(state: MonitorState) -> dict[str, int]:
    """By label, as it stood when the last seconds began."""
    # Counts by kind can be taken back interval by interval. Labels are finer than kinds (`HTTP 404`, `HTTP 500`), and
    # only the table of errors as it stood at the end of the interval before has the share of each in its kind.
    recent = state.recent_records
    kinds = Counter(state.failures)
    for record in recent:
        kinds.subtract(record.errors)
    former = next((record for record in state.records if record.number == recent[0].number - 1), None)
    return counts_of(kinds, former.errors_so_far if former is not None else ())


def _line(row: LiveFailure, labels: int) -> Text:
    late = Text(f"  {show_number(row.rate)}/s now", ALARM) if row.rate else Text("  none of late", QUIET)
    count = cell(f"× {show_count(row.count)}", 10, right=True)
    return Text.assemble(cell(clean(row.label), labels), count, late)


def _beginning(row: LiveFailure) -> Text:
    """`0:04 to 1:12 reader / rates: GET http://bank.example/rates → 404`."""
    first = row.first
    if first is None:
        return Text("  while warming up", QUIET)
    times = f"{show_instant(int(first.first_s))} to {show_instant(int(row.last_s))}"
    cause = f": {why(first)}" if why(first) else ""
    return Text(f"  {times} {clean(f'{first.group} / {first.step}{cause}')}", QUIET)
