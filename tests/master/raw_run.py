"""Batches made by hand from raw samples, for the tests of everything that comes after a batch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradual_common.histogram.columns import pack_values
from gradual_common.kinds.failures import KIND
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.batch import (
    COUNTER,
    COUNTERS,
    ITERATION,
    LOOP_LAG,
    RESPONSE_TIME,
    START_LAG,
    Applied,
    Batch,
    Frame,
    Health,
)
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.facts import AgentFacts, FleetFacts, RunFacts

S = 1_000_000_000
MS = 1_000_000
START = 7 * S
"""The run time at which the schedule of these tests begins."""


def plan_of(**changes: Any) -> Plan:
    """Two groups: customers log in and browse, guests look at rates. Steps 0, 1, 2; iterations 3, 4."""
    document: dict[str, Any] = {
        "config": {"name": "bank", "base_url": "http://bank.example", "duration": "4s"},
        "users": [
            {"name": "customer", "concurrency": 4, "behavior": [{"action": "login"}, {"action": "browse"}]},
            {"name": "guest", "concurrency": 2, "behavior": [{"action": "rates"}]},
        ],
        "actions": {
            "login": {"url": "/login", "method": "POST", "assertions": [{"status_code": 200}]},
            "browse": {"url": "/browse"},
            "rates": {"url": "/rates"},
        },
    }
    return Plan.model_validate(document | changes)


def schedule_of(*levels: tuple[int, ...], seconds: int = 2, warm_up: int = 0, endless: bool = False) -> Schedule:
    """Levels of equal length given by users per group; the first `warm_up` of them are a phase of their own."""
    length = seconds * S
    changes, rows = [], []
    for number, users in enumerate(levels):
        phase = 1 if warm_up and number >= warm_up else 0
        changes.append(Change(number * length, sum(users), users, number, phase))
        rows.append(Level(number, phase, number * length, (number + 1) * length, float(sum(users))))
    end = len(levels) * length
    phases = [SchedulePhase(0, "main", 0, end, False)]
    if warm_up:
        phases = [
            SchedulePhase(0, "warm", 0, warm_up * length, True),
            SchedulePhase(1, "main", warm_up * length, end, False),
        ]
    groups = ("customer", "guest")[: len(levels[0]) if levels else 2]
    return Schedule(tuple(changes), tuple(rows), tuple(phases), None if endless else end, groups)


@dataclass
class Stretch:
    """One frame: its level, its start and end (ns since the start of the schedule), and what was measured in it.

    `samples`: (step, failure kind or "", ns); `other`: (step, kind, measure, ns) beside response times; `counters`:
    step → counter → number; `users`: per group (active, in request, thinking, stopping) as means over the stretch.
    """

    level: int
    begin: int
    end: int
    samples: Sequence[tuple[int, str, int]] = ()
    other: Sequence[tuple[int, str, int, int]] = ()
    counters: dict[int, dict[str, int]] = field(default_factory=dict)
    statuses: Sequence[tuple[int, int, int] | tuple[int, str, int, int]] = ()
    assertions: Sequence[tuple[int, int, int, int]] = ()
    users: Sequence[tuple[float, float, float, float]] = ()
    iterations: Sequence[tuple[int, int]] = ()


def batch_of(
    number: int,
    interval: int,
    *stretches: Stretch,
    groups: int = 2,
    last: bool = False,
    health: Health | None = None,
    applied: tuple[Applied, ...] = (),
    loop_lags: Sequence[int] = (),
    start_lags: Sequence[int] = (),
) -> Batch:
    """The batch that an agent would seal over these stretches."""
    cells, values = _cells(stretches)
    keys = list(values)
    position = {cell: place for place, cell in enumerate(cells)}
    packed = [(position[key[:3]], key[3]) for key in keys]
    lags = [((-1, measure), lag) for measure, lag in ((LOOP_LAG, loop_lags), (START_LAG, start_lags)) if lag]
    requests = Counter(
        (frame, step, KIND[kind]) for frame, stretch in enumerate(stretches) for step, kind, _ in stretch.samples
    )
    return Batch(
        number=number,
        interval=interval,
        last=last,
        frames=tuple(Frame(stretch.level, START + stretch.begin, START + stretch.end) for stretch in stretches),
        users=_users(stretches, groups),
        iterations=_iterations(stretches, groups),
        cells=np.array(list(position), dtype=np.int32).reshape(-1, 3),
        requests=np.array([requests[cell] for cell in position], dtype=np.int64),
        counters=_counters(stretches),
        statuses=_statuses(stretches),
        assertions=_rows(stretches, "assertions", 5),
        histograms=pack_values(
            [*packed, *(key for key, _ in lags)],
            [*(np.array(values[key], dtype=np.int64) for key in keys), *(np.array(v, dtype=np.int64) for _, v in lags)],
        ),
        health=health or Health(0.5, 6, 6, 0),
        applied=applied,
    )


def _cells(stretches: Sequence[Stretch]) -> tuple[list[tuple[int, int, int]], dict[Any, list[int]]]:
    """The cells, and the values of each cell and measure; who got no response has no response time."""
    cells: dict[tuple[int, int, int], None] = {}
    values: dict[Any, list[int]] = defaultdict(list)
    for frame, stretch in enumerate(stretches):
        for step, kind, ns in stretch.samples:
            cells[frame, step, KIND[kind]] = None
            if kind not in ("connect", "reset"):
                values[frame, step, KIND[kind], RESPONSE_TIME].append(ns)
        for step, kind, measure, ns in stretch.other:
            cells[frame, step, KIND[kind]] = None
            values[frame, step, KIND[kind], measure].append(ns)
    return list(cells), values


def _counters(stretches: Sequence[Stretch]) -> Any:
    """By default every request was sent."""
    rows = []
    for frame, stretch in enumerate(stretches):
        completed = Counter(step for step, _, _ in stretch.samples)
        for step in sorted(completed.keys() | stretch.counters.keys()):
            row = [0] * len(COUNTERS)
            row[COUNTER["sent"]] = completed[step]
            for name, count in stretch.counters.get(step, {}).items():
                row[COUNTER[name]] = count
            rows.append([frame, step, *row])
    return np.array(rows, dtype=np.int64).reshape(-1, 2 + len(COUNTERS))


def _statuses(stretches: Sequence[Stretch]) -> Any:
    """Codes from 400 on are failures of kind `status`, unless the row names a kind; without any row they are 500."""
    rows = [
        (frame, *row)
        for frame, stretch in enumerate(stretches)
        for row in stretch.statuses or [(step, 500, 1) for step, kind, _ in stretch.samples if kind == "status"]
    ]
    named = [row if len(row) == 5 else (*row[:2], "status" if row[2] >= 400 else "", *row[2:]) for row in rows]
    return np.array([(*row[:2], KIND[row[2]], *row[3:]) for row in named], dtype=np.int64).reshape(-1, 5)


def _rows(stretches: Sequence[Stretch], name: str, width: int) -> Any:
    rows = [[frame, *row] for frame, stretch in enumerate(stretches) for row in getattr(stretch, name)]
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _users(stretches: Sequence[Stretch], groups: int) -> Any:
    users = np.zeros((len(stretches), groups, 4), dtype=np.int64)
    for frame, stretch in enumerate(stretches):
        for group, means in enumerate(stretch.users):
            users[frame, group] = [round(mean * (stretch.end - stretch.begin)) for mean in means]
    return users


def _iterations(stretches: Sequence[Stretch], groups: int) -> Any:
    iterations = np.zeros((len(stretches), groups, 2), dtype=np.int64)
    for frame, stretch in enumerate(stretches):
        for group, counts in enumerate(stretch.iterations):
            iterations[frame, group] = counts
    return iterations


def iteration_time(group_series: int, ns: int) -> tuple[int, str, int, int]:
    """An entry of `Stretch.other`: one iteration."""
    return group_series, "", ITERATION, ns


def aggregate_of(plan: Plan, schedule: Schedule, interval: int = S) -> Aggregate:
    """An aggregate whose schedule has begun."""
    made = Aggregate(plan, schedule, interval)
    made.start = START
    return made


def fleet_of(*agents: AgentFacts, **facts: Any) -> FleetFacts:
    return FleetFacts(agents=agents, **facts)


def agent(name: str, *, begun: int = 0, lost: bool = False, offset: int = 0) -> AgentFacts:
    return AgentFacts(id=name, name=name, host="here", lost=lost, offset=offset, begun=begun)


def run_of(**facts: Any) -> RunFacts:
    """The facts of a run of 5 s."""
    known: dict[str, Any] = {
        "id": "run-1",
        "name": "raw",
        "started_at": "2026-01-02T03:04:05+00:00",
        "finished_at": "2026-01-02T03:04:10+00:00",
        "duration_s": 5.0,
        "plan_sha256": "ab" * 32,
        "load_sha256": "cd" * 32,
        "seed": 42,
        "command": "gradual run plan.yaml",
        "allow_missing": 0.01,
        "allow_saturated": False,
    }
    return RunFacts(**known | facts)
