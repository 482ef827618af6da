"""Levels that a search chooses: ordered in time, at the start of an interval, for slots that are there already."""

from dataclasses import replace

from fleet_model import CoreRun, S, id_of, notes_text, only, orders_in, schedule_of

from gradual_common.schedule.schedule import Level, Schedule, SchedulePhase, SearchedPhase
from gradual_master.coordination.events import ChooseLevel, EndSearch, Reschedule
from gradual_master.coordination.journal import LevelChosen, OrdersIssued
from gradual_master.coordination.lifecycle import State
from gradual_master.coordination.orders import SEARCH_LEAD_NS


def searching(seconds: int = 60, mix: tuple[int, ...] = (60, 30)) -> Schedule:
    """A search from 3 to 90 users in two groups."""
    first = replace(schedule_of((2, 1), seconds=seconds), searched=SearchedPhase(0, mix, (3, 9, 27, 81, sum(mix))))
    phase = SchedulePhase(0, "main", 0, seconds * S, False)
    return replace(first, levels=(Level(0, 0, 0, seconds * S, 3.0),), phases=(phase,))


def started(**schedule: int) -> CoreRun:
    run = CoreRun(searching(**schedule))
    run.to_running("a", "b")
    run.wait_until(run.start + 5 * S, "a", "b")
    return run


def test_slots_for_the_greatest_level_are_there_before_the_load() -> None:
    assert sum(map(len, started().assignments().values())) == 90


def test_every_level_that_may_come_is_spread_evenly_over_the_agents() -> None:
    held = started().assignments()
    for target in (3, 9, 27, 81, 90):
        users = searching().searched.users_of(target)  # type: ignore[union-attr]
        counts = [sum(ordinal < users[group] for group, ordinal, _ in slots) for slots in held.values()]
        assert sum(counts) == target
        assert abs(counts[0] - counts[1]) <= 1


def test_a_level_begins_with_an_interval_and_not_before_every_agent_has_its_order() -> None:
    run = started()
    run.wait(0.3, "a", "b")
    now = run.now
    given = run.handle(ChooseLevel(9, "3 users held; the next level has 9 users"))
    for stream in (run.streams["a"], run.streams["b"]):
        in_force, level = orders_in(given, stream).levels
        assert (in_force.number, level.number, level.users) == (0, 1, (6, 3))
        assert (level.apply_at - run.start) % S == 0
        assert SEARCH_LEAD_NS <= level.apply_at - now < SEARCH_LEAD_NS + S
    (changed,) = only(given, Reschedule)
    assert [(row.number, row.target) for row in changed.schedule.levels] == [(0, 3.0), (1, 9)]
    assert "3 users held; the next level has 9 users" in notes_text(run)


def test_it_is_in_the_journal_before_the_orders() -> None:
    run = started()
    run.handle(ChooseLevel(9, ""))
    chosen, issued = run.journal.decisions[-2:]
    assert isinstance(chosen, LevelChosen)
    assert (chosen.number, chosen.users) == (1, 9)
    assert isinstance(issued, OrdersIssued)


def test_a_level_may_go_down_and_an_agent_that_joins_learns_it() -> None:
    run = started()
    run.handle(ChooseLevel(9, ""))
    run.wait(5, "a", "b")
    run.handle(ChooseLevel(3, ""))
    run.wait(5, "a", "b")
    assert orders_in(run.instructions, run.streams["a"]).levels[0].number in (1, 2)
    run.greet("c")
    run.wait(3, "a", "b", "c")
    assert run.core.state is State.RUNNING
    assert id_of("c") in {agent.id for agent in run.core.facts().agents}


def test_no_level_begins_when_no_interval_is_left() -> None:
    run = started(seconds=7)
    run.wait_until(run.start + 6 * S, "a", "b")
    assert only(run.handle(ChooseLevel(9, "")), Reschedule) == []
    assert run.core.state is State.RUNNING


def test_the_duration_ends_a_search() -> None:
    run = started(seconds=7)
    run.wait_until(run.start + 7 * S + S // 10, "a", "b")
    assert run.core.state is State.DRAINING


def test_the_end_of_a_search_ends_the_run_as_its_schedule_does() -> None:
    run = started()
    given = run.handle(EndSearch("the search for capacity is over"))
    assert run.core.state is State.DRAINING
    assert orders_in(given, run.streams["a"]).levels[-1].number == -1
    assert "the search for capacity is over: users finish (2s at most)" in notes_text(run)
    assert run.core.signal is None
    assert only(run.handle(ChooseLevel(9, "")), Reschedule) == []
