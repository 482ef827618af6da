"""A long run out of nothing: batches of a system that slows down with its users, through the real aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of

from gradual_common.protocol.batch import EXCHANGE, TTFB, Health
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.measures.series import Series, SeriesTable
from gradual_master.results.summary.history import History, News
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

PLAN = """config:
  name: simulated
"""
LEVELS = 12
ACTIONS = 20
RULES = ({"rule": "p95 < 500ms"}, {"rule": "count > 1000000", "severity": "warn"})
SAMPLES = 40
"""Samples of a second, at the most."""

ERROR_SAMPLE: dict[str, Any] = {
    "group": "customer",
    "step": "action-3",
    "action": "action-3",
    "kind": "status",
    "picked": "first",
    "at_s": 12.25,
    "agent": "agent-1",
    "slot": 4,
    "detail": "500 Internal Server Error",
    "request": {
        "method": "POST",
        "url": "http://bank.example/transfer",
        "headers": [["content-type", "application/json"], ["authorization", "***"]],
        "body": '{"to": 7}',
        "body_bytes": 9,
    },
    "response": {
        "status_code": 500,
        "headers": [["content-type", "text/plain"]],
        "body": "out of order",
        "body_bytes": 12,
    },
    "curl": "curl -X POST -d '{\"to\": 7}' http://bank.example/transfer",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
}


def simulated_run(
    seconds: int = 3600,
    actions: int = ACTIONS,
    news: Sequence[News] = (),
    rules: Sequence[dict[str, Any]] = RULES,
    times: int = 1,
) -> Summary:
    """One agent over `seconds` intervals of a second, `LEVELS` levels, the first of them warm-up.

    The course of the run holds its intervals `times` times over: as many points as a run of that length, for less work.
    """
    schedule = _schedule(seconds)
    aggregate, records = simulated_aggregate(schedule, actions, rules)
    summary = summary_of(aggregate, seconds)
    series = aggregate.series if times == 1 else _repeated(records, schedule.groups, times)
    history = History(series.table(), tuple(news), schedule, PLAN, aggregate.step_series.table())
    return replace(summary, history=history, error_samples=(ERROR_SAMPLE,))


def simulated_hour(levels: int) -> Aggregate:
    """What was measured in an hour of `levels` equal levels, before anything is judged."""
    return simulated_aggregate(_schedule(3600, levels), ACTIONS, RULES)[0]


def simulated_aggregate(
    schedule: Schedule, actions: int, rules: Sequence[dict[str, Any]]
) -> tuple[Aggregate, list[IntervalRecord]]:
    """The measurements of one agent over a schedule, and their intervals."""
    aggregate, rng = aggregate_of(_plan(actions, rules), schedule), np.random.default_rng(7)
    seconds, levels, records = (schedule.end or 0) // S, len(schedule.levels), []
    for second in range(seconds):
        stretch = _stretch(second, schedule, actions, rng)
        lags = (int(rng.exponential(2 * MS)),)
        health = Health(0.2 + 0.3 * stretch.level / levels, 10, 10, 0)
        batch = batch_of(
            second + 1, second, stretch, last=second == seconds - 1, health=health, loop_lags=lags, start_lags=lags
        )
        aggregate.merge("agent-1", batch)
        records.append(aggregate.close(second))
    return aggregate, records


def summary_of(aggregate: Aggregate, seconds: int) -> Summary:
    """The summary of such a run of `seconds`."""
    return build_summary(aggregate, fleet_of(agent("agent-1")), run_of(duration_s=float(seconds)))


def series_of(seconds: int, *samples: tuple[int, int]) -> SeriesTable:
    """Response times of (second, ns)."""
    plan, schedule = plan_of(), schedule_of((1, 1), seconds=seconds)
    aggregate = aggregate_of(plan, schedule)
    for second in range(seconds):
        mine = [(0, "", ns) for at, ns in samples if at == second]
        aggregate.merge("a", batch_of(second + 1, second, Stretch(0, second * S, (second + 1) * S, mine)))
    aggregate.settle()
    return aggregate.series.table()


def _repeated(records: Sequence[IntervalRecord], groups: Sequence[str], times: int) -> Series:
    series = Series(groups)
    for number in range(times * len(records)):
        record = records[number % len(records)]
        series.add(replace(record, number=number, start_s=float(number), end_s=float(number + 1)))
    return series


def _plan(actions: int, rules: Sequence[dict[str, Any]]) -> Any:
    names = [f"action-{number}" for number in range(actions)]
    half = actions // 2
    users = [
        {"name": "customer", "concurrency": 40, "behavior": [{"action": name} for name in names[:half]]},
        {"name": "guest", "concurrency": 20, "behavior": [{"action": name} for name in names[half:]]},
    ]
    return plan_of(users=users, actions={name: {"url": f"/{name}"} for name in names}, thresholds=list(rules))


def _schedule(seconds: int, levels: int = LEVELS) -> Schedule:
    length = seconds * S // levels
    users = [(4 * (number + 1), 2 * (number + 1)) for number in range(levels)]
    begins = [number * length for number in range(levels)]
    ends = [*begins[1:], seconds * S]
    return Schedule(
        changes=tuple(Change(begins[n], sum(users[n]), users[n], n, min(n, 1)) for n in range(levels)),
        levels=tuple(Level(n, min(n, 1), begins[n], ends[n], float(sum(users[n]))) for n in range(levels)),
        phases=(SchedulePhase(0, "warm", 0, length, True), SchedulePhase(1, "climb", length, seconds * S, False)),
        end=seconds * S,
        groups=("customer", "guest"),
    )


def _stretch(second: int, schedule: Schedule, actions: int, rng: np.random.Generator) -> Stretch:
    level = max(change.level for change in schedule.changes if change.at <= second * S)
    count = SAMPLES * (level + 1) // len(schedule.levels) + 1
    steps = rng.integers(0, actions, count).tolist()
    times = (rng.lognormal(3 + 0.08 * level, 0.5, count) * MS).astype(np.int64).tolist()
    kinds = [("timeout" if luck < 0.002 else "status" if luck < 0.01 else "") for luck in rng.random(count).tolist()]
    samples = list(zip(steps, kinds, times, strict=True))
    users = [
        (4.0 * (level + 1), 1.0, 4.0 * (level + 1) - 1, 0.0),
        (2.0 * (level + 1), 0.5, 2.0 * (level + 1) - 0.5, 0.0),
    ]
    return Stretch(
        level,
        second * S,
        (second + 1) * S,
        samples,
        other=[
            (step, kind, measure, ns // 2)
            for step, kind, ns in samples
            if kind != "timeout"
            for measure in (EXCHANGE, TTFB)
        ],
        statuses=[(step, 500 if kind == "status" else 200, 1) for step, kind, _ in samples if kind != "timeout"],
        users=users,
        iterations=[(1, 0), (1, 0)],
    )
