"""The messages of agents: pings, batches, slots that ended, and what cannot be true."""

import pytest
from fleet_model import S, batch_of, deliver, id_of, only, orders_in, sent, three_levels

from gradual_common.protocol.messages import MasterMessage, Ping, Pong, SlotRun
from gradual_master.coordination.events import (
    Close,
    Merge,
    Note,
    Send,
    Unreadable,
)
from gradual_master.coordination.journal import SlotsAssigned


def test_what_comes_before_hello_closes_its_stream() -> None:
    run = three_levels()
    run.streams["a"] = 9
    assert run.ping("a") == [Close(9)]


def test_a_ping_is_answered_ahead_of_all_else_with_its_stamp_and_the_masters_time() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.now = 77
    assert run.send("a", ping=Ping(12345, 3)) == [Send(1, MasterMessage(pong=Pong(12345, 77)), ahead=True)]
    assert run.core.facts().agents[0].begun == 3


def test_a_batch_is_acknowledged_after_it_is_merged() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.wait_until(start + S, "a", "b")
    batch = batch_of(1, 0)
    instructions = run.send("a", batches=(batch,))
    assert [type(entry) for entry in instructions] == [Merge, Send]
    assert sent(instructions, 1)[0].ack == 1


def test_a_batch_that_came_before_is_acknowledged_again_and_merged_once() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    deliver(run, "a", range(2), start)
    instructions = run.send("a", batches=(batch_of(1, 0), batch_of(2, 1)))
    assert only(instructions, Merge) == []
    assert [message.ack for message in sent(instructions, 1)] == [2, 2]


def test_a_gap_closes_the_stream_and_the_agent_may_dial_again() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.now = start + 3 * S
    instructions = run.send("a", batches=(batch_of(3, 2),))
    assert only(instructions, Merge) == []
    assert Close(1) in instructions
    assert sent(run.greet("a", 2, run="r1", epoch=1), run.streams["a"])[0].welcome.last_batch == 0


def test_pings_of_an_expired_agent_are_answered_expired_until_a_new_hello() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(12, "a")
    answer = sent(run.ping("b"), 2)[-1]
    assert answer.expired is not None
    assert answer.pong is None
    run.greet("b", 2, run="r1", epoch=1)
    instructions = run.ping("b")
    assert sent(instructions, run.streams["b"])[0].pong is not None
    assert orders_in(instructions, run.streams["b"]).slots == ()


def test_what_comes_on_a_superseded_stream_is_dropped() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.greet("a", 2, run="r1", epoch=1)
    run.streams["a"] = 1
    assert run.ping("a") == [Close(1)]


def test_slots_that_an_agent_had_cut_come_back_to_it_under_the_next_tenure() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(1, "a", "b")
    run.greet("a", 2, run="r1", epoch=1, held=(SlotRun(0, 0, 1, 1),))
    before = orders_in(run.instructions, 1).version
    orders = orders_in(run.ping("a"), run.streams["a"])
    assert orders.version > before
    # 4 users are scheduled: of 0, 1, 4, 6 the agent should run 0 and 1, and its Hello names only 0.
    assert orders.slots == (SlotRun(0, 0, 1, 1), SlotRun(0, 1, 1, 2), SlotRun(0, 4, 1, 1), SlotRun(0, 6, 1, 1))
    assert SlotsAssigned(id_of("a"), (SlotRun(0, 1, 1, 2),)) in run.journal.decisions


def test_a_slot_that_ended_while_its_agent_was_away_does_not_start_again() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(1, "a", "b")
    run.greet("a", 2, run="r1", epoch=1, held=(SlotRun(0, 0, 1, 1),))
    instructions = run.send("a", ping=Ping(1, 1), finished=(SlotRun(0, 1, 1, 1),))
    assert orders_in(instructions, run.streams["a"]).slots[0] == SlotRun(0, 0, 2, 1)


def test_an_unknown_sender_that_cannot_be_read_is_named_by_its_address() -> None:
    run = three_levels()
    instructions = run.handle(Unreadable(4, "corrupt", "ipv4:10.0.0.1:9"))
    assert sent(instructions, 4)[0].refused is not None
    assert dict(only(instructions, Note)[0].about) == {"peer": "ipv4:10.0.0.1:9"}


IMPOSSIBLE = [
    ("an interval of the future", {"batches": (batch_of(1, 1_000_000),)}),
    ("slots of another agent", {"finished": (SlotRun(0, 2, 1, 1),)}),
    ("slots that do not exist", {"released": (SlotRun(7, 0, 1, 1),)}),
    ("another tenure", {"finished": (SlotRun(0, 0, 1, 9),)}),
]


@pytest.mark.parametrize(("reason", "parts"), IMPOSSIBLE, ids=[reason for reason, _ in IMPOSSIBLE])
def test_what_cannot_be_true_drops_the_agent(reason: str, parts: dict[str, object]) -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.now = start + S
    run.send("a", **parts)
    assert [agent.lost for agent in run.core.facts().agents] == [True, False]
