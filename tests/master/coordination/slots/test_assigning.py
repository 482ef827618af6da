"""Slots that change hands under load: losses, joins, drains, returns (docs/design/fleet.md, 4.7, 4.8)."""

from fleet_model import MS, CoreRun, S, batch_of, id_of, notes_text, only, orders_in, schedule_of, sent, slots_of

from gradual_common.protocol.messages import AgentMessage, Confirm, Goodbye, Ping, SlotRun
from gradual_master.coordination.events import Provide, Provided, Received
from gradual_master.coordination.lifecycle import State


def running(*names: str, users: int = 12, **terms: int) -> CoreRun:
    """A run of one level in which the agents `names` work since a second ago."""
    run = CoreRun(schedule_of((users,), seconds=600), expect_agents=len(names), **terms)
    run.to_running(*names)
    for name in names:
        run.send(name, confirm=Confirm(1, 2, 1))
    run.wait(1, *names)
    return run


def join(run: CoreRun, name: str, **hello: int) -> None:
    """An agent comes, fetches the plan and pings."""
    run.greet(name, **hello)
    run.send(name, ping=Ping(1, 0), confirm=Confirm(0, 0, 1))


def held(run: CoreRun, *names: str) -> dict[str, int]:
    return {name: sum(slots.count for slots in run.slots(name)) for name in names}


def release(run: CoreRun, name: str, slots: list[tuple[int, int, int]]) -> None:
    run.send(name, released=tuple(SlotRun(group, ordinal, 1, tenure) for group, ordinal, tenure in slots))


def test_the_slots_of_a_lost_agent_go_to_the_others_when_its_lease_and_guard_are_over() -> None:
    run = running("a", "b", "c")
    lost = slots_of(run.slots("b"))
    run.wait(9.9, "a", "c")
    assert held(run, "a", "c") == {"a": 4, "c": 4}
    run.wait(1.2, "a", "c")
    assert held(run, "a", "c") == {"a": 6, "c": 6}
    now = slots_of(run.slots("a")) | slots_of(run.slots("c"))
    assert {(group, ordinal, tenure + 1) for group, ordinal, tenure in lost} <= now
    assert len({slot[:2] for slot in now}) == 12
    assert "agent a has taken over 2 users" in notes_text(run)


def test_an_assignment_is_committed_before_its_orders_and_its_rows_come_first() -> None:
    run = running("a", "b")
    before = run.slots("a")
    gone = AgentMessage(goodbye=Goodbye("it failed"))
    instructions = run.core.handle(Received(run.streams["b"], gone), run.now)
    (provide,) = only(instructions, Provide)
    assert sent(instructions, run.streams["a"]) == []
    run.instructions += run.core.handle(Provided(id_of("a"), provide.slots, 5), run.now)
    assert run.slots("a") == before, "its rows are on their way"
    run.send("a", confirm=Confirm(1, 2, 5))
    assert held(run, "a") == {"a": 12}
    assert run.assignments() == {id_of("a"): slots_of(run.slots("a"))}


def test_slots_without_an_agent_are_reported_and_given_to_the_next_that_comes() -> None:
    run = CoreRun(schedule_of((12,), seconds=600))
    for name in "ab":
        run.greet(name, max_users=8)
    for name in "ab":
        run.send(name, confirm=Confirm(0, 0, 1))
    for name in "ab":
        run.send(name, confirm=Confirm(1, 1, 1))
    run.wait(12.5, "a")
    assert held(run, "a") == {"a": 8}
    assert "warning: 4 users are not running: no agent has room" in notes_text(run)
    join(run, "c")
    run.wait(0.1, "a", "c")
    assert held(run, "a", "c")["c"] >= 4
    assert "info: every user has an agent again" in notes_text(run)


def test_a_silent_agent_is_reported_before_it_is_lost_and_again_when_it_is_heard() -> None:
    run = running("a", "b")
    run.wait(5.5, "a")
    assert "warning: agent b is silent: its 6 users stop at the end of its lease" in notes_text(run)
    run.ping("b")
    assert "info: agent b is heard again after" in notes_text(run)
    assert run.core.facts().agents[1].lost is False


def test_what_the_others_could_not_hold_goes_to_a_silent_agent_once_it_is_heard() -> None:
    run = CoreRun(schedule_of((12,), seconds=600), expect_agents=3)
    for name, room in (("a", 4), ("b", 8), ("c", 4)):
        run.greet(name, max_users=room)
    for confirm in (Confirm(0, 0, 1), Confirm(1, 1, 1)):
        for name in "abc":
            run.send(name, confirm=confirm)
    run.wait(1, "a", "b", "c")
    run.wait(4, "a", "b")
    run.wait(7.5, "a")
    run.ping("b")
    assert held(run, "a", "b") == {"a": 4, "b": 8}


def test_an_agent_that_had_the_plan_only_when_its_lease_was_over_joins_when_it_is_back() -> None:
    run = running("a", "b")
    run.greet("c")
    run.wait(11.5, "a", "b")
    run.send("c", ping=Ping(1, 0), confirm=Confirm(0, 0, 1))
    run.greet("c", 2)
    run.send("c", ping=Ping(1, 0), confirm=Confirm(0, 0, 1))
    assert held(run, "a", "b", "c") == {"a": 4, "b": 4, "c": 0}


def test_slots_that_ended_with_an_agent_that_leaves_are_not_reckoned_with() -> None:
    run = running("a", "b")
    run.send("b", finished=run.slots("b"))
    run.send("b", leaving=True)
    join(run, "c")
    assert held(run, "a") == {"a": 3}


def test_slots_on_their_way_from_an_agent_that_leaves_are_counted_once() -> None:
    run = running("a", "b")
    join(run, "c")
    run.send("b", leaving=True)
    assert held(run, "a", "b") == {"a": 4, "b": 4}
    join(run, "d")
    assert held(run, "a") == {"a": 4}, "8 of b's and a's come: 4 for each of the two"
    join(run, "e")
    assert held(run, "a") == {"a": 3}, "shares are 3 now, 8 come, 9 are lacking"


def test_an_agent_that_was_not_here_when_slots_were_assigned_gets_its_share_of_them_back() -> None:
    run = running("a", "b", "c")
    run.wait(4, "a", "b")
    run.wait(7.5, "a")
    assert held(run, "a", "b") == {"a": 8, "b": 4}, "users that are missing are worse than uneven shares"
    run.ping("b")
    run.send("a", confirm=Confirm(1, 3, 1))
    moved = slots_of(run.slots("a"))
    assert len(moved) == 6
    assert "2 users of agent a move to others" in notes_text(run)


def test_the_share_of_an_agent_that_was_away_is_the_others_when_it_is_lost() -> None:
    run = running("a")
    run.greet("b")
    run.greet("b", 2)
    run.send("b", confirm=Confirm(0, 0, 1))
    assert held(run, "a") == {"a": 12}, "it has not reported its slots yet"
    join(run, "c")
    assert held(run, "a") == {"a": 8}
    run.send("a", confirm=Confirm(1, 1 << 20, 1))
    run.wait(12, "a", "c")
    assert held(run, "a") == {"a": 8 - 2}


def test_a_dropped_agent_keeps_its_slots_until_its_lease_is_over() -> None:
    run = running("a", "b")
    run.send("b", released=(SlotRun(9, 0, 1, 1),))
    assert held(run, "a") == {"a": 6}
    run.wait(11.5, "a")
    assert held(run, "a") == {"a": 12}


def test_an_agent_that_joins_is_given_its_share_as_others_release_it() -> None:
    run = running("a", "b")
    before = {name: slots_of(run.slots(name)) for name in "ab"}
    join(run, "c")
    assert held(run, "a", "b", "c") == {"a": 4, "b": 4, "c": 0}
    for name in "ab":
        release(run, name, sorted(before[name] - slots_of(run.slots(name))))
    assert held(run, "a", "b", "c") == {"a": 4, "b": 4, "c": 4}
    assert {run.tenure for run in run.slots("c")} == {2}
    assert run.core.facts().moves == 4
    assert "agent c joins" in notes_text(run)
    assert notes_text(run).count("has taken over") == 1
    assert "agent c has taken over 4 users" in notes_text(run)


def test_an_agent_that_has_no_plan_yet_is_given_nothing() -> None:
    run = running("a", "b")
    run.greet("c")
    run.wait(1, "a", "b", "c")
    assert held(run, "a", "b") == {"a": 6, "b": 6}


def test_an_agent_that_comes_while_others_prepare_has_its_share_once_the_load_has_begun() -> None:
    run = CoreRun(schedule_of((12,), seconds=600))
    for name in "abc":
        run.greet(name)
    for name in "cab":
        run.send(name, confirm=Confirm(0, 0, 1))
    for name in "ab":
        run.send(name, confirm=Confirm(1, 1, 1))
    assert run.core.state is State.RUNNING
    assert held(run, "a", "b", "c") == {"a": 4, "b": 4, "c": 0}


def test_a_run_waits_for_the_last_batch_of_an_agent_that_joined() -> None:
    run = running("a", users=4)
    join(run, "b")
    run.wait_until(run.start + 600 * S + 50 * MS, "a", "b")
    assert run.core.state is State.DRAINING
    run.send("a", batches=(batch_of(1, 599, last=True),))
    assert run.core.state is State.DRAINING
    run.send("b", batches=(batch_of(1, 599, last=True),))
    assert run.core.state is State.FINISHED


def test_an_agent_that_leaves_hands_its_slots_over_one_by_one_and_is_not_lost() -> None:
    run = running("a", "b")
    run.send("b", leaving=True)
    mine = sorted(slots_of(run.slots("b")))
    release(run, "b", mine[:2])
    assert held(run, "a") == {"a": 8}
    release(run, "b", mine[2:])
    assert held(run, "a") == {"a": 12}
    run.send("b", batches=(batch_of(1, 0, last=True),))
    run.send("b", goodbye=Goodbye("asked to end"))
    facts = run.core.facts().agents[1]
    assert (facts.lost, facts.left) == (False, True)
    assert "agent b leaves: its 6 users go to the others" in notes_text(run)
    run.wait(12, "a")
    assert run.core.facts().agents[1].lost is False
    assert run.core.state is State.RUNNING


def test_an_agent_that_says_goodbye_with_batches_missing_is_lost() -> None:
    run = running("a", "b")
    run.send("b", leaving=True)
    run.send("b", goodbye=Goodbye("asked to end"))
    assert run.core.facts().agents[1].lost
    assert held(run, "a") == {"a": 12}


def test_one_that_joins_while_another_leaves_waits_for_what_that_gives_back() -> None:
    run = running("a", "b")
    run.send("b", leaving=True)
    join(run, "c")
    assert held(run, "a") == {"a": 6}
    release(run, "b", sorted(slots_of(run.slots("b"))))
    assert held(run, "a", "c") == {"a": 6, "c": 6}


def test_a_lost_agent_that_still_names_slots_is_sent_that_they_are_gone() -> None:
    run = running("a", "b")
    slots = run.slots("b")
    run.wait(12, "a")
    instructions = run.greet("b", 2, run="r1", epoch=1, held=slots)
    assert sent(instructions, run.streams["b"])[0].expired is not None
    instructions = run.greet("b", 3, run="r1", epoch=1)
    assert sent(instructions, run.streams["b"])[0].welcome is not None


def test_a_lost_agent_that_returns_is_given_new_slots_and_stays_lost_in_the_facts() -> None:
    run = running("a", "b")
    run.wait(12, "a")
    run.greet("b", 2, run="r1", epoch=1)
    run.ping("b")
    before = slots_of(orders_in(run.instructions, run.streams["a"]).slots)
    assert len(before) == 6
    moved = sorted(run.assignments()[id_of("a")] - before)
    release(run, "a", moved)
    assert held(run, "b") == {"b": 6}
    assert run.core.facts().agents[1].lost


def test_the_run_goes_on_when_an_agent_comes_in_time_after_the_last_one_was_lost() -> None:
    run = running("a", agents_wait=20 * S)
    run.wait(13)
    join(run, "b")
    assert held(run, "b") == {"b": 12}
    run.wait(30, "b")
    assert run.core.state is State.RUNNING


def test_a_closed_run_ends_with_its_last_agent() -> None:
    run = running("a", is_closed=True)
    run.wait(11.5)
    assert run.core.state is State.FINISHED
    assert "every agent is gone" in (run.core.failure or "")


def test_what_a_returning_agent_had_let_go_and_does_not_hold_goes_to_its_next_holder() -> None:
    run = running("a", "b")
    before = slots_of(run.slots("a"))
    join(run, "c")
    kept = slots_of(run.slots("a"))
    run.hang_up("a")
    run.greet("a", 2, run="r1", epoch=1, held=run.slots("a"))
    run.ping("a")
    assert held(run, "c") == {"c": len(before - kept)}
