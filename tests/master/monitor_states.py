"""States of the monitor: of a fleet under load, made of raw batches, through the aggregate."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, run_of, schedule_of

from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.batch import Health
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News

GROUPS = ("customer", "guest", "merchant", "auditor", "teller", "trader", "batch-job", "mobile-app")
OBJECTIVES = (
    "p95 < 500ms",
    "p99 < 25ms",
    "error_rate < 1%",
    "p95(rates) < 1s",
    {"rule": "p50 < 1ms", "name": "swift at the median", "severity": "warn"},
    "connect.p95 < 50ms",
    "throughput > 1/s",
    "max < 2s",
    "p90(login) < 100ms",
)
LEVEL_S = 10


class Clock:
    """Shows the time to which it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def plan_with(groups: Sequence[str], thresholds: Sequence[Any] = OBJECTIVES) -> Plan:
    """Every group logs in and looks at rates: steps 2g and 2g + 1."""
    users = [
        {"name": name, "concurrency": 20, "behavior": [{"action": "login"}, {"action": "rates"}]} for name in groups
    ]
    return plan_of(users=users, thresholds=list(thresholds))


def staircase(groups: Sequence[str], levels: int = 8, *, endless: bool = False) -> Schedule:
    """From 5 users per group by 5 more every `LEVEL_S`, in two phases."""
    length, half = LEVEL_S * S, levels * LEVEL_S * S // 2
    users = [(5 * (level + 1),) * len(groups) for level in range(levels)]
    phase = [int(level * length >= half) for level in range(levels)]
    return Schedule(
        changes=tuple(Change(n * length, sum(some), some, n, phase[n]) for n, some in enumerate(users)),
        levels=tuple(Level(n, phase[n], n * length, (n + 1) * length, sum(some)) for n, some in enumerate(users)),
        phases=(SchedulePhase(0, "climb", 0, half, False), SchedulePhase(1, "peak", half, 2 * half, False)),
        end=None if endless else 2 * half,
        groups=tuple(groups),
    )


def records(
    seconds: int, groups: Sequence[str] = GROUPS, agents: int = 20, *, schedule: Schedule | None = None, **plan: Any
) -> Iterator[IntervalRecord]:
    """The last group misses a user on every agent's account; agent 3 is strained, agent 7 silent from second 12 on."""
    schedule = schedule or staircase(groups)
    asked = plan_with(groups, **plan)
    aggregate = aggregate_of(asked, schedule)
    for second in range(seconds):
        for number in range(agents):
            if number == 7 and second >= 12:
                continue
            aggregate.merge(f"agent-{number}", _batch(second, number, agents, groups))
        yield aggregate.close(second)


def _batch(second: int, number: int, agents: int, groups: Sequence[str]) -> Any:
    level = second // LEVEL_S
    share = 5 * (level + 1) / agents
    samples = [
        (2 * group + step, "", (8 + 3 * level + (second * 7 + number * 3 + group) % 11) * MS)
        for group in range(len(groups))
        for step in (0, 1)
        for _ in range(level + 1)
    ]
    if second % 4 == 0:
        samples += [(0, "timeout", 900 * MS), (1, "status", 40 * MS)]
    users = [
        (share * (0.8 if group == len(groups) - 1 else 1), share / 2, share / 2, 0) for group in range(len(groups))
    ]
    stretch = Stretch(level, second * S, (second + 1) * S, samples, users=users)
    cpu = 0.95 if number == 3 else 0.2 + 0.02 * number
    health = Health(cpu, 12 * (level + 1), 12 * (level + 1), 0)
    lags = [(1 + number % 5) * MS]
    return batch_of(second + 1, second, stretch, groups=len(groups), health=health, loop_lags=lags)


def monitor_state(
    seconds: int,
    groups: Sequence[str] = GROUPS,
    agents: int = 20,
    *,
    clock: Clock | None = None,
    endless: bool = False,
    **plan: Any,
) -> MonitorState:
    """The state after so many seconds, data 1 s old."""
    clock = clock or Clock()
    schedule = staircase(groups, endless=endless)
    state = MonitorState(schedule, clock)
    state.run = run_of(name="Bank, nightly", id="20260102T030405Z-ab12cd")
    for record in records(seconds, groups, agents, schedule=schedule, **plan):
        clock.now = 100.0 + record.end_s
        state.add(record)
    if seconds > 12 and agents > 7:
        text = (
            "agent agent-7 is silent: its 12 users stop at the end of its lease; unless it comes back, others take over"
        )
        state.add_news(News(14.2, "warning", text))
        state.add_news(News(17.9, "info", "agent agent-2 has taken over 12 users"))
    clock.now += 0.7
    return state


def records_of(samples: list[list[int]]) -> list[IntervalRecord]:
    """One interval per list of response times in ms; times above 99 failed."""
    schedule = schedule_of((2, 1), seconds=len(samples))
    aggregate = aggregate_of(plan_of(), schedule)
    closed = []
    for second, times in enumerate(samples):
        rows = [(0, "status" if ms > 99 else "", ms * MS) for ms in times]
        users = [(2, 1.5, 0.5, 0), (1, 0, 1, 0)]
        aggregate.merge("a", batch_of(second + 1, second, Stretch(0, second * S, (second + 1) * S, rows, users=users)))
        closed.append(aggregate.close(second))
    return closed


def drawn(lines: Iterable[Any]) -> str:
    """Lines as they are on the screen."""
    return "\n".join(line.plain for line in lines)
