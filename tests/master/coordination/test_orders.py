"""Orders: levels ahead, versions that rise, stops."""

from dataclasses import replace

from fleet_model import TERMS, S, schedule_of
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.clock import NEVER
from gradual_common.protocol.messages import LevelOrder, SlotRun
from gradual_common.schedule.schedule import Schedule
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.journal import Journal
from gradual_master.coordination.orders import RunOrders
from gradual_master.coordination.slots.table import SlotTable

SLOTS = (SlotRun(0, 0, 9, 1),)


def orders_of(schedule: Schedule, start: int | None = S) -> RunOrders:
    terms, out = replace(TERMS, epoch=3), Instructions(Journal())
    ordering = RunOrders(terms, schedule, Fleet(terms), SlotTable(schedule.peak), out)
    ordering.issue()
    if start is not None:
        ordering.begin(start)
    return ordering


def levels(ordering: RunOrders) -> list[tuple[int, int]]:
    return [(level.apply_at // S, level.number) for level in ordering.orders_for(SLOTS).levels]


def test_armed_orders_have_slots_and_no_levels() -> None:
    orders = orders_of(schedule_of((5,)), start=None).orders_for(SLOTS)
    assert (orders.epoch, orders.version, orders.slots, orders.levels) == (3, 1, SLOTS, ())
    assert orders.start == NEVER


def test_levels_of_the_next_two_leases_are_ordered() -> None:
    ordering = orders_of(schedule_of((1,), (2,), (3,), (4,), seconds=9))
    assert levels(ordering) == [(1, 0), (10, 1), (19, 2)]
    assert ordering.version == 2


def test_the_end_of_the_schedule_is_a_level_of_its_own() -> None:
    orders = orders_of(schedule_of((5, 1), seconds=4)).orders_for(SLOTS)
    assert orders.levels[-1] == LevelOrder(5 * S, -1, 0, (0, 0))
    assert orders.graceful_stop == 2 * S


def test_a_schedule_without_end_orders_no_drain() -> None:
    ordering = orders_of(schedule_of((5,), seconds=4, endless=True))
    assert levels(ordering) == [(1, 0)]
    assert ordering.end is None


@given(st.integers(1, 30), st.integers(1, 40), st.lists(st.integers(1, 2000), min_size=1, max_size=60))
def test_refreshed_orders_always_cover_the_next_lease(seconds: int, count: int, waits: list[int]) -> None:
    """Whoever has heard the newest orders knows every level that comes before its lease can be over."""
    schedule = schedule_of(*((n,) for n in range(count)), seconds=seconds)
    ordering = orders_of(schedule)
    every = [(S + change.at, change.level) for change in schedule.changes] + [(S + (schedule.end or 0), -1)]
    now, version = S, ordering.version
    for wait in waits:
        now += wait * 1_000_000
        if ordering.is_due(now):
            ordering.refresh(now)
            assert ordering.version == version + 1
            version += 1
        known = {(level.apply_at, level.number) for level in ordering.orders_for(SLOTS).levels}
        assert {level for level in every if now <= level[0] < now + 10 * S} <= known
        in_force = [level for level in every if level[0] <= now]
        assert in_force[-1] in known


def test_orders_are_not_refreshed_for_nothing() -> None:
    ordering = orders_of(schedule_of((1,), (2,), seconds=60))
    assert not ordering.is_due(40 * S)
    assert ordering.is_due(47 * S)


def test_a_stop_orders_zero_users_from_now_on() -> None:
    ordering = orders_of(schedule_of((5,), (6,), seconds=60))
    ordering.stop(9 * S)
    assert levels(ordering) == [(1, 0), (9, -1)]
    assert ordering.end == 9 * S
    assert not ordering.is_due(10**20)


def test_a_second_stop_keeps_the_instant_and_takes_the_grace() -> None:
    ordering = orders_of(schedule_of((5,), seconds=60))
    ordering.stop(9 * S)
    version = ordering.version
    ordering.stop(12 * S, graceful_stop=0)
    orders = ordering.orders_for(SLOTS)
    assert levels(ordering) == [(1, 0), (9, -1)]
    assert (orders.version, orders.graceful_stop) == (version + 1, 0)


def test_a_stop_in_the_drain_keeps_the_end_of_the_schedule() -> None:
    ordering = orders_of(schedule_of((5,), seconds=4))
    ordering.stop(9 * S)
    assert levels(ordering) == [(1, 0), (5, -1)]


def test_users_ahead_are_the_most_from_now_on() -> None:
    ordering = orders_of(schedule_of((5, 0), (1, 3), (2, 2), endless=True))
    assert [ordering.users_ahead(at * S) for at in (0, 1, 12, 22, 99)] == [(5, 3), (5, 3), (2, 3), (2, 2), (2, 2)]


def test_users_now_are_those_of_the_level_in_force() -> None:
    ordering = orders_of(schedule_of((5, 0), (1, 3)))
    assert [ordering.users_at(at * S) for at in (0, 1, 12)] == [(0, 0), (5, 0), (1, 3)]


def test_changed_slots_are_a_new_version_of_the_same_levels() -> None:
    ordering = orders_of(schedule_of((5,)))
    before = ordering.orders_for(SLOTS)
    ordering.issue()
    after = ordering.orders_for(SLOTS)
    assert (after.version, after.levels) == (before.version + 1, before.levels)
