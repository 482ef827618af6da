"""What is due shares messages, within the bound of 256 KiB."""

from agent_batches import batch

from gradual_agent.coordination.outbox import WaitingBatch, estimated_bytes
from gradual_agent.coordination.packing import RUNS_PER_MESSAGE, pack
from gradual_common.protocol.messages import AgentMessage, Confirm, Ping, SlotRun


def waiting_batch(number: int, cells: int = 0) -> WaitingBatch:
    one = batch(number, cells=cells)
    return WaitingBatch(one, estimated_bytes(one), 0)


def test_nothing_is_no_message() -> None:
    assert pack(AgentMessage(), ()) == []


def test_everything_that_fits_is_one_message() -> None:
    run = SlotRun(0, 0, 3, 1)
    waiting = (waiting_batch(1), waiting_batch(2))
    said = AgentMessage(ping=Ping(7, 8), confirm=Confirm(1, 2, 3), released=(run,), finished=(run,), leaving=True)
    assert pack(said, waiting) == [
        AgentMessage(
            ping=Ping(7, 8),
            confirm=Confirm(1, 2, 3),
            released=(run,),
            finished=(run,),
            batches=tuple(one.batch for one in waiting),
            leaving=True,
        )
    ]


def test_large_batches_get_messages_of_their_own_in_order() -> None:
    waiting = tuple(waiting_batch(number, cells=5000) for number in (1, 2, 3))
    messages = pack(AgentMessage(ping=Ping(1, 0)), waiting)
    assert [[one.number for one in message.batches] for message in messages] == [[1], [2], [3]]
    assert [message.ping is not None for message in messages] == [True, False, False]


def test_many_slot_runs_are_spread_over_messages_and_none_is_lost() -> None:
    runs = tuple(SlotRun(0, 2 * number, 1, 1) for number in range(2 * RUNS_PER_MESSAGE + 1))
    messages = pack(AgentMessage(released=runs), ())
    assert len(messages) == 3
    assert sum((message.released for message in messages), ()) == runs
