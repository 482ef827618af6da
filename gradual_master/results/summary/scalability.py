"""How the run's throughput grows with its users: the levels that count, and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gradual_common.units import count
from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.levels import MeasuredLevel
from gradual_master.analysis.scalability.result import Scalability
from gradual_master.analysis.scalability.wording import scalability_sentences
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.silence import was_answer_due
from gradual_master.results.measures.watches import WatchRow

MIN_LEVELS = 2
"""A run at one concurrency does not ask how throughput grows."""

BUSY_PERCENT = 90.0
"""A watch in % is named in the answer from here on: below it, nothing says that it holds the system back."""

MISLEADING = frozenset({"failures", "saturated", "missing"})
"""Marks of levels that do not show what the system can do with their users: refusals are fast, and a busy generator
or missing users are not the system's."""

MAX_NAMED = 5
"""Levels that one sentence names."""


def scalability_of(rows: Sequence[LevelRow]) -> Scalability | None:
    """The analysis of the levels that count; None for a run without a ramp."""
    if len({row.target for row in rows if not row.warm_up and row.target}) < MIN_LEVELS:
        return None
    return analyse_scalability(_measured(rows))


def _measured(rows: Iterable[LevelRow]) -> Iterable[MeasuredLevel]:
    for row in rows:
        if row.warm_up or not row.users_mean or not row.throughput_rps or MISLEADING & set(row.marks):
            continue
        yield measured_level(
            users=row.users_mean,
            throughput_rps=row.throughput_rps,
            mean_ms=row.response_time_ms.mean,
            thinking=row.thinking_mean,
            request_rate_rps=row.request_rate_rps,
        )


def measured_level(
    users: float,
    throughput_rps: float,
    mean_ms: float | None,
    thinking: float | None,
    request_rate_rps: float | None,
) -> MeasuredLevel:
    """A level of a summary for the analysis; `thinking`: users who do, in the mean."""
    return MeasuredLevel(
        concurrency=users,
        throughput=throughput_rps,
        latency_s=mean_ms / 1000 if mean_ms else None,
        # Of all samples: a user thinks after a failed one, too.
        think_s=thinking / request_rate_rps if request_rate_rps and thinking else None,
    )


def answer_of(
    scalability: Scalability | None, rows: Sequence[LevelRow], watches: Sequence[WatchRow] = ()
) -> tuple[str, ...]:
    """What the run says of the system, in sentences; the first thing that a report shows."""
    if scalability is None:
        return ()
    return (*scalability_sentences(scalability), *_at_most_throughput(rows, watches), *_reservations(rows))


def _at_most_throughput(rows: Sequence[LevelRow], watches: Sequence[WatchRow]) -> Iterable[str]:
    """Which of the system's own shares are nearly used up where throughput is greatest; nothing if none is."""
    counting = [row for row in rows if not row.warm_up and row.throughput_rps and not MISLEADING & set(row.marks)]
    if not counting:
        return
    best = max(counting, key=lambda row: row.throughput_rps or 0)
    shares = {row.name: best.watch.get(row.name) or 0.0 for row in watches if row.unit == "%"}
    busy = [f"{name} reaches {value:.0f} %" for name, value in shares.items() if value >= BUSY_PERCENT]
    if busy:
        yield f"Throughput is greatest at {best.target:g} users, where {' and '.join(busy)}."


def hanging_levels(rows: Sequence[LevelRow]) -> frozenset[float]:
    """Where the system hung (`judging.silence`): the starts of the levels, s."""
    slowest_s = max((row.response_time_ms.mean or 0.0 for row in rows), default=0.0) / 1000
    return frozenset(row.start_s for row in rows if row.request_rate_rps == 0 and _was_answer_due(row, slowest_s))


def _was_answer_due(row: LevelRow, response_s: float) -> bool:
    length = row.end_s - (row.steady_from_s or row.start_s)
    return was_answer_due(length, (row.in_flight_mean or 0.0) * length, response_s)


def _reservations(rows: Sequence[LevelRow]) -> Iterable[str]:
    """What makes the sentences less certain than they sound."""
    judged = [row for row in rows if not row.warm_up and row.target]
    clean = [row for row in judged if not MISLEADING & set(row.marks)]
    unanswered = [row.target for row in clean if row.users_mean and row.throughput_rps == 0]
    yield from left_out_sentences(len(judged) - len(clean), unanswered, len(judged))
    yield from _on_steadiness(judged)


def left_out_sentences(misleading: int, unanswered: Sequence[float], total: int) -> Iterator[str]:
    """Which levels did not count, of `total`, and why; `unanswered`: their users."""
    if misleading:
        why = "failures, missing users, or a busy agent"
        yield f"{count(misleading, 'level')} of {total} did not count: {why}."
    if unanswered:
        levels = count(len(unanswered), "level")
        yield f"{levels} of {total} did not count, because nothing was answered: at {_listed(unanswered)}."


def _listed(users: Iterable[float]) -> str:
    """`40 users`, `1, 2 users`, `10, 20, 30, 40, 50 and 3 more numbers of users`."""
    numbers = [f"{number:g}" for number in sorted(set(users))]
    named, more = ", ".join(numbers[:MAX_NAMED]), len(numbers) - MAX_NAMED
    if more > 0:
        return f"{named} and {more} more numbers of users"
    return f"{named} user" if numbers == ["1"] else f"{named} users"


def _on_steadiness(rows: Sequence[LevelRow]) -> Iterable[str]:
    unsteady = [row for row in rows if row.steady_from_s is None]
    if not unsteady:
        return
    needed = max((row.needed_s or 0 for row in unsteady), default=0)
    hint = f": {needed:g} s are needed" if needed else ""
    if len(unsteady) == len(rows) and needed:
        yield f"No level is long enough to show that it is steady{hint}."
    else:
        verb = "is" if len(unsteady) == 1 else "are"
        yield f"{count(len(unsteady), 'level')} of {len(rows)} {verb} not steady{hint}."
