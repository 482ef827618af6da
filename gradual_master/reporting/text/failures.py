"""What failed, as people read it: `HTTP 404 × 1,077`, over all steps, and the first cause of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gradual_common.kinds.causes import is_by_status, label_of
from gradual_master.reporting.text.formatting import show_count, show_kinds, show_percent, show_tenth
from gradual_master.results.measures.errors import ARROW, ErrorRow

FEW_LABELS = 3
"""Labels of one kind that have room beside each other."""


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """All failures of one label."""

    label: str
    count: int

    first: ErrorRow
    """The row of the table of errors whose failure came first."""

    last_s: float


def by_label(rows: Iterable[ErrorRow]) -> list[FailureGroup]:
    """Rows of the same label together, the most frequent first."""
    labels: dict[str, list[ErrorRow]] = {}
    for row in sorted(rows, key=lambda row: row.first_s):
        labels.setdefault(row.label, []).append(row)
    groups = [
        FailureGroup(label, sum(row.count for row in same), same[0], max(row.last_s for row in same))
        for label, same in labels.items()
    ]
    return sorted(groups, key=lambda group: (-group.count, group.label))


def counts_of(kinds: Mapping[str, int], rows: Sequence[ErrorRow]) -> dict[str, int]:
    """Failures by label; those of `kinds` that no row has (of a warm-up) by the name of their kind."""
    counts = Counter({failure.label: failure.count for failure in by_label(rows)})
    described = Counter[str]()
    for row in rows:
        described[row.kind] += row.count
    for kind, count in kinds.items():
        if count > described[kind]:
            counts[label_of(kind)] += count - described[kind]
    return dict(counts)


def kind_names(rows: Iterable[ErrorRow]) -> dict[str, str]:
    """What failures of a kind are called where only the kind is known: `HTTP 404`, `HTTP 404, HTTP 500`.

    A kind with more labels than that has the general name of its kind.
    """
    labels: dict[str, list[str]] = {}
    for failure in by_label(rows):
        labels.setdefault(failure.first.kind, []).append(failure.label)
    return {kind: ", ".join(some) if len(some) <= FEW_LABELS else label_of(kind) for kind, some in labels.items()}


def show_failures(rows: Iterable[ErrorRow]) -> str:
    """`HTTP 404 × 1,077, connection refused × 96`."""
    return show_kinds({failure.label: failure.count for failure in by_label(rows)})


def title_of(row: ErrorRow) -> str:
    """`HTTP 404 × 300 in reader / rates: 12% of its requests, 0:04 to 1:12`."""
    share = f"{show_percent(row.share)} of its requests, " if row.share is not None else ""
    return f"{row.label} × {show_count(row.count)} in {row.group} / {row.step}: {share}{when(row)}"


def when(row: ErrorRow) -> str:
    """`0:04 to 1:12`; one instant where it is the same."""
    first, last = show_tenth(row.first_s), show_tenth(row.last_s)
    return f"at {first}" if first == last else f"{first} to {last}"


def why(row: ErrorRow) -> str:
    """What was asked and what came, `GET http://bank.example/rates: no connection to …`; or nothing."""
    asked, arrow, _ = (row.example or "").rpartition(ARROW)
    if not arrow or is_by_status(row.kind) or not row.cause:
        return row.example or row.cause or ""
    return f"{asked}: {row.cause}"
