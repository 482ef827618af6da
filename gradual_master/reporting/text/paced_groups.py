"""Groups with pacing: what an iteration took, and how late its user had it, counted from when it was due."""

from __future__ import annotations

from collections.abc import Sequence

from gradual_master.reporting.text.closed_model_label import show_time
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.summary.sections import GroupRow


def paced_sentences(groups: Sequence[GroupRow]) -> tuple[str, ...]:
    """A sentence for each group whose iterations were due at times of their own."""
    return tuple(
        f"Iterations of {row.name}: service time {_times(row.iteration_ms)}; "
        f"response time from the intended start {_times(row.iteration_from_due_ms)}."
        for row in groups
        if row.iteration_from_due_ms.count
    )


def _times(times: Distribution) -> str:
    named = (("p50", times.p50), ("p99", times.p99), ("max", times.max))
    return ", ".join(f"{name} {show_time(ms / 1000)}" for name, ms in named if ms is not None)
