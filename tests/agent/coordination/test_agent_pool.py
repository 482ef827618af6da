"""Slots: never two users of one slot, never more active than the level says."""

from collections.abc import Iterable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gradual_agent.coordination.events import CutUsers, DrainUsers, Wake
from gradual_agent.coordination.pool import (
    Drained,
    Finished,
    PoolInstruction,
    Release,
    SlotPool,
    StartUser,
    StopUser,
    UserEnded,
    as_runs,
)
from gradual_common.clock import NEVER
from gradual_common.protocol.batch import Applied
from gradual_common.protocol.messages import LevelOrder, Orders, SlotRun

MS = 1_000_000
GRACE = 1000 * MS


def orders(version: int, slots: Iterable[SlotRun], levels: Iterable[LevelOrder], graceful_stop: int = GRACE) -> Orders:
    return Orders(1, version, tuple(slots), tuple(levels), 0, graceful_stop)


def level(apply_at: int, *users: int, number: int = 0) -> LevelOrder:
    return LevelOrder(apply_at, number, 0, users)


def end_of_schedule(apply_at: int, groups: int = 1) -> LevelOrder:
    return LevelOrder(apply_at, -1, 0, (0,) * groups)


def running(users: int, slots: int = 4) -> SlotPool:
    """A pool with `users` of `slots` slots taken since instant 0."""
    pool = SlotPool()
    pool.handle(orders(1, [SlotRun(0, 0, slots, 1)], [level(0, users)]), 0)
    return pool


def active(pool: SlotPool) -> int:
    """How many users are not asked to stop, or hand over."""
    return sum(user.deadline is None or user.hands_over for user in pool._users.values())


def test_levels_ahead_wait_for_their_instant() -> None:
    pool = SlotPool()
    ahead = [level(100, 1), level(200, 3, number=1)]
    assert pool.handle(orders(1, [SlotRun(0, 0, 4, 1)], ahead), 50) == []
    assert pool.next_deadline == 100
    assert pool.handle(Wake(), 99) == []
    assert pool.handle(Wake(), 101) == [Applied(0, 100, 101), StartUser((0, 0), 1)]
    assert pool.next_deadline == 200
    assert pool.handle(Wake(), 200) == [Applied(1, 200, 200), StartUser((0, 1), 1), StartUser((0, 2), 1)]
    assert pool.next_deadline == NEVER


def test_only_our_ordinals_below_the_target_have_users() -> None:
    pool = SlotPool()
    mine = [SlotRun(0, 1, 1, 1), SlotRun(0, 3, 1, 1), SlotRun(1, 0, 2, 5)]
    instructions = pool.handle(orders(1, mine, [level(0, 3, 1)]), 0)
    assert instructions == [StartUser((0, 1), 1), StartUser((1, 0), 5)]


def test_a_lower_level_stops_users_at_the_latest_after_graceful_stop() -> None:
    pool = running(3)
    pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [level(0, 3), level(10, 1, number=1)]), 5)
    assert pool.handle(Wake(), 10) == [
        Applied(1, 10, 10),
        StopUser((0, 1), 10 + GRACE),
        StopUser((0, 2), 10 + GRACE),
    ]
    assert active(pool) == 1


def test_stops_come_before_starts() -> None:
    pool = SlotPool()
    slots = [SlotRun(0, 0, 1, 1), SlotRun(1, 0, 1, 1)]
    pool.handle(orders(1, slots, [level(0, 0, 1), level(10, 1, 0, number=1)]), 0)
    assert pool.handle(Wake(), 10) == [Applied(1, 10, 10), StopUser((1, 0), 10 + GRACE), StartUser((0, 0), 1)]


def dues(instructions: list[PoolInstruction]) -> list[int]:
    """Since when the users that start were to be there."""
    return [instruction.due for instruction in instructions if isinstance(instruction, StartUser)]


def test_a_slot_starts_only_when_its_former_user_has_ended_and_says_since_when_it_was_due() -> None:
    pool = running(1)
    slots = [SlotRun(0, 0, 4, 1)]
    pool.handle(orders(2, slots, [level(1, 0, number=1), level(100, 1, number=2)]), 1)
    assert pool.handle(Wake(), 100) == [Applied(2, 100, 100)]
    instructions = pool.handle(UserEnded((0, 0), 1, finished=False), 151)
    assert instructions == [StartUser((0, 0), 1)]
    assert dues(instructions) == [100]


def test_a_late_level_is_applied_at_once_and_its_starts_were_due_when_it_was() -> None:
    pool = SlotPool()
    pool.handle(orders(1, [SlotRun(0, 0, 4, 1)], []), 0)
    instructions = pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [level(0, 2)]), 60 * MS)
    assert instructions == [Applied(0, 0, 60 * MS), StartUser((0, 0), 1), StartUser((0, 1), 1)]
    assert dues(instructions) == [0, 0]


def test_a_level_that_was_in_force_before_the_agent_joined_is_not_late_nor_are_its_users() -> None:
    pool = SlotPool()
    instructions = pool.handle(orders(1, [SlotRun(0, 0, 4, 1)], [level(0, 2)]), 60 * MS)
    assert instructions == [StartUser((0, 0), 1), StartUser((0, 1), 1)]
    assert dues(instructions) == [60 * MS, 60 * MS]


def test_of_several_levels_that_are_due_only_the_last_moves_users() -> None:
    pool = SlotPool()
    pool.handle(orders(1, [SlotRun(0, 0, 4, 1)], [level(10, 1), level(20, 4, number=1), level(30, 2, number=2)]), 0)
    assert pool.handle(Wake(), 30) == [
        Applied(0, 10, 30),
        Applied(1, 20, 30),
        Applied(2, 30, 30),
        StartUser((0, 0), 1),
        StartUser((0, 1), 1),
    ]


def test_orders_that_say_the_same_again_move_no_user() -> None:
    pool = running(3)
    assert pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [level(0, 3)]), 5) == []


def test_a_level_of_former_orders_that_is_due_is_in_force_though_newer_ones_name_only_later_ones() -> None:
    """A process that was held up, with a clock that is late: the master takes that level for past."""
    pool = SlotPool()
    mine = [SlotRun(0, 0, 4, 1)]
    pool.handle(orders(1, mine, [level(0, 3), level(100, 1, number=1)]), 0)
    instructions = pool.handle(orders(2, mine, [level(200, 2, number=2)]), 150)
    assert instructions == [Applied(1, 100, 150), StopUser((0, 1), 150 + GRACE), StopUser((0, 2), 150 + GRACE)]
    assert pool.next_deadline == 200


def test_orders_without_a_level_that_is_due_leave_the_one_in_force() -> None:
    pool = running(3)
    assert pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [level(99, 1, number=1)]), 5) == []
    assert active(pool) == 3


def test_a_slot_taken_away_is_released_at_once_or_when_its_user_has_handed_over() -> None:
    pool = running(2)
    instructions = pool.handle(orders(2, [SlotRun(0, 0, 1, 1)], [level(0, 2)]), 5)
    assert instructions == [Release((0, 2), 1), Release((0, 3), 1), StopUser((0, 1), 5 + GRACE, hands_over=True)]
    assert active(pool) == 2
    assert pool.handle(UserEnded((0, 1), 1, finished=False), 9) == [Release((0, 1), 1)]
    assert pool.held == (SlotRun(0, 0, 1, 1),)


def test_a_user_that_hands_over_ends_with_the_level_that_does_not_want_it() -> None:
    pool = running(3)
    pool.handle(orders(2, [SlotRun(0, 0, 1, 1)], [level(0, 3), level(20, 2, number=1)]), 5)
    assert pool.handle(Wake(), 20) == [Applied(1, 20, 20), StopUser((0, 2), 5 + GRACE)]
    assert active(pool) == 2
    assert pool.handle(UserEnded((0, 2), 1, finished=False), 21) == [Release((0, 2), 1)]


def test_a_user_above_the_target_has_nothing_to_hand_over() -> None:
    pool = running(3)
    pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [level(0, 3), level(5, 2, number=1)]), 5)
    assert pool.handle(orders(3, [SlotRun(0, 0, 2, 1)], [level(5, 2, number=1)]), 6) == [Release((0, 3), 1)]
    assert pool.handle(UserEnded((0, 2), 1, finished=False), 7) == [Release((0, 2), 1)]


def test_a_new_tenure_waits_for_the_user_of_the_old_one() -> None:
    pool = running(1, slots=1)
    assert pool.handle(orders(2, [SlotRun(0, 0, 1, 2)], [level(0, 1)]), 5) == [StopUser((0, 0), 5 + GRACE)]
    assert pool.handle(UserEnded((0, 0), 1, finished=False), 9) == [Release((0, 0), 1), StartUser((0, 0), 2)]


def test_a_slot_that_ended_for_good_stays_empty_until_a_new_tenure() -> None:
    pool = running(2)
    assert pool.handle(UserEnded((0, 1), 1, finished=True), 5) == [Finished((0, 1), 1, 5)]
    assert pool.finished == (SlotRun(0, 1, 1, 1, 5),)
    assert pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [level(0, 2), level(6, 3, number=1)]), 6) == [
        Applied(1, 6, 6),
        StartUser((0, 2), 1),
    ]
    runs = [SlotRun(0, 0, 1, 1), SlotRun(0, 1, 1, 2), SlotRun(0, 2, 2, 1)]
    assert pool.handle(orders(3, runs, []), 7) == [StartUser((0, 1), 2)]


def test_a_user_that_is_not_ours_ends_without_effect() -> None:
    pool = running(1)
    assert pool.handle(UserEnded((0, 3), 1, finished=False), 5) == []
    assert pool.handle(UserEnded((0, 0), 9, finished=False), 5) == []


def test_the_end_of_the_schedule_drains_and_says_so_once() -> None:
    pool = running(2)
    assert pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [end_of_schedule(10)]), 10) == [
        Applied(-1, 10, 10),
        StopUser((0, 0), 10 + GRACE),
        StopUser((0, 1), 10 + GRACE),
    ]
    assert pool.handle(UserEnded((0, 0), 1, finished=False), 11) == []
    assert pool.handle(UserEnded((0, 1), 1, finished=False), 12) == [Drained()]
    assert pool.handle(Wake(), 13) == []


def test_an_agent_without_users_is_drained_at_the_end_of_the_schedule() -> None:
    pool = SlotPool()
    pool.handle(orders(1, [], [level(0, 2), end_of_schedule(10)]), 0)
    assert pool.handle(Wake(), 10) == [Applied(-1, 10, 10), Drained()]


def test_a_second_stop_with_less_grace_tells_stopping_users_again() -> None:
    pool = running(1)
    pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [end_of_schedule(10)]), 10)
    instructions = pool.handle(orders(3, [SlotRun(0, 0, 4, 1)], [end_of_schedule(20)], graceful_stop=0), 20)
    assert instructions == [Applied(-1, 20, 20), StopUser((0, 0), 20)]


def test_a_longer_grace_gives_a_stopping_user_no_more_time() -> None:
    pool = running(1)
    pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [end_of_schedule(10)]), 10)
    instructions = pool.handle(orders(3, [SlotRun(0, 0, 4, 1)], [end_of_schedule(20)], graceful_stop=2 * GRACE), 20)
    assert instructions == [Applied(-1, 20, 20)]


def test_an_agent_that_leaves_drains_despite_new_orders() -> None:
    pool = running(1)
    given_up = [Release((0, ordinal), 1) for ordinal in (1, 2, 3)]
    assert pool.handle(DrainUsers("asked"), 5) == [*given_up, StopUser((0, 0), 5 + GRACE, hands_over=True)]
    assert pool.handle(orders(2, [SlotRun(0, 0, 4, 1)], [level(6, 4, number=1)]), 6) == [Applied(1, 6, 6)]
    assert pool.handle(UserEnded((0, 0), 1, finished=False), 7) == [Release((0, 0), 1), Drained()]


def test_after_a_cut_no_slot_has_a_user_and_none_is_ours() -> None:
    pool = running(3)
    assert pool.handle(CutUsers("lost"), 5) == []
    assert (pool.held, active(pool)) == ((), 0)
    again = orders(2, [SlotRun(0, 0, 4, 2)], [level(0, 3)])
    assert pool.handle(again, 9) == [StartUser((0, 0), 2), StartUser((0, 1), 2), StartUser((0, 2), 2)]


def test_a_cut_while_draining_ends_the_drain() -> None:
    pool = running(1)
    pool.handle(DrainUsers("asked"), 5)
    assert pool.handle(CutUsers("lost"), 6) == [Drained()]


@pytest.mark.parametrize(
    ("slots", "runs"),
    [
        ([], ()),
        ([(0, 2, 1), (0, 0, 1), (0, 1, 1)], (SlotRun(0, 0, 3, 1),)),
        ([(0, 0, 1), (0, 1, 2), (0, 2, 2)], (SlotRun(0, 0, 1, 1), SlotRun(0, 1, 2, 2))),
        ([(0, 0, 1), (1, 1, 1), (1, 3, 1)], (SlotRun(0, 0, 1, 1), SlotRun(1, 1, 1, 1), SlotRun(1, 3, 1, 1))),
    ],
)
def test_slots_are_reported_as_runs(slots: list[tuple[int, int, int]], runs: tuple[SlotRun, ...]) -> None:
    assert as_runs(((group, ordinal), tenure) for group, ordinal, tenure in slots) == runs


class Fleet(RuleBasedStateMachine):
    """Any orders, users that end at any time: the slots always keep the rules."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = SlotPool()
        self.now = 0
        self.version = 0
        self.users: dict[tuple[int, int], tuple[int, int | None, bool]] = {}
        self.targets = (0, 0)
        self.ahead: list[LevelOrder] = []
        self.ours: dict[tuple[int, int], int] = {}
        self.finished: dict[tuple[int, int], int] = {}

    def carry_out(self, instructions: list[PoolInstruction]) -> None:
        for instruction in instructions:
            match instruction:
                case StartUser(slot, tenure):
                    assert slot not in self.users, "two users of one slot"
                    self.users[slot] = (tenure, None, False)
                case StopUser(slot, deadline, hands_over):
                    tenure, asked, handed_over = self.users[slot]
                    assert asked is None or deadline < asked or (handed_over and not hands_over and deadline == asked)
                    assert handed_over or asked is None or not hands_over, "a user that has stopped cannot hand over"
                    self.users[slot] = (tenure, deadline, hands_over)
                case Release(slot, tenure):
                    assert slot not in self.users, "a slot is released when it has no user"
                    assert self.ours.get(slot) != tenure, "what is ours is kept"
                case Applied(_, apply_at, applied_at):
                    assert apply_at <= applied_at
                case _:
                    pass

    def pass_levels(self) -> None:
        while self.ahead and self.ahead[0].apply_at <= self.now:
            self.targets = self.ahead.pop(0).users

    @rule(
        slots=st.sets(st.tuples(st.integers(0, 1), st.integers(0, 7)), max_size=16),
        tenure=st.integers(1, 3),
        steps=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 8), st.integers(0, 8)), max_size=4),
        grace=st.sampled_from([0, 10, 100]),
    )
    def new_orders(
        self, slots: set[tuple[int, int]], tenure: int, steps: list[tuple[int, int, int]], grace: int
    ) -> None:
        self.version += 1
        self.ahead = sorted(
            (level(self.now - 10 + at, a, b, number=self.version) for at, a, b in steps),
            key=lambda step: step.apply_at,
        )
        self.ours = dict.fromkeys(slots, tenure)
        runs = as_runs((slot, tenure) for slot in slots)
        self.carry_out(self.pool.handle(orders(self.version, runs, self.ahead, grace), self.now))
        self.pass_levels()

    @rule(passed=st.integers(0, 40))
    def time_passes(self, passed: int) -> None:
        self.now += passed
        self.pass_levels()
        self.carry_out(self.pool.handle(Wake(), self.now))

    @precondition(lambda self: self.users)
    @rule(data=st.data(), finished=st.booleans())
    def a_user_ends(self, data: st.DataObject, finished: bool) -> None:
        slot = data.draw(st.sampled_from(sorted(self.users)))
        tenure, *_ = self.users.pop(slot)
        if finished:
            self.finished[slot] = tenure
        self.carry_out(self.pool.handle(UserEnded(slot, tenure, finished), self.now))

    @rule()
    def a_cut(self) -> None:
        self.users.clear()
        self.ours.clear()
        self.carry_out(self.pool.handle(CutUsers("lost"), self.now))

    @invariant()
    def never_more_active_than_the_level_says(self) -> None:
        for group in (0, 1):
            active = [slot for slot, user in self.users.items() if slot[0] == group and (user[1] is None or user[2])]
            assert all(ordinal < self.targets[group] for _, ordinal in active)

    @invariant()
    def no_wanted_slot_is_empty(self) -> None:
        """Exact means never fewer, too: every slot that is ours, below the target and not finished has a user."""
        for (group, ordinal), tenure in self.ours.items():
            if ordinal < self.targets[group] and self.finished.get((group, ordinal)) != tenure:
                assert (group, ordinal) in self.users

    @invariant()
    def the_pool_knows_which_slots_have_users(self) -> None:
        assert {(run.group, run.first + i) for run in self.pool.held for i in range(run.count)} == set(self.users)


Fleet.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnyFleet = Fleet.TestCase
