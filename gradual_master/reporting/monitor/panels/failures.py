"""Failures by label (`HTTP 404`): how many so far, how many per second now, and the first one of each label."""

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

MAX_LABEL_COLUMNS = 30
NUMBERS = 24
"""Columns that the numbers of a line need."""


class FailuresPanel:
    """One line per label, current ones first; if there is room, a second line with time and cause of the first one."""

    rank = 3

    def demand(self, state: MonitorState, width: int) -> Demand:
        """At least one line: it says that there are none."""
        count = max(1, len(live_failures(state)))
        return Demand(2, 1 + count, 1 + 2 * count)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The heading and the labels, the most frequent first; a last line sums up those that do not fit."""
        entries = live_failures(state)
        total = state.failures.total()
        share = f"{show_share(total, state.requests)} of requests" if total else ""
        longest = max((len(row.label) for row in shown_of(entries, rows - 1)), default=0)
        labels = min(MAX_LABEL_COLUMNS, longest, max(8, width - NUMBERS))
        lines = listing(
            entries,
            rows - 1,
            lambda row: _line(row, labels),
            lambda others, prefix: Text(f"{prefix} kinds: {show_count(sum(row.count for row in others))}", QUIET),
        )
        # From the last to the first: an insertion moves only the lines after it.
        for index in reversed(range(min(len(entries), rows - 1 - len(entries)))):
            lines.insert(index + 1, _first_failure(entries[index]))
        return [heading("Failures", width, share), *(lines or [Text("none", QUIET)])]


@dataclass(frozen=True, slots=True)
class LiveFailure:
    """All failures of one label."""

    label: str
    count: int
    rate: float
    """Per second, over the last seconds."""
    first: ErrorRow | None
    """The row of the first failure; None if all were in the warm-up."""
    last_s: float


def live_failures(state: MonitorState) -> list[LiveFailure]:
    """Sorted by the rate now, then by count."""
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
    """Failures by label up to the start of the last seconds."""
    # Counts by kind: subtract the recent intervals. But labels are finer than kinds (`HTTP 404` and `HTTP 500` are one
    # kind), and intervals count kinds only. So the share of each label comes from the errors of the interval before.
    recent = state.recent_records
    kinds = Counter(state.failures)
    for record in recent:
        kinds.subtract(record.errors)
    former = next((record for record in state.records if record.number == recent[0].number - 1), None)
    return counts_of(kinds, former.errors_so_far if former is not None else ())


def _line(row: LiveFailure, labels: int) -> Text:
    now = Text(f"  {show_number(row.rate)}/s now", ALARM) if row.rate else Text("  none now", QUIET)
    count = cell(f"× {show_count(row.count)}", 10, right=True)
    return Text.assemble(cell(clean(row.label), labels), count, now)


def _first_failure(row: LiveFailure) -> Text:
    """`0:04 to 1:12 reader / rates: GET http://bank.example/rates → 404`."""
    first = row.first
    if first is None:
        return Text("  while warming up", QUIET)
    times = f"{show_instant(int(first.first_s))} to {show_instant(int(row.last_s))}"
    cause = f": {why(first)}" if why(first) else ""
    return Text(f"  {times} {clean(f'{first.group} / {first.step}{cause}')}", QUIET)
