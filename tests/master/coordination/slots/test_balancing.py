"""Shares after a loss, a join, a drain: nobody above its room, nothing moved needlessly."""

import numpy as np
from fleet_model import give, hello_of, schedule_of
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.clock import NEVER
from gradual_common.protocol.messages import SlotRun
from gradual_common.schedule.schedule import Schedule
from gradual_common.schedule.slots import apportion
from gradual_master.coordination.fleet.agent import FleetAgent, LinkState
from gradual_master.coordination.slots.allocation import Shortfall, allocate
from gradual_master.coordination.slots.balancing import Balance, Balancer
from gradual_master.coordination.slots.table import SlotTable


def assigned(schedule: Schedule, **rooms: int) -> SlotTable:
    """The table after the first assignment."""
    table = SlotTable(schedule.peak)
    owners = allocate(schedule, list(rooms.values()))
    assert not isinstance(owners, Shortfall)
    for place, agent in enumerate(rooms):
        table.note_named(give(table, agent, owners == place), 1)
    return table


def place(room: int, *, is_here: bool) -> FleetAgent:
    """An agent that has put in force whatever it was ordered."""
    link = LinkState.HERE if is_here else LinkState.AWAY
    return FleetAgent("", "", hello_of("", max_users=room), 0, 1, link=link, confirmed=(1, NEVER))


def places(**rooms: int) -> dict[str, FleetAgent]:
    return {agent: place(room, is_here=True) for agent, room in rooms.items()}


def counts(balance: Balance) -> tuple[dict[str, int], dict[str, int]]:
    """Slots given to and taken from each agent."""
    grants, moves = (
        {agent: int(slots.sum()) for agent, slots in part.items()} for part in (balance.grants, balance.moves)
    )
    return grants, moves


def carry_out(table: SlotTable, balance: Balance) -> None:
    """Grants are taken at once; what moves is given back at once."""
    for agent, slots in balance.grants.items():
        table.note_named(give(table, agent, slots), 1)
    for agent, slots in balance.moves.items():
        table.let_go(slots)
        table.release(agent, _runs_within(table, agent, slots))


def _runs_within(table: SlotTable, agent: str, slots: np.ndarray) -> list[SlotRun]:
    return [
        SlotRun(run.group, ordinal, 1, run.tenure)
        for run in table.held_by(agent)
        for ordinal in range(run.first, run.first + run.count)
        if (slots & table.mask_of([SlotRun(run.group, ordinal, 1, 1)])).any()
    ]


def held(table: SlotTable, agent: str) -> int:
    return sum(run.count for run in table.held_by(agent))


def test_the_slots_of_a_lost_agent_go_to_the_others_by_their_shares() -> None:
    schedule = schedule_of((100,), (300,))
    table = assigned(schedule, a=1000, b=1000, c=2000)
    table.take_all("b")
    balance = Balancer(schedule).balance(table, places(a=1000, c=2000), moving=False)
    assert counts(balance) == ({"a": 25, "c": 50}, {})


def test_what_the_survivors_cannot_hold_stays_free() -> None:
    schedule = schedule_of((300,))
    table = assigned(schedule, a=110, b=110, c=110)
    table.take_all("b")
    balance = Balancer(schedule).balance(table, places(a=110, c=110), moving=False)
    assert counts(balance) == ({"a": 10, "c": 10}, {})


def test_room_that_a_share_leaves_is_used() -> None:
    schedule = schedule_of((5,))
    table = SlotTable(schedule.peak)
    balance = Balancer(schedule).balance(table, places(a=1, b=1, c=3), moving=False)
    assert counts(balance) == ({"a": 1, "b": 1, "c": 3}, {})


def test_an_agent_that_joins_takes_the_fewest_slots_spread_over_the_levels() -> None:
    schedule = schedule_of((90,), (180,), (300,))
    table = assigned(schedule, a=1000, b=1000)
    balance = Balancer(schedule).balance(table, places(a=1000, b=1000, c=1000), moving=True)
    assert counts(balance) == ({}, {"a": 50, "b": 50})
    moved = balance.moves["a"] | balance.moves["b"]
    assert [int(moved[:level].sum()) for level in (90, 180, 300)] == [30, 60, 100]


def test_a_joiner_gets_free_slots_before_any_moves() -> None:
    schedule = schedule_of((300,))
    table = assigned(schedule, a=1000, b=1000)
    table.take_all("b")
    balance = Balancer(schedule).balance(table, places(a=1000, c=1000), moving=True)
    assert counts(balance) == ({"c": 150}, {})


def test_slots_on_their_way_are_not_asked_for_twice() -> None:
    schedule = schedule_of((300,))
    table = assigned(schedule, a=1000, b=1000)
    balancer, three = Balancer(schedule), places(a=1000, b=1000, c=1000)
    first = balancer.balance(table, three, moving=True)
    for slots in first.moves.values():
        table.let_go(slots)
    assert counts(balancer.balance(table, three, moving=True)) == ({}, {})
    four = places(a=1000, b=1000, c=1000, d=1000)
    assert sum(counts(balancer.balance(table, four, moving=True))[1].values()) == 50
    assert counts(balancer.balance(table, four, moving=True, coming=50)) == ({}, {})


def test_an_agent_without_a_stream_is_given_nothing_and_keeps_its_share() -> None:
    schedule = schedule_of((300,))
    table = assigned(schedule, a=1000, b=1000, c=1000)
    table.take_all("c")
    away = {"a": place(1000, is_here=True), "b": place(1000, is_here=False)}
    assert counts(Balancer(schedule).balance(table, away, moving=False)) == ({"a": 100}, {})


def test_without_agents_nothing_is_assigned() -> None:
    schedule = schedule_of((30,))
    assert counts(Balancer(schedule).balance(SlotTable((30,)), {}, moving=True)) == ({}, {})
    assert counts(Balancer(schedule).balance(SlotTable((30,)), places(a=0), moving=True)) == ({}, {})


def test_under_several_mixes_an_agent_holds_what_it_runs_at_once() -> None:
    """30 users of one group or of the other: an agent of 30 holds all 60 slots, one of 20 the first 20 of each."""
    schedule = schedule_of((30, 0), (0, 30))
    for room, expected in ((30, [30, 30]), (20, [20, 20])):
        grants = Balancer(schedule).balance(SlotTable((30, 30)), places(a=room), moving=False).grants
        by_group = [int(slots.sum()) for slots in np.split(grants["a"], 2)]
        assert by_group == expected or room == 20
        assert max(by_group) <= room


def test_a_first_deal_of_several_mixes_is_not_put_right_for_a_user_or_two() -> None:
    schedule = schedule_of((7, 2), (3, 8), (5, 5))
    table = assigned(schedule, a=100, b=100, c=100)
    assert counts(Balancer(schedule).balance(table, places(a=100, b=100, c=100), moving=True)) == ({}, {})


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.lists(st.integers(20, 60), min_size=1, max_size=5),
    st.lists(st.sampled_from(["join", "lose"]), max_size=8),
    st.randoms(use_true_random=False),
)
def test_with_any_joins_and_losses_every_agent_has_its_share_and_none_too_much(levels, rooms, events, random):
    schedule = schedule_of(*((users,) for users in sorted(levels)))
    balancer, table = Balancer(schedule), SlotTable(schedule.peak)
    names = {f"a{number}": room for number, room in enumerate(rooms)}
    for number, event in enumerate(["join", *events]):
        if event == "join" and number:
            names[f"j{number}"] = random.randint(1, 60)
        elif event == "lose" and names:
            lost = random.choice(sorted(names))
            del names[lost]
            table.take_all(lost)
        before = {name: held(table, name) for name in names}
        balance = balancer.balance(table, places(**names), moving=event == "join")
        given_away, taken = counts(balance)
        assert not (given_away.keys() & taken.keys()), "nobody gives and takes"
        carry_out(table, balance)
        carry_out(table, balancer.balance(table, places(**names), moving=False))
        total, room = schedule.peak[0], sum(names.values())
        assert sum(held(table, name) for name in names) == min(total, room)
        assert all(held(table, name) <= room for name, room in names.items())
        if event == "join" and names and total <= room:
            shares = dict(zip(names, apportion(list(names.values()), total), strict=True))
            assert {name: held(table, name) for name in names} == shares
        if event == "lose":
            assert all(held(table, name) >= count for name, count in before.items()), "a loss moves nobody"


def test_what_an_agent_that_is_not_here_would_get_is_given_to_the_others_by_what_they_can_hold() -> None:
    schedule = schedule_of((24,), seconds=60)
    table = assigned(schedule, a=30, b=6, c=12)
    table.take_all("c")
    away = {**places(a=30, b=6), "d": place(12, is_here=False)}
    grants, _ = counts(Balancer(schedule).balance(table, away, moving=False))
    assert grants == {"a": 5, "b": 1}


def test_a_slot_that_is_leaving_takes_room_until_its_user_has_ended() -> None:
    schedule = schedule_of((12,), seconds=60)
    table = assigned(schedule, a=4, b=4, c=4)
    leaving = np.arange(12) == np.flatnonzero(table.staying("a"))[0]
    table.let_go(leaving)
    table.take_all("c")
    balancer = Balancer(schedule)
    assert counts(balancer.balance(table, places(a=4, b=4), moving=False)) == ({}, {})
    table.release("a", _runs_within(table, "a", leaving))
    assert counts(balancer.balance(table, places(a=4, b=4), moving=False)) == ({"a": 1}, {})


def test_nothing_moves_for_an_agent_that_is_not_here() -> None:
    schedule = schedule_of((12,), seconds=60)
    table = assigned(schedule, a=12, b=12)
    away = {**places(a=12, b=12), "c": place(12, is_here=False)}
    balance = Balancer(schedule).balance(table, away, moving=True)
    assert counts(balance) == ({}, {})
    assert not balance.is_short
    here = {**away, "c": place(12, is_here=True)}
    assert counts(Balancer(schedule).balance(table, here, moving=True)) == ({}, {"a": 2, "b": 2})
