"""What fails as the monitor shows it: by what people call it, how often so far and now, and the first of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from gradual_master.reporting.monitor.trend import Trend
from gradual_master.reporting.progress.state import ProgressState
from gradual_master.reporting.text.failures import by_label, counts_of
from gradual_master.results.measures.errors import ErrorRow


@dataclass(frozen=True, slots=True)
class LiveFailure:
    """All failures of one label; `rate` a second of late. `first`: the row whose failure came first, if any is known.

    `last_s`: when the last one was.
    """

    label: str
    count: int
    rate: float
    first: ErrorRow | None
    last_s: float


def live_failures(progress: ProgressState, trend: Trend) -> list[LiveFailure]:
    """Those that occur now first."""
    last = progress.last
    if last is None:
        return []
    told = {failure.label: failure for failure in by_label(last.errors_so_far)}
    counts, before = progress.labels, _counts_before(progress, trend)
    seconds = sum(record.end_s - record.start_s for record in trend.recent_records) or 1.0
    rows = [
        LiveFailure(
            label=label,
            count=count,
            rate=max(0, count - before.get(label, 0)) / seconds,
            first=told[label].first if label in told else None,
            last_s=told[label].last_s if label in told else last.end_s,
        )
        for label, count in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row.rate, -row.count, row.label))


def _counts_before(progress: ProgressState, trend: Trend) -> dict[str, int]:
    """By label, as it stood when the last seconds began."""
    recent = trend.recent_records
    kinds = Counter(progress.failures)
    for record in recent:
        kinds.subtract(record.errors)
    former = trend.record_before(recent[0].number) if recent else None
    return counts_of(kinds, former.errors_so_far if former is not None else ())
