"""The first assignment: exact at every level, in few runs, and never more than an agent holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.messages import SlotRun
from gradual_common.schedule.schedule import Change, Schedule
from gradual_common.schedule.slots import apportion
from gradual_master.coordination.slots.allocation import Owners, Shortfall, allocate, share_out, targets_of
from gradual_master.coordination.slots.table import SlotTable

S = 1_000_000_000


def schedule_of(*users: tuple[int, ...]) -> Schedule:
    """One level a second."""
    changes = tuple(Change(at * S, sum(counts), counts, at, 0) for at, counts in enumerate(users))
    return Schedule(changes, (), (), len(users) * S, tuple(f"g{number}" for number in range(len(users[0]))))


def mixed(mix: tuple[int, ...], totals: list[int]) -> Schedule:
    """A schedule of one mix, as docs/design/plan_language.md maps targets to groups."""
    return schedule_of(*(apportion(mix, total) for total in totals))


def active_of(schedule: Schedule, owners: Owners, users: tuple[int, ...], agents: int) -> tuple[int, ...]:
    """How many slots of each agent are active when group g runs the ordinals below `users[g]`."""
    groups = np.split(owners, np.cumsum(schedule.peak)[:-1])
    active = [part[:count] for part, count in zip(groups, users, strict=True)]
    return tuple(sum(int((part == agent).sum()) for part in active) for agent in range(agents))


def runs_of(schedule: Schedule, owners: Owners, agents: int) -> list[tuple[SlotRun, ...]]:
    """Each agent's slots as runs."""
    table = SlotTable(schedule.peak)
    return [table.give(str(agent), owners == agent) for agent in range(agents)]


mixes = st.lists(st.integers(1, 60), min_size=1, max_size=4).map(tuple)


@st.composite
def single_mix(draw: st.DrawFn) -> tuple[Schedule, list[int]]:
    mix = draw(mixes)
    totals = draw(st.lists(st.integers(0, sum(mix)), min_size=1, max_size=12))
    capacities = draw(st.lists(st.integers(1, 80), min_size=1, max_size=5))
    return mixed(mix, totals), capacities


@given(single_mix())
def test_at_every_level_each_agent_runs_exactly_its_webster_share(case: tuple[Schedule, list[int]]) -> None:
    schedule, capacities = case
    owners = allocate(schedule, capacities)
    needed = max(change.target for change in schedule.changes)
    if needed > sum(capacities):
        assert owners == Shortfall(sum(capacities), needed)
        return
    assert not isinstance(owners, Shortfall)
    for change in schedule.changes:
        active = active_of(schedule, owners, change.users, len(capacities))
        assert active == apportion(capacities, change.target)


@given(single_mix())
def test_every_slot_is_one_agents(case: tuple[Schedule, list[int]]) -> None:
    schedule, capacities = case
    owners = allocate(schedule, capacities)
    if isinstance(owners, Shortfall):
        return
    assert len(owners) == sum(schedule.peak)
    assert set(owners.tolist()) <= set(range(len(capacities)))


@given(st.integers(1, 5), mixes)
def test_equal_agents_are_within_one_user_of_each_other_at_every_total(agents: int, mix: tuple[int, ...]) -> None:
    schedule = mixed(mix, list(range(sum(mix) + 1)))
    owners = allocate(schedule, [1000] * agents)
    assert not isinstance(owners, Shortfall)
    for change in schedule.changes:
        active = active_of(schedule, owners, change.users, agents)
        assert max(active) - min(active) <= 1
        assert sum(active) == change.target


@given(st.data())
def test_shares_keep_rows_and_columns_exact(data: st.DataObject) -> None:
    growth = data.draw(st.lists(st.integers(0, 50), min_size=1, max_size=6))
    cuts = sorted(data.draw(st.lists(st.integers(0, sum(growth)), max_size=3)))
    raised = [high - low for low, high in zip([0, *cuts], [*cuts, sum(growth)], strict=True)]
    rows = share_out(raised, growth)
    assert [sum(row) for row in rows] == raised
    assert [sum(column) for column in zip(*rows, strict=True)] == growth


def test_groups_stay_mixed_over_the_agents() -> None:
    schedule = schedule_of((100, 50))
    assert runs_of(schedule, allocate(schedule, [1000, 1000]), 2) == [
        (SlotRun(0, 0, 50, 1), SlotRun(1, 0, 25, 1)),
        (SlotRun(0, 50, 50, 1), SlotRun(1, 25, 25, 1)),
    ]


def test_a_large_constant_plan_is_assigned_in_one_run_per_agent_and_group() -> None:
    schedule = schedule_of((60_000, 40_000))
    owners = allocate(schedule, [20_000] * 5)
    assert not isinstance(owners, Shortfall)
    assert [len(runs) for runs in runs_of(schedule, owners, 5)] == [2] * 5
    assert active_of(schedule, owners, (60_000, 40_000), 5) == (20_000,) * 5


def test_a_plan_that_the_fleet_cannot_hold_says_how_much_is_missing() -> None:
    assert allocate(schedule_of((10,), (500,)), [56, 44]) == Shortfall(100, 500)


def test_an_agent_that_several_mixes_would_overfill_is_named() -> None:
    assert allocate(schedule_of((3, 0), (0, 3), (2, 2)), [2, 2]) == Shortfall(2, 3, agent=0)


def test_what_an_agent_must_hold_is_what_is_active_at_once() -> None:
    # 12 slots in all, at most 6 of them active: what counts is what is active at once.
    assert not isinstance(allocate(schedule_of((6, 0), (0, 6)), [3, 3]), Shortfall)
    assert not isinstance(allocate(schedule_of((5, 0), (1, 4), (0, 5)), [5]), Shortfall)


@pytest.mark.parametrize("users", [((0,),), ((0, 0), (0, 0))])
def test_a_schedule_without_users_assigns_nothing(users: tuple[tuple[int, ...], ...]) -> None:
    owners = allocate(schedule_of(*users), [5, 5])
    assert not isinstance(owners, Shortfall)
    assert len(owners) == 0


def test_targets_are_distinct_and_smallest_first() -> None:
    assert targets_of(schedule_of((3, 1), (0, 2), (3, 1))) == [(0, 2), (3, 1)]
