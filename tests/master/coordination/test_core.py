"""The master's decisions as lists of instructions: nothing here sleeps or opens a socket."""

import re

import pytest
from fleet_model import MS, Bench, S, batch_of, id_of, only, orders_in, schedule_of, seats_of, sent

from gradual_common.protocol.batch import Applied
from gradual_common.protocol.messages import Confirm, Goodbye, MasterMessage, Part, Ping, Pong, SlotRun
from gradual_master.coordination.events import (
    Begin,
    Close,
    CloseInterval,
    End,
    Merge,
    Note,
    Provide,
    Send,
    Stop,
    Tick,
    Unmergeable,
    Unreadable,
)
from gradual_master.coordination.journal import SlotsAssigned
from gradual_master.coordination.lifecycle import State
from gradual_master.results.facts import SlotsFinished


def bench(**terms: int) -> Bench:
    return Bench(schedule_of((4,), (8,), (6,)), **terms)


def said_text(bench: Bench) -> str:
    return "\n".join(f"{note.level}: {note.text}" for note in only(bench.said, Note))


# ── Gathering ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_is_welcomed_with_the_terms_of_the_run() -> None:
    told = sent(bench().greet("a"), 1)[0].welcome
    assert told is not None
    assert (told.run, told.epoch, told.lease, told.guard, told.interval) == ("r1", 1, 10 * S, S, S)
    assert (told.batch_offset, told.last_batch) == (0, 0)


def test_batches_are_spread_over_half_an_interval() -> None:
    run = bench(expect_agents=4)
    offsets = [sent(run.greet(name), run.streams[name])[0].welcome.batch_offset for name in "abcd"]
    assert offsets == [0, S // 4, S // 8, 3 * S // 8]


def test_slots_are_dealt_when_the_expected_agents_are_here() -> None:
    run = bench()
    assert only(run.greet("b"), Provide) == []
    assert only(run.greet("a"), Provide) == [
        Provide(id_of("a"), (SlotRun(0, 0, 2, 1), SlotRun(0, 4, 1, 1), SlotRun(0, 6, 1, 1))),
        Provide(id_of("b"), (SlotRun(0, 2, 2, 1), SlotRun(0, 5, 1, 1), SlotRun(0, 7, 1, 1))),
    ]
    assert run.core.state is State.PROVISIONING


def test_an_assignment_is_in_the_journal_before_it_is_sent() -> None:
    run = bench()
    run.to_running("a", "b")
    assert run.assignments() == {id_of(name): seats_of(run.slots(name)) for name in "ab"}


def test_too_few_agents_end_the_run_saying_how_many_came() -> None:
    run = bench(expect_agents=3, agents_wait=2 * S)
    run.greet("a")
    said = run.wait(2)
    assert run.core.failure == "only 1 of 3 agents came within 2s"
    assert only(said, End)
    assert sent(said, 1)[-1].finish is not None


def test_a_plan_that_the_fleet_cannot_hold_is_refused_before_any_load() -> None:
    run = bench()
    run.greet("a", max_users=3)
    said = run.greet("b", max_users=2)
    assert run.core.failure is not None
    assert "holds 5 users" in run.core.failure
    assert "needs 8" in run.core.failure
    assert "3 are missing (a: 3, b: 2)" in run.core.failure
    assert "file descriptors" in run.core.failure
    assert only(said, Provide) == []
    assert run.core.state is State.FINISHED


def test_an_agent_that_a_changing_mix_would_overfill_is_named() -> None:
    run = Bench(schedule_of((3, 0), (0, 3), (2, 2)))
    run.greet("a", max_users=2)
    run.greet("b", max_users=2)
    assert run.core.failure is not None
    assert run.core.failure.startswith("agent a holds 2 users")


def test_an_agent_that_goes_away_while_others_are_awaited_does_not_count() -> None:
    run = bench()
    run.greet("a")
    run.hang_up("a")
    run.greet("b")
    assert run.core.state is State.WAITING
    run.greet("a", 2)
    assert run.core.state is State.PROVISIONING


REFUSED = [
    ("an older protocol", {"protocol": 1, "version": "0.1"}, "speaks protocol 2.*agent a.*version 0.1.*speaks 1"),
    ("a newer protocol", {"protocol": 3, "version": "9.0"}, "speaks protocol 2.*agent a.*speaks 3: install the same"),
    ("an unknown run", {"run": "other"}, "unknown run other"),
]


@pytest.mark.parametrize(("reason", "changes", "wording"), REFUSED, ids=[reason for reason, *_ in REFUSED])
def test_an_agent_that_does_not_belong_here_is_refused(reason: str, changes: dict[str, object], wording: str) -> None:
    run = bench()
    said = run.greet("a", **changes)
    refused = sent(said, 1)[0].refused
    assert refused is not None
    assert re.search(wording, refused.reason)
    assert Close(1) in said


def test_an_agent_that_was_away_too_long_while_others_are_awaited_comes_in_anew() -> None:
    run = bench()
    run.greet("a")
    run.hang_up("a")
    run.wait(12)
    assert sent(run.greet("a", 2, run="r1", epoch=1), 2)[0].welcome is not None


def test_only_agents_that_were_taken_in_are_known() -> None:
    run = bench()
    run.greet("a", protocol=9)
    run.greet("b")
    assert [run.core.knows(id_of(name)) for name in "abc"] == [False, True, False]


def test_agents_of_one_name_are_all_taken_in_and_told_how_they_are_shown() -> None:
    run = bench(expect_agents=3)
    shown = [sent(run.greet(key, name="b"), run.streams[key])[0].welcome.name for key in "xyz"]
    assert shown == ["b", "b#2", "b#3"]
    assert [run.core.name_of(id_of(key)) for key in "xyz"] == shown
    assert run.core.state is State.PROVISIONING
    facts = run.core.facts().agents
    assert [agent.name for agent in facts] == shown
    assert len({agent.id for agent in facts}) == 3


def test_an_agent_that_is_started_again_before_the_load_takes_part_as_another_one() -> None:
    run = bench()
    run.greet("x", name="b")
    run.hang_up("x")
    run.greet("y", name="b")
    assert run.core.state is State.WAITING
    run.greet("z", name="b")
    assert run.core.state is State.PROVISIONING
    assert [agent.name for agent in run.core.facts().agents] == ["b#2", "b#3"]


def test_an_agent_that_is_started_again_under_load_joins_at_once_while_the_former_is_still_held() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.wait_until(start + S, "a", "b")
    held = run.slots("b")
    run.hang_up("b")
    said = run.greet("c", name="b")
    assert sent(said, run.streams["c"])[0].welcome.name == "b#2"
    said = run.say("c", confirm=Confirm(0, 0, 1))
    assert not seats_of(held) & set().union(*(seats_of(entry.slots) for entry in only(said, Provide)))
    run.wait(12, "a", "c")
    facts = {agent.name: agent for agent in run.core.facts().agents}
    assert [(name, agent.lost) for name, agent in facts.items()] == [("a", False), ("b", True), ("b#2", False)]
    assert run.assignments().keys() == {id_of("a"), id_of("c")}


def processes(command: bytes, count: int) -> list[dict[str, Part]]:
    return [{"part": Part(command.ljust(16), number, count)} for number in range(1, count + 1)]


def test_the_master_waits_for_all_processes_of_as_many_commands_as_it_was_told() -> None:
    run = bench(expect_agents=2)
    one, other = processes(b"one", 3), processes(b"other", 2)
    for key, part in zip("abdec", [*one[:2], *other, one[2]], strict=True):
        assert run.core.state is State.WAITING
        run.greet(key, **part)
    assert run.core.state is State.PROVISIONING
    assert "agent d is here, process 1 of 2: 0 of 2" in said_text(run)
    assert "agent e is here, process 2 of 2: 1 of 2" in said_text(run)


def test_the_same_process_twice_does_not_stand_for_two_of_its_command() -> None:
    run = bench(expect_agents=1)
    first, second = processes(b"one", 2)
    run.greet("a", **first)
    run.greet("b", **first)
    assert run.core.state is State.WAITING
    run.greet("c", **second)
    assert run.core.state is State.PROVISIONING


def test_a_command_that_has_lost_a_process_is_not_complete_and_started_again_it_is() -> None:
    run = bench(expect_agents=1)
    run.greet("a", **processes(b"one", 2)[0])
    run.hang_up("a")
    run.greet("b", **processes(b"one", 2)[1])
    assert run.core.state is State.WAITING
    run.say("b", goodbye=Goodbye("told to end"))
    for key, part in zip("cd", processes(b"again", 2), strict=True):
        run.greet(key, **part)
    assert run.core.state is State.PROVISIONING


def test_too_few_processes_of_a_command_are_told_by_their_names() -> None:
    run = bench(expect_agents=2, agents_wait=2 * S)
    run.greet("a")
    for key, part in zip("bc", processes(b"one", 4), strict=False):
        run.greet(key, **part)
    run.wait(2)
    assert run.core.failure == ("only 1 of 2 agents came within 2s; only 2 of 4 processes of one came (b, c)")


def test_an_agent_that_comes_when_the_run_is_about_to_end_is_refused() -> None:
    run = bench()
    run.to_running("a", "b")
    run.tell(Stop("interrupt"))
    refused = sent(run.greet("c"), 3)[0].refused
    assert refused is not None
    assert "about to end" in refused.reason


def test_a_newcomer_that_says_that_it_works_for_this_run_is_refused() -> None:
    run = bench()
    run.to_running("a", "b")
    for stranger in ({"held": (SlotRun(0, 0, 1, 1),)}, {"last_batch": 3}):
        refused = sent(run.greet("c", **stranger), run.streams["c"])[0].refused
        assert refused is not None
        assert "never here" in refused.reason


def test_an_agent_whose_hello_names_what_it_never_had_is_dropped() -> None:
    run = bench()
    run.to_running("a", "b")
    said = run.greet("a", 2, run="r1", epoch=1, held=(SlotRun(0, 2, 1, 1),))
    assert sent(said, 3)[0].refused is not None
    assert "never given" in said_text(run)


def test_what_comes_before_hello_closes_its_stream() -> None:
    run = bench()
    run.streams["a"] = 9
    assert run.ping("a") == [Close(9)]


# ── Readying ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_orders_follow_the_rows_and_the_schedule_follows_the_confirmations() -> None:
    run = bench()
    run.greet("a")
    run.greet("b")
    run.say("a", confirm=Confirm(0, 0, 1))
    assert run.core.state is State.PROVISIONING
    armed = orders_in(run.say("b", confirm=Confirm(0, 0, 1)), 1)
    assert (armed.version, armed.levels) == (1, ())
    run.say("a", confirm=Confirm(1, 1, 1))
    assert run.core.state is State.READYING
    said = run.say("b", confirm=Confirm(1, 1, 1))
    assert only(said, Begin) == [Begin(100 * MS)]
    orders = orders_in(said, 1)
    assert (orders.version, orders.start) == (2, 100 * MS)
    assert [(level.apply_at, level.number, level.users) for level in orders.levels] == [
        (100 * MS, 0, (4,)),
        (100 * MS + 10 * S, 1, (8,)),
    ]


def test_slow_confirmations_make_the_lead_longer() -> None:
    run = bench()
    run.greet("a")
    run.greet("b")
    for name in "ab":
        run.say(name, confirm=Confirm(0, 0, 1))
    run.now += 300 * MS
    for name in "ab":
        run.say(name, confirm=Confirm(1, 1, 1))
    assert only(run.said, Begin) == [Begin(900 * MS)]


def test_an_agent_that_never_confirms_ends_the_run() -> None:
    run = bench()
    run.greet("a")
    run.greet("b")
    run.say("a", confirm=Confirm(0, 0, 1))
    run.wait(61, "a", "b")
    assert run.core.failure is not None
    assert run.core.failure.startswith("b: has not stored the plan")


def test_an_agent_that_dials_again_while_orders_are_confirmed_gets_them_again() -> None:
    run = bench()
    run.greet("a")
    run.greet("b")
    for name in "ab":
        run.say(name, confirm=Confirm(0, 0, 1))
    run.say("b", confirm=Confirm(1, 1, 1))
    run.hang_up("a")
    run.greet("a", 2, run="r1", epoch=1)
    assert orders_in(run.ping("a"), run.streams["a"]).version == 1
    run.say("a", confirm=Confirm(1, 1, 1))
    assert run.core.state is State.RUNNING


def test_an_agent_that_is_killed_between_deal_and_load_and_started_again_ends_nothing() -> None:
    run = bench()
    run.greet("a")
    run.greet("b")
    run.hang_up("b")
    run.greet("c", name="b")
    for name in "ac":
        run.say(name, confirm=Confirm(0, 0, 1))
    run.wait(11.5, "a", "c")
    assert run.core.state is State.READYING
    run.say("a", confirm=Confirm(1, 1, 1))
    assert run.core.state is State.RUNNING
    run.wait(0.1, "a", "c")
    held = run.assignments()
    assert {name: len(held[id_of(name)]) for name in "ac"} == {"a": 4, "c": 4}
    assert [(agent.name, agent.lost) for agent in run.core.facts().agents] == [
        ("a", False),
        ("b", True),
        ("b#2", False),
    ]


def test_an_agent_lost_before_the_load_ends_the_run_at_once() -> None:
    run = bench()
    run.greet("a")
    run.greet("b")
    run.wait(12, "a")
    assert run.core.failure is not None
    assert "b was lost before the load began" in run.core.failure


# ── Running ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_ping_is_answered_ahead_of_all_else_with_its_stamp_and_the_masters_time() -> None:
    run = bench()
    run.to_running("a", "b")
    run.now = 77
    assert run.say("a", ping=Ping(12345, 3)) == [Send(1, MasterMessage(pong=Pong(12345, 77)), ahead=True)]
    assert run.core.facts().agents[0].begun == 3


def test_levels_are_refreshed_ahead_and_versions_rise() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.wait(20, "a", "b")
    versions = [message.orders.version for message in sent(run.said, 1) if message.orders]
    assert versions == sorted(set(versions))
    assert [level.number for level in orders_in(run.said, 1).levels] == [1, 2, -1]
    assert orders_in(run.said, 1).levels[-1].apply_at == start + 30 * S


def deliver(run: Bench, names: str, intervals: range, start: int) -> None:
    """Every agent delivers one batch per interval as it ends."""
    for interval in intervals:
        run.wait_until(start + (interval + 1) * S, "a", "b")
        for name in names:
            run.say(name, ping=Ping(0, 0), batches=(batch_of(interval + 1, interval),))


def test_a_batch_is_acknowledged_after_it_is_merged() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.wait_until(start + S, "a", "b")
    batch = batch_of(1, 0)
    said = run.say("a", batches=(batch,))
    assert [type(entry) for entry in said] == [Merge, Send]
    assert sent(said, 1)[0].ack == 1


def test_a_batch_that_came_before_is_acknowledged_again_and_merged_once() -> None:
    run = bench()
    start = run.to_running("a", "b")
    deliver(run, "a", range(2), start)
    said = run.say("a", batches=(batch_of(1, 0), batch_of(2, 1)))
    assert only(said, Merge) == []
    assert [message.ack for message in sent(said, 1)] == [2, 2]


def test_a_gap_closes_the_stream_and_the_agent_may_dial_again() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.now = start + 3 * S
    said = run.say("a", batches=(batch_of(3, 2),))
    assert only(said, Merge) == []
    assert Close(1) in said
    assert sent(run.greet("a", 2, run="r1", epoch=1), run.streams["a"])[0].welcome.last_batch == 0


def test_intervals_close_in_order_when_every_agent_has_delivered() -> None:
    run = bench()
    start = run.to_running("a", "b")
    deliver(run, "a", range(2), start)
    assert only(run.said, CloseInterval) == []
    deliver(run, "b", range(2), start)
    assert only(run.said, CloseInterval) == [CloseInterval(0), CloseInterval(1)]


def test_an_interval_waits_three_seconds_for_a_late_batch_which_is_then_counted() -> None:
    run = bench()
    start = run.to_running("a", "b")
    deliver(run, "a", range(1), start)
    run.wait(2.9, "a", "b")
    assert only(run.said, CloseInterval) == []
    run.wait(0.2, "a", "b")
    assert only(run.said, CloseInterval) == [CloseInterval(0)]
    run.say("b", batches=(batch_of(1, 0),))
    assert run.core.facts().late_batches == 1


def test_an_interval_waits_only_briefly_for_an_agent_without_a_connection() -> None:
    """So that who watches sees users missing within two seconds of a kill, and a broken connection changes nothing."""
    run = bench()
    start = run.to_running("a", "b")
    run.wait_until(start + 200 * MS, "a", "b")
    run.hang_up("b")
    deliver(run, "a", range(1), start)
    run.wait(0.45, "a")
    assert only(run.said, CloseInterval) == []
    run.wait(0.1, "a")
    assert only(run.said, CloseInterval) == [CloseInterval(0)]
    run.greet("b", 2, run="r1", epoch=1)
    run.say("a", batches=(batch_of(2, 1),))
    run.wait(1.0, "a", "b")
    assert only(run.said, CloseInterval) == [CloseInterval(0)], "it is connected again: there are three seconds"


def test_a_level_put_in_force_late_is_counted() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.now = start + S
    run.say("a", batches=(batch_of(1, 0, applied=(Applied(0, start, start + 20 * MS),)),))
    run.say("b", batches=(batch_of(1, 0, applied=(Applied(0, start, start + 80 * MS),)),))
    assert run.core.facts().late_levels == 1


# ── Loss ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_without_pings_gets_expired_and_is_lost_after_lease_and_guard() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(10.9, "a")
    assert not any(message.expired for message in sent(run.said, 2))
    run.wait(0.3, "a")
    assert any(message.expired for message in sent(run.said, 2))
    assert [agent.lost for agent in run.core.facts().agents] == [False, True]
    assert "warning: agent b is lost: it was not heard for 11s; its 4 users go to the others" in said_text(run)
    assert run.core.state is State.RUNNING


def test_the_news_of_a_killed_agent_tell_its_story_in_order() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.wait_until(start + S, "a", "b")
    before = len(run.said)
    run.hang_up("b")
    run.wait(12, "a")
    notes = only(run.said[before:], Note)
    assert [(note.level, note.fate, note.text) for note in notes] == [
        (
            "warning",
            "silent",
            "the connection to agent b is broken; if it is not back within 11s, its 4 users go to the others",
        ),
        ("warning", "lost", "agent b is lost: it was not heard for 11s; its 4 users go to the others"),
        ("info", None, "agent a has taken over 4 users"),
    ]
    assert [dict(note.about).get("agent") for note in notes] == ["b", "b", "a"]


def test_the_news_of_an_agent_that_leaves_or_is_back_say_what_has_become_of_it() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.wait_until(start + S, "a", "b")
    before = len(run.said)
    run.hang_up("b")
    run.wait(6, "a")
    run.greet("b", 2, run="r1", epoch=1, held=run.slots("b"))
    run.ping("b")
    run.say("b", leaving=True, released=run.slots("b"), batches=(batch_of(1, 0, last=True),))
    run.say("b", goodbye=Goodbye("told to end"))
    run.hang_up("b")
    fates = [(note.fate, note.text) for note in only(run.said[before:], Note) if note.fate is not None]
    assert [fate for fate, _ in fates] == ["silent", "back", "left"]
    assert fates[1][1] == "agent b is back"
    assert "the connection to agent b is broken" not in said_text(run).partition("has left")[2]


def test_pings_of_an_expired_agent_are_answered_expired_until_a_new_hello() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(12, "a")
    answer = sent(run.ping("b"), 2)[-1]
    assert answer.expired is not None
    assert answer.pong is None
    run.greet("b", 2, run="r1", epoch=1)
    said = run.ping("b")
    assert sent(said, run.streams["b"])[0].pong is not None
    assert orders_in(said, run.streams["b"]).slots == ()


def test_what_a_lost_agent_still_delivers_is_merged() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.wait(13, "a")
    run.greet("b", 2, run="r1", epoch=1)
    run.now = max(run.now, start + 12 * S)
    said = run.say("b", batches=(batch_of(1, 0), batch_of(2, 1)))
    assert len(only(said, Merge)) == 2
    assert run.core.facts().agents[1].lost


def test_an_agent_with_a_live_lease_is_adopted_on_its_higher_stream() -> None:
    run = bench()
    start = run.to_running("a", "b")
    deliver(run, "ab", range(1), start)
    slots = run.slots("a")
    said = run.greet("a", 2, run="r1", epoch=1, held=(SlotRun(0, 0, 2, 1),))
    assert Close(1) in said
    assert sent(said, 3)[0].welcome.last_batch == 1
    said = run.ping("a")
    assert orders_in(said, 3).slots == slots
    assert not run.core.facts().agents[0].lost


def test_what_comes_on_a_superseded_stream_is_dropped() -> None:
    run = bench()
    run.to_running("a", "b")
    run.greet("a", 2, run="r1", epoch=1)
    run.streams["a"] = 1
    assert run.ping("a") == [Close(1)]


def test_a_lower_stream_number_takes_nothing_over() -> None:
    run = bench()
    run.to_running("a", "b")
    run.greet("a", 5, run="r1", epoch=1)
    here = run.streams["a"]
    said = run.greet("a", 4, run="r1", epoch=1)
    assert said == [Close(here + 1)]
    run.streams["a"] = here
    assert sent(run.ping("a"), here)[0].pong is not None


def test_slots_that_an_agent_had_cut_come_back_to_it_under_the_next_tenure() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(1, "a", "b")
    run.greet("a", 2, run="r1", epoch=1, held=(SlotRun(0, 0, 1, 1),))
    before = orders_in(run.said, 1).version
    orders = orders_in(run.ping("a"), run.streams["a"])
    assert orders.version > before
    # 4 users are scheduled: of 0, 1, 4, 6 the agent should run 0 and 1, and its Hello names only 0.
    assert orders.slots == (SlotRun(0, 0, 1, 1), SlotRun(0, 1, 1, 2), SlotRun(0, 4, 1, 1), SlotRun(0, 6, 1, 1))
    assert SlotsAssigned(id_of("a"), (SlotRun(0, 1, 1, 2),)) in run.journal.decisions


def test_a_slot_that_ended_while_its_agent_was_away_does_not_begin_anew() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(1, "a", "b")
    run.greet("a", 2, run="r1", epoch=1, held=(SlotRun(0, 0, 1, 1),))
    said = run.say("a", ping=Ping(1, 1), finished=(SlotRun(0, 1, 1, 1),))
    assert orders_in(said, run.streams["a"]).slots[0] == SlotRun(0, 0, 2, 1)


def test_the_run_ends_when_every_agent_is_gone_and_none_comes_in_time() -> None:
    run = bench(agents_wait=5 * S)
    run.to_running("a", "b")
    run.wait(12)
    assert run.core.state is State.RUNNING
    assert "no agent is left: the run waits 5s" in said_text(run)
    run.wait(5)
    assert run.core.state is State.FINISHED
    assert run.core.failure is not None
    assert run.core.failure.startswith("every agent is gone")


def test_an_agent_that_says_goodbye_is_gone_at_once() -> None:
    run = bench()
    run.to_running("a", "b")
    run.say("a", goodbye=Goodbye("told to end"))
    assert [agent.lost for agent in run.core.facts().agents] == [True, False]


def test_a_stalled_master_moves_its_deadlines() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(5, "a", "b")
    run.now += 30 * S
    run.tell(Tick())
    assert "stood still for 30" in said_text(run)
    assert "is silent" not in said_text(run), "nobody could be heard"
    assert not any(agent.lost for agent in run.core.facts().agents)
    assert only(run.said, CloseInterval) == [CloseInterval(0)], "what came meanwhile is still unread"
    run.wait(9, "a", "b")
    assert not any(agent.lost for agent in run.core.facts().agents)


# ── What cannot be read ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_that_cannot_be_read_is_named_dropped_and_not_heard_again() -> None:
    run = bench()
    run.to_running("a", "b")
    said = run.tell(Unreadable(1, "histograms: 3 sizes for 2 keys", "ipv4:10.0.0.1:9"))
    assert sent(said, 1)[0].refused is not None
    assert Close(1) in said
    assert "error: agent a is dropped" in said_text(run)
    assert "3 sizes for 2 keys" in said_text(run)
    assert [agent.lost for agent in run.core.facts().agents] == [True, False]
    assert run.core.state is State.RUNNING
    assert sent(run.greet("a", 2, run="r1", epoch=1), 3)[0].refused is not None


def test_a_stranger_that_cannot_be_read_is_named_by_its_address() -> None:
    run = bench()
    said = run.tell(Unreadable(4, "corrupt", "ipv4:10.0.0.1:9"))
    assert sent(said, 4)[0].refused is not None
    assert dict(only(said, Note)[0].about) == {"peer": "ipv4:10.0.0.1:9"}


def test_an_agent_dropped_while_others_are_awaited_leaves_its_place_to_another() -> None:
    run = bench()
    run.greet("a")
    run.tell(Unreadable(1, "corrupt"))
    run.greet("b")
    assert run.core.state is State.WAITING
    run.greet("c")
    assert run.core.state is State.PROVISIONING
    assert [agent.name for agent in run.core.facts().agents] == ["b", "c"]


def test_a_batch_that_does_not_fit_the_plan_drops_its_agent() -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.now = start + S
    run.core.handle(Tick(), run.now)
    run.tell(Unmergeable(id_of("b"), 1, "step 99"))
    assert [agent.lost for agent in run.core.facts().agents] == [False, True]
    assert "batch 1: step 99" in said_text(run)


IMPOSSIBLE = [
    ("an interval of the future", {"batches": (batch_of(1, 1_000_000),)}),
    ("slots of another agent", {"finished": (SlotRun(0, 2, 1, 1),)}),
    ("slots that do not exist", {"released": (SlotRun(7, 0, 1, 1),)}),
    ("another tenure", {"finished": (SlotRun(0, 0, 1, 9),)}),
]


@pytest.mark.parametrize(("reason", "parts"), IMPOSSIBLE, ids=[reason for reason, _ in IMPOSSIBLE])
def test_what_cannot_be_true_drops_the_agent(reason: str, parts: dict[str, object]) -> None:
    run = bench()
    start = run.to_running("a", "b")
    run.now = start + S
    run.say("a", **parts)
    assert [agent.lost for agent in run.core.facts().agents] == [True, False]


# ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────────


def finish(run: Bench, names: str) -> None:
    for name in names:
        run.say(name, batches=(batch_of(1, (run.now - 100 * MS) // S - 1, last=True),))


def test_the_run_ends_when_every_agent_has_sent_its_last_batch() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(30.2, "a", "b")
    assert run.core.state is State.DRAINING
    finish(run, "a")
    assert run.core.state is State.DRAINING
    finish(run, "b")
    assert run.core.state is State.FINISHED
    assert run.core.failure is None
    assert run.core.signal is None
    for stream in (1, 2):
        assert [message.ack for message in sent(run.said, stream)][-2] == 1
        assert sent(run.said, stream)[-1].finish is not None
    assert run.said[-1] == End()


def test_an_agent_whose_lease_ends_in_the_drain_is_waited_for_no_longer() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(30.2, "a", "b")
    finish(run, "a")
    run.wait(11.5)
    assert run.core.state is State.FINISHED
    assert [agent.lost for agent in run.core.facts().agents] == [False, True]
    assert run.core.failure is None


def test_an_agent_that_pings_for_ever_without_a_last_batch_does_not_keep_the_run() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(30.2, "a", "b")
    finish(run, "a")
    run.wait(2 * 2 + 11, "b")
    assert run.core.state is State.FINISHED
    assert "b is lost: its last batch did not come in time" in said_text(run)


def test_a_first_stop_orders_zero_users_now_and_a_second_without_grace() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(5, "a", "b")
    orders = orders_in(run.tell(Stop("interrupt")), 1)
    in_force, stop = orders.levels
    assert (in_force.number, in_force.users) == (0, (4,))
    assert (stop.apply_at, stop.number, stop.users) == (run.now, -1, (0,))
    assert orders.graceful_stop == 2 * S
    assert run.core.state is State.STOPPING
    assert "drain" in said_text(run)
    again = orders_in(run.tell(Stop("terminate")), 1)
    assert (again.graceful_stop, again.levels) == (0, orders.levels)
    assert again.version > orders.version
    assert run.core.state is State.CUTTING
    finish(run, "ab")
    assert run.core.state is State.FINISHED
    assert run.core.signal == "interrupt"


def test_a_third_stop_waits_for_nothing() -> None:
    run = bench()
    run.to_running("a", "b")
    for _ in range(3):
        said = run.tell(Stop("terminate"))
    assert said[-1] == End()
    assert run.core.signal == "terminate"
    assert run.tell(Stop("terminate")) == []


def test_after_a_cut_last_batches_are_awaited_for_three_seconds() -> None:
    run = bench()
    run.to_running("a", "b")
    run.tell(Stop("interrupt"))
    run.tell(Stop("interrupt"))
    run.wait(3.1, "a", "b")
    assert run.core.state is State.FINISHED


def test_a_stop_before_the_begin_takes_effect_at_the_begin() -> None:
    run = bench()
    start = run.to_running("a", "b")
    orders = orders_in(run.tell(Stop("interrupt")), 1)
    assert [level.apply_at for level in orders.levels] == [start]


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_stop_before_the_load_ends_the_run(steps: int) -> None:
    run = bench()
    for name in "ab"[:steps]:
        run.greet(name)
    said = run.tell(Stop("interrupt"))
    assert said[-1] == End()
    assert run.core.signal == "interrupt"


def test_the_run_ends_with_its_last_slot() -> None:
    run = Bench(schedule_of((4,), endless=True))
    run.to_running("a", "b")
    run.wait(3, "a", "b")
    run.say("a", finished=(SlotRun(0, 0, 2, 1, run.now - 2),))
    assert run.core.state is State.RUNNING
    orders = orders_in(run.say("b", finished=(SlotRun(0, 2, 2, 1, run.now - 1),)), 1)
    assert [level.number for level in orders.levels] == [0, -1]
    assert run.core.state is State.DRAINING
    assert run.core.facts().finished == (SlotsFinished(run.now - 2, 0, 2), SlotsFinished(run.now - 1, 0, 2))


def test_slots_that_are_never_raised_again_do_not_keep_the_run() -> None:
    run = Bench(schedule_of((4,), (2,), seconds=5, endless=True))
    run.to_running("a", "b")
    run.say("a", finished=(SlotRun(0, 0, 1, 1),))
    run.say("b", finished=(SlotRun(0, 1, 1, 1),))
    assert run.core.state is State.RUNNING
    run.wait(5.2, "a", "b")
    assert run.core.state is State.DRAINING


def test_a_level_of_zero_users_at_the_end_is_waited_out() -> None:
    run = Bench(schedule_of((4,), (0,), seconds=5))
    run.to_running("a", "b")
    run.wait(9, "a", "b")
    assert run.core.state is State.RUNNING


def test_an_agent_that_dials_again_after_the_end_is_told_that_it_is_over() -> None:
    run = bench()
    run.to_running("a", "b")
    run.wait(30.2, "a", "b")
    finish(run, "a")
    run.hang_up("a")
    finish(run, "b")
    assert run.core.state is State.FINISHED
    assert run.core.uninformed == ["a"]
    assert sent(run.greet("a", 2, run="r1", epoch=1), 3)[-1].finish is not None
    assert run.core.uninformed == []


def test_batches_known_and_never_delivered_are_counted_as_dropped() -> None:
    run = bench()
    run.to_running("a", "b")
    run.greet("a", 2, run="r1", epoch=1, last_batch=4)
    assert run.core.facts().dropped_batches == 4
