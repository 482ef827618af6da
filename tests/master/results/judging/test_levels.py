"""The level table, and the users that were wanted but missing, to the nanosecond."""

from typing import Any

import pytest
from raw_run import MS, START, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of

from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.protocol.batch import Health
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.results.facts import SlotsFinished
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.measures.scheduled_users import ScheduledUsers
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary


def summary_of(*stretches: Stretch, schedule: Schedule, plan: Plan | None = None, **facts: Any) -> Summary:
    plan = plan or plan_of()
    aggregate = aggregate_of(plan, schedule)
    for second, stretch in enumerate(stretches):
        aggregate.merge("a", batch_of(second + 1, second, stretch))
    return build_summary(aggregate, fleet_of(agent("a")), run_of(**facts))


def rows_of(*stretches: Stretch, schedule: Schedule, **facts: Any) -> tuple[LevelRow, ...]:
    return summary_of(*stretches, schedule=schedule, **facts).levels


def test_a_level_says_what_the_system_did_at_its_concurrency() -> None:
    busy = [(2.0, 1.5, 0.5, 0.0), (1.0, 0.25, 0.75, 0.0)]
    samples = [(0, "", 10 * MS), (1, "", 20 * MS), (2, "status", 40 * MS)]
    first, second = rows_of(
        Stretch(0, 0, S, samples, users=busy),
        Stretch(1, S, 2 * S, users=[(4, 0, 4, 0), (2, 0, 2, 0)]),
        schedule=schedule_of((2, 1), (4, 2), seconds=1),
    )
    assert (first.phase, first.start_s, first.end_s, first.steady_from_s, first.target) == ("main", 0, 1, None, 3)
    assert (first.users_mean, first.in_flight_mean, first.thinking_mean) == (3, 1.75, 1.25)
    assert (first.requests, first.failures) == (3, 1)
    assert (first.throughput_rps, first.request_rate_rps) == (2, 3)
    assert first.missing_user_s == 0
    assert (first.response_time_ms.min, first.response_time_ms.max) == (10, 40)
    assert first.marks == ("failures",), "a third of it failed"
    assert first.failing == ("guest / rates",)
    assert second.failing == ()
    assert (second.target, second.requests, second.response_time_ms.p50) == (6, 0, None)


def test_a_step_that_fails_at_every_level_is_distinguished_from_one_that_fails_at_some_levels() -> None:
    ok, failed = "", "status"
    rows = rows_of(
        Stretch(0, 0, S, [(0, ok, MS), (1, ok, MS)]),
        Stretch(1, S, 2 * S, [(0, failed, MS), (1, ok, MS), (2, failed, MS)]),
        Stretch(2, 2 * S, 3 * S, [(0, failed, MS), (2, failed, MS)]),
        schedule=schedule_of((2, 1), (4, 2), (6, 3), seconds=1),
    )
    (overloaded,) = set(rows[1].failing) - set(rows[1].failing_always)
    (broken,) = rows[1].failing_always
    assert broken != overloaded
    assert [row.failing for row in rows] == [(), (overloaded, broken), (overloaded, broken)]
    assert [row.failing_always for row in rows] == [(), (broken,), (broken,)]


def test_missing_users_are_counted_per_group_and_never_made_good_by_another() -> None:
    stretch = Stretch(0, 0, S, users=[(1, 1, 0, 0), (3, 1, 2, 0)])
    summary = summary_of(stretch, schedule=schedule_of((2, 1), seconds=1))
    assert summary.levels[0].missing_user_s == 1
    assert summary.levels[0].marks == ("missing",)
    assert (summary.fleet.scheduled_user_s, summary.fleet.missing_user_s) == (3, 1)


def test_all_users_of_a_level_without_measurements_are_missing() -> None:
    full = Stretch(0, 0, S, users=[(2, 0, 0, 0), (1, 0, 0, 0)])
    summary = summary_of(full, schedule=schedule_of((2, 1), (4, 2), seconds=1))
    assert [row.missing_user_s for row in summary.levels] == [0, 6]
    assert summary.verdict.status == "invalid"


def test_no_users_of_a_stopped_run_are_missing_after_the_stop() -> None:
    users = [(2, 0, 0, 0), (1, 0, 0, 0)]
    stretch = Stretch(0, 0, S // 2, users=users)
    summary = summary_of(stretch, schedule=schedule_of((2, 1), (4, 2)), stop_signal="interrupt")
    assert [(row.start_s, row.end_s, row.missing_user_s) for row in summary.levels] == [(0, 0.5, 0)]
    assert summary.fleet.scheduled_user_s == 1.5


def test_a_level_is_marked_when_its_agents_were_saturated_or_late() -> None:
    users = [(2, 1, 1, 0), (1, 0.5, 0.5, 0)]
    plan, schedule = plan_of(), schedule_of((2, 1), (2, 1), (2, 1), seconds=10)
    aggregate = aggregate_of(plan, schedule)
    for second in range(30):
        busy = 10 <= second < 15
        # Of a second in which 1.5 users think, 0.5 user-seconds were slept over: 502 ms less 2 ms that are allowed.
        late = [502 * MS] if second == 25 else []
        stretch = Stretch(second // 10, second * S, (second + 1) * S, users=users)
        health = Health(0.95 if busy else 0.3, 3, 3, 0)
        aggregate.merge("a", batch_of(second + 1, second, stretch, health=health, start_lags=late * 3))
    summary = build_summary(aggregate, fleet_of(agent("a")), run_of())
    assert [row.marks for row in summary.levels] == [(), ("saturated",), ("unaccounted",)]
    gaps = [gap.unaccounted for gap in summary.analysis.littles_law.levels]
    assert gaps == [0, 0, pytest.approx(1.5 / 30, rel=0.01)]
    assert (summary.fleet.intervals, summary.fleet.saturated_intervals, summary.agents[0].saturated) == (30, 5, 5)
    assert summary.verdict.status == "invalid"


def test_a_warm_up_level_is_shown_and_flagged() -> None:
    rows = rows_of(schedule=schedule_of((2, 1), (4, 2), warm_up=1))
    assert [row.warm_up for row in rows] == [True, False]


def test_a_pause_is_not_a_level() -> None:
    changes = (Change(0, 3, (2, 1), 0, 0), Change(S, 0, (0, 0), 1, 1), Change(2 * S, 3, (2, 1), 2, 1))
    levels = (Level(0, 0, 0, S, 3), Level(1, 1, S, 2 * S, 0), Level(2, 1, 2 * S, 3 * S, 3))
    phases = (SchedulePhase(0, "one", 0, S, False), SchedulePhase(1, "two", 2 * S, 3 * S, False))
    rows = rows_of(schedule=Schedule(changes, levels, phases, 3 * S, ("customer", "guest")))
    assert [(row.phase, row.start_s) for row in rows] == [("one", 0), ("two", 2)]


def test_a_stretch_of_a_linear_ramp_has_its_mean_users_as_target() -> None:
    config = {"duration": "20s", "ramp_up": {"strategy": "linear", "over": "10s"}}
    plan = plan_of(config=config | {"base_url": "http://bank.example"})
    rows = rows_of(schedule=compile_schedule(plan), plan=plan)
    assert sum(row.target * (row.end_s - row.start_s) for row in rows) == pytest.approx(
        ScheduledUsers(compile_schedule(plan)).between(0, 20 * S).sum() / S, abs=0.01
    )


def users_who_end(**facts: Any) -> Summary:
    """Customers do one iteration and end after a second of the four."""
    step = {"action": "rates"}
    plan = plan_of(users=[{"name": "customer", "concurrency": 2, "behavior": [step], "iterations": 1}])
    schedule = schedule_of((2,), seconds=4)
    aggregate = aggregate_of(plan, schedule)
    for second, active in enumerate((2, 0)):
        stretch = Stretch(0, second * S, (second + 1) * S, users=[(active, 0, 0, 0)])
        aggregate.merge("a", batch_of(second + 1, second, stretch, groups=1))
    return build_summary(aggregate, fleet_of(agent("a"), **facts), run_of())


def test_users_who_have_done_their_iterations_are_not_missing() -> None:
    summary = users_who_end(finished=(SlotsFinished(START + S, 0, 2),))
    assert (summary.fleet.scheduled_user_s, summary.fleet.missing_user_s) == (2, 0)


def test_a_schedule_without_end_ends_with_what_was_measured() -> None:
    stretch = Stretch(0, 0, S, users=[(2, 0, 0, 0), (1, 0, 0, 0)])
    summary = summary_of(stretch, schedule=schedule_of((2, 1), endless=True))
    assert [(row.start_s, row.end_s) for row in summary.levels] == [(0, 1)]
