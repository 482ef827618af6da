"""Which agents are accepted, taken back, refused, lost or dropped, and what is logged."""

import re

import pytest
from fleet_model import (
    S,
    batch_of,
    deliver,
    finish,
    id_of,
    notes_text,
    only,
    orders_in,
    sent,
    slots_of,
    three_levels,
)

from gradual_common.protocol.messages import Confirm, Goodbye, SlotRun
from gradual_master.coordination.events import (
    Close,
    Merge,
    Note,
    Provide,
    Stop,
    Tick,
    Unmergeable,
    Unreadable,
)
from gradual_master.coordination.lifecycle import State


def test_an_agent_is_welcomed_with_the_terms_of_the_run() -> None:
    welcome = sent(three_levels().greet("a"), 1)[0].welcome
    assert welcome is not None
    assert (welcome.run, welcome.epoch, welcome.lease, welcome.guard, welcome.interval) == ("r1", 1, 10 * S, S, S)
    assert (welcome.batch_offset, welcome.last_batch) == (0, 0)


def test_batches_are_spread_over_half_an_interval() -> None:
    run = three_levels(expect_agents=4)
    offsets = [sent(run.greet(name), run.streams[name])[0].welcome.batch_offset for name in "abcd"]
    assert offsets == [0, S // 4, S // 8, 3 * S // 8]


REFUSED = [
    ("an older protocol", {"protocol": 1, "version": "0.1"}, "speaks protocol 2.*agent a.*version 0.1.*speaks 1"),
    ("a newer protocol", {"protocol": 3, "version": "9.0"}, "speaks protocol 2.*agent a.*speaks 3: install the same"),
    ("an unknown run", {"run": "other"}, "unknown run other"),
]


@pytest.mark.parametrize(("reason", "changes", "wording"), REFUSED, ids=[reason for reason, *_ in REFUSED])
def test_an_agent_that_does_not_belong_here_is_refused(reason: str, changes: dict[str, object], wording: str) -> None:
    run = three_levels()
    instructions = run.greet("a", **changes)
    refused = sent(instructions, 1)[0].refused
    assert refused is not None
    assert re.search(wording, refused.reason)
    assert Close(1) in instructions


def test_an_agent_that_was_away_too_long_while_others_are_awaited_joins_again() -> None:
    run = three_levels()
    run.greet("a")
    run.hang_up("a")
    run.wait(12)
    assert sent(run.greet("a", 2, run="r1", epoch=1), 2)[0].welcome is not None


def test_agents_of_one_name_are_all_accepted_and_sent_their_display_names() -> None:
    run = three_levels(expect_agents=3)
    shown = [sent(run.greet(key, name="b"), run.streams[key])[0].welcome.name for key in "xyz"]
    assert shown == ["b", "b#2", "b#3"]
    assert [run.core.name_of(id_of(key)) for key in "xyz"] == shown
    assert run.core.state is State.PROVISIONING
    facts = run.core.facts().agents
    assert [agent.name for agent in facts] == shown
    assert len({agent.id for agent in facts}) == 3


def test_an_agent_that_is_started_again_under_load_joins_at_once_while_the_former_is_still_held() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.wait_until(start + S, "a", "b")
    held = run.slots("b")
    run.hang_up("b")
    instructions = run.greet("c", name="b")
    assert sent(instructions, run.streams["c"])[0].welcome.name == "b#2"
    instructions = run.send("c", confirm=Confirm(0, 0, 1))
    assert not slots_of(held) & set().union(*(slots_of(entry.slots) for entry in only(instructions, Provide)))
    run.wait(12, "a", "c")
    facts = {agent.name: agent for agent in run.core.facts().agents}
    assert [(name, agent.lost) for name, agent in facts.items()] == [("a", False), ("b", True), ("b#2", False)]
    assert run.assignments().keys() == {id_of("a"), id_of("c")}


def test_an_agent_that_comes_when_the_run_is_about_to_end_is_refused() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.handle(Stop("interrupt"))
    refused = sent(run.greet("c"), 3)[0].refused
    assert refused is not None
    assert "about to end" in refused.reason


def test_a_newcomer_that_says_that_it_works_for_this_run_is_refused() -> None:
    run = three_levels()
    run.to_running("a", "b")
    for stranger in ({"held": (SlotRun(0, 0, 1, 1),)}, {"last_batch": 3}):
        refused = sent(run.greet("c", **stranger), run.streams["c"])[0].refused
        assert refused is not None
        assert "does not know it" in refused.reason


def test_an_agent_whose_hello_names_what_it_never_had_is_dropped() -> None:
    run = three_levels()
    run.to_running("a", "b")
    instructions = run.greet("a", 2, run="r1", epoch=1, held=(SlotRun(0, 2, 1, 1),))
    assert sent(instructions, 3)[0].refused is not None
    assert "never given" in notes_text(run)


def test_an_agent_without_pings_gets_expired_and_is_lost_after_lease_and_guard() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(10.9, "a")
    assert not any(message.expired for message in sent(run.instructions, 2))
    run.wait(0.3, "a")
    assert any(message.expired for message in sent(run.instructions, 2))
    assert [agent.lost for agent in run.core.facts().agents] == [False, True]
    assert "warning: agent b is lost: it was not heard for 11s; its 4 users go to the others" in notes_text(run)
    assert run.core.state is State.RUNNING


def test_the_news_of_a_killed_agent_tell_its_story_in_order() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.wait_until(start + S, "a", "b")
    before = len(run.instructions)
    run.hang_up("b")
    run.wait(12, "a")
    notes = only(run.instructions[before:], Note)
    assert [(note.level, note.agent_state, note.text) for note in notes] == [
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
    run = three_levels()
    start = run.to_running("a", "b")
    run.wait_until(start + S, "a", "b")
    before = len(run.instructions)
    run.hang_up("b")
    run.wait(6, "a")
    run.greet("b", 2, run="r1", epoch=1, held=run.slots("b"))
    run.ping("b")
    run.send("b", leaving=True, released=run.slots("b"), batches=(batch_of(1, 0, last=True),))
    run.send("b", goodbye=Goodbye("asked to end"))
    run.hang_up("b")
    states = [
        (note.agent_state, note.text) for note in only(run.instructions[before:], Note) if note.agent_state is not None
    ]
    assert [state for state, _ in states] == ["silent", "back", "left"]
    assert states[1][1] == "agent b is back"
    assert "the connection to agent b is broken" not in notes_text(run).partition("has left")[2]


def test_what_a_lost_agent_still_delivers_is_merged() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.wait(13, "a")
    run.greet("b", 2, run="r1", epoch=1)
    run.now = max(run.now, start + 12 * S)
    instructions = run.send("b", batches=(batch_of(1, 0), batch_of(2, 1)))
    assert len(only(instructions, Merge)) == 2
    assert run.core.facts().agents[1].lost


def test_an_agent_with_a_live_lease_is_adopted_on_its_higher_stream() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    deliver(run, "ab", range(1), start)
    slots = run.slots("a")
    instructions = run.greet("a", 2, run="r1", epoch=1, held=(SlotRun(0, 0, 2, 1),))
    assert Close(1) in instructions
    assert sent(instructions, 3)[0].welcome.last_batch == 1
    instructions = run.ping("a")
    assert orders_in(instructions, 3).slots == slots
    assert not run.core.facts().agents[0].lost


def test_a_lower_stream_number_takes_nothing_over() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.greet("a", 5, run="r1", epoch=1)
    here = run.streams["a"]
    instructions = run.greet("a", 4, run="r1", epoch=1)
    assert instructions == [Close(here + 1)]
    run.streams["a"] = here
    assert sent(run.ping("a"), here)[0].pong is not None


def test_an_agent_that_says_goodbye_is_gone_at_once() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.send("a", goodbye=Goodbye("asked to end"))
    assert [agent.lost for agent in run.core.facts().agents] == [True, False]


def test_an_agent_that_cannot_be_read_is_named_dropped_and_not_heard_again() -> None:
    run = three_levels()
    run.to_running("a", "b")
    instructions = run.handle(Unreadable(1, "histograms: 3 sizes for 2 keys", "ipv4:10.0.0.1:9"))
    assert sent(instructions, 1)[0].refused is not None
    assert Close(1) in instructions
    assert "error: agent a is dropped" in notes_text(run)
    assert "3 sizes for 2 keys" in notes_text(run)
    assert [agent.lost for agent in run.core.facts().agents] == [True, False]
    assert run.core.state is State.RUNNING
    assert sent(run.greet("a", 2, run="r1", epoch=1), 3)[0].refused is not None


def test_an_agent_dropped_while_others_are_awaited_leaves_its_place_to_another() -> None:
    run = three_levels()
    run.greet("a")
    run.handle(Unreadable(1, "corrupt"))
    run.greet("b")
    assert run.core.state is State.WAITING
    run.greet("c")
    assert run.core.state is State.PROVISIONING
    assert [agent.name for agent in run.core.facts().agents] == ["b", "c"]


def test_a_batch_that_does_not_fit_the_plan_drops_its_agent() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.now = start + S
    run.core.handle(Tick(), run.now)
    run.handle(Unmergeable(id_of("b"), 1, "step 99"))
    assert [agent.lost for agent in run.core.facts().agents] == [False, True]
    assert "batch 1: step 99" in notes_text(run)


def test_an_agent_that_dials_again_after_the_end_is_sent_that_it_is_over() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(30.2, "a", "b")
    finish(run, "a")
    run.hang_up("a")
    finish(run, "b")
    assert run.core.state is State.FINISHED
    assert run.core.uninformed == ["a"]
    assert sent(run.greet("a", 2, run="r1", epoch=1), 3)[-1].finish is not None
    assert run.core.uninformed == []
