"""A level of a summary as a comparison takes it.

Of a level with missing users or a saturated generator nothing is compared: its numbers are those of the generator. Of a
level with more than 5 % failures only the error rate is: requests that fail at once take no time. These are the same
marks that keep a level out of the analysis of scalability (`results.summary.scalability`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.runs import ComparedLevel
from gradual_master.results.summary.scalability import MISLEADING

FAILURES, ERROR_RATE = "failures", "error_rate"

REASONS = {
    FAILURES: "more than 5 % of its requests failed",
    "missing": "users were missing",
    "saturated": "the load generator was saturated",
}
"""Of a run at a level, for each mark in `MISLEADING`."""

NO_ANSWER = "nothing was answered"

TIMES = ("mean", "p50", "p95", "p99")
COUNTS = ("requests", "failures")
MOST = 1e15
"""What a number in a summary may be at most: far beyond everything that can be measured."""

Values = dict[str, float | None]


def is_level(row: Any) -> bool:
    """Whether what is read of a row has the types that a summary gives it."""
    if not isinstance(row, dict) or not isinstance(row.get("target"), int | float):
        return False
    times, marks, blocks = row.get("response_time_ms"), row.get("marks"), row.get("blocks", [])
    if not (isinstance(times, dict) and isinstance(marks, list) and isinstance(blocks, list)):
        return False
    if not all(isinstance(mark, str) for mark in marks) or not all(isinstance(block, dict) for block in blocks):
        return False
    values = [row["target"], *_numbers(row, times)]
    return all(map(_is_measured, [*values, *(value for block in blocks for value in _numbers(block, block, "_ms"))]))


def counts_in_comparisons(row: Mapping[str, Any]) -> bool:
    """Whether a level is one of load: no warm-up, and with users."""
    return not row.get("warm_up") and row["target"] > 0


def is_search(document: Mapping[str, Any]) -> bool:
    """Whether a run looked for its capacity."""
    return _trials(document) is not None


def _trials(document: Mapping[str, Any]) -> list[Any] | None:
    analysis = document.get("analysis")
    capacity = analysis.get("capacity") if isinstance(analysis, Mapping) else None
    trials = capacity.get("trials") if isinstance(capacity, Mapping) else None
    return trials if isinstance(trials, list) else None


def trials_of(document: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a search tried a level; every level of a run without one.

    At its other levels it settles after an overload, causes one, or looks for the recovery from it: how they went
    depends on what the search did before, and in two runs they do not mean the same.
    """
    trials = _trials(document)
    if trials is None:
        return lambda row: True
    tried = (trial for trial in trials if isinstance(trial, Mapping) and trial.get("purpose") != "recover")
    begins = [begin for trial in tried if _is_measured(begin := trial.get("started_s")) and begin is not None]
    return lambda row: any(_lasts(row, begin) for begin in begins)


def _lasts(row: Mapping[str, Any], second: float) -> bool:
    start, end = row.get("start_s"), row.get("end_s")
    return isinstance(start, int | float) and isinstance(end, int | float) and start <= second < end


def compared_level(row: Mapping[str, Any], *, of_search: bool = False) -> ComparedLevel:
    """The level; values that say nothing of the system are None, with the reason.

    A search ends a level as soon as it is judged: how long it took says nothing.
    """
    marks = [mark for mark in sorted(MISLEADING) if mark in row["marks"]]
    values = _values(row, row["response_time_ms"])
    blocks = [_values(block, block, "_ms") for block in row.get("blocks", [])]
    return ComparedLevel(
        target=float(row["target"]),
        values={name: None if _is_hidden(name, marks) else value for name, value in values.items()},
        blocks={metric.name: [block[metric.name] for block in blocks] for metric in METRICS},
        reason=", ".join(REASONS[mark] for mark in marks) or (NO_ANSWER if row.get("requests") == 0 else ""),
        duration_s=None if of_search else _duration(row),
    )


def _duration(row: Mapping[str, Any]) -> float | None:
    start, end = row.get("start_s"), row.get("end_s")
    is_known = _is_measured(start) and _is_measured(end) and start is not None and end is not None
    return round(end - start, 3) if is_known and end > start else None  # type: ignore[operator]


def _is_hidden(metric: str, marks: list[str]) -> bool:
    """Whether a metric says nothing of the system at a level with these marks."""
    return bool(marks) and not (metric == ERROR_RATE and marks == [FAILURES])


def _values(row: Mapping[str, Any], times: Mapping[str, Any], suffix: str = "") -> Values:
    failures, requests = row.get("failures"), row.get("requests")
    return {
        "throughput": row.get("throughput_rps"),
        **{name: times.get(name + suffix) for name in TIMES},
        ERROR_RATE: failures / requests if requests and failures is not None else None,
    }


def _numbers(row: Mapping[str, Any], times: Mapping[str, Any], suffix: str = "") -> list[Any]:
    return [row.get("throughput_rps"), *(row.get(name) for name in COUNTS), *(times.get(n + suffix) for n in TIMES)]


def _is_measured(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST
