"""Batches are sealed in time, kept until they are acknowledged, and share messages; at most eight are on their way."""

from agent_batches import batch
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.coordination.outbox import (
    MAX_IN_FLIGHT,
    RUNS_PER_MESSAGE,
    Intervals,
    Outbox,
    WaitingBatch,
    estimated_bytes,
    pack,
)
from gradual_common.clock import NEVER
from gradual_common.protocol.messages import AgentMessage, Confirm, Ping, SlotRun


def test_with_orders_before_the_start_the_first_interval_is_0() -> None:
    intervals = Intervals(start=1000, length=100, now=500)
    assert intervals.next == 0
    assert intervals.end_of(intervals.next) == 1100


def test_an_agent_that_joins_late_starts_with_the_present_interval() -> None:
    assert Intervals(start=1000, length=100, now=1250).next == 2


def test_an_interval_is_taken_once_it_has_ended() -> None:
    intervals = Intervals(start=1000, length=100, now=0)
    assert [intervals.take_ended(now) for now in (1099, 1100, 1100)] == [False, True, False]
    assert [intervals.take_ended(1430) for _ in range(4)] == [True, True, True, False]
    assert (intervals.next, intervals.end_of(intervals.next)) == (4, 1500)


@given(st.integers(0, 10**12), st.integers(1, 10**10), st.lists(st.integers(0, 10**13)))
def test_no_interval_is_left_out_or_taken_twice(start: int, length: int, wakes: list[int]) -> None:
    intervals = Intervals(start, length, now=0)
    taken = 0
    for now in wakes:
        while taken < 1000 and intervals.take_ended(now):
            assert intervals.end_of(taken) <= now
            taken += 1
    assert intervals.next == taken


def numbers(waiting: tuple[WaitingBatch, ...]) -> list[int]:
    return [kept.batch.number for kept in waiting]


def filled(count: int, max_batches: int = 100) -> Outbox:
    outbox = Outbox(max_batches)
    for number in range(1, count + 1):
        outbox.put(batch(number), send_at=number * 10)
    return outbox


def test_a_batch_goes_out_at_its_instant_and_once() -> None:
    outbox = filled(2)
    assert outbox.next_due == 10
    assert numbers(outbox.take(9)) == []
    assert numbers(outbox.take(10)) == [1]
    assert numbers(outbox.take(20)) == [2]
    assert numbers(outbox.take(30)) == []
    assert outbox.next_due == NEVER


def test_the_last_batch_takes_those_before_it_along() -> None:
    """It is sealed when the users have ended, before the one of the interval that has just ended is due."""
    outbox = filled(1)
    outbox.put(batch(2, last=True), send_at=5)
    assert outbox.next_due == 5
    assert numbers(outbox.take(5)) == [1, 2]


def test_at_most_eight_are_in_flight() -> None:
    outbox = filled(12)
    assert numbers(outbox.take(1000)) == list(range(1, MAX_IN_FLIGHT + 1))
    assert outbox.next_due == NEVER
    outbox.acknowledge(3)
    assert numbers(outbox.take(1000)) == [9, 10, 11]


def test_an_acknowledgement_covers_everything_before_it() -> None:
    outbox = filled(4)
    outbox.take(1000)
    outbox.acknowledge(3)
    outbox.acknowledge(2)
    assert outbox.numbers == (4,)
    assert outbox.in_flight == 1


def test_a_new_stream_sends_again_what_was_not_acknowledged() -> None:
    outbox = filled(3)
    outbox.take(1000)
    outbox.acknowledge(1)
    outbox.rewind()
    assert numbers(outbox.take(1000)) == [2, 3]


def test_an_acknowledgement_of_what_is_not_in_flight_drops_it_too() -> None:
    """After a rewind the Welcome says what the master already has."""
    outbox = filled(3)
    outbox.acknowledge(2)
    assert outbox.in_flight == 0
    assert numbers(outbox.take(1000)) == [3]


def test_it_is_full_at_its_number_of_batches() -> None:
    outbox = filled(3, max_batches=4)
    assert not outbox.is_full
    outbox.put(batch(4), 0)
    assert outbox.is_full
    outbox.acknowledge(1)
    assert not outbox.is_full


def test_it_is_full_at_its_number_of_bytes() -> None:
    outbox = Outbox(100, max_bytes=estimated_bytes(batch(1, cells=50)) + 1)
    outbox.put(batch(1, cells=50), 0)
    assert not outbox.is_full
    outbox.put(batch(2), 0)
    assert outbox.is_full


def test_the_bound_is_sixty_batches_or_two_leases() -> None:
    second = 1_000_000_000
    assert Outbox.bound(10 * second, second) == 60
    assert Outbox.bound(60 * second, second) == 120
    assert Outbox.bound(10 * second, second // 10) == 200


def test_the_estimate_counts_every_column() -> None:
    assert estimated_bytes(batch(1, cells=1000)) - estimated_bytes(batch(1)) == 1000 * (12 + 8)


def test_everything_is_delivered_once_the_last_batch_is_acknowledged() -> None:
    outbox = filled(1)
    outbox.acknowledge(1)
    assert not outbox.is_delivered, "more is to come"
    outbox.put(batch(2, last=True), send_at=5)
    assert (outbox.newest, outbox.is_delivered) == (2, False)
    outbox.acknowledge(2)
    assert (outbox.newest, outbox.is_delivered) == (2, True)


def waiting_batch(number: int, cells: int = 0) -> WaitingBatch:
    one = batch(number, cells=cells)
    return WaitingBatch(one, estimated_bytes(one), 0)


def test_nothing_is_no_message() -> None:
    assert pack(AgentMessage(), ()) == []


def test_everything_that_fits_is_one_message() -> None:
    run = SlotRun(0, 0, 3, 1)
    waiting = (waiting_batch(1), waiting_batch(2))
    message = AgentMessage(ping=Ping(7, 8), confirm=Confirm(1, 2, 3), released=(run,), finished=(run,), leaving=True)
    assert pack(message, waiting) == [
        AgentMessage(
            ping=Ping(7, 8),
            confirm=Confirm(1, 2, 3),
            released=(run,),
            finished=(run,),
            batches=tuple(kept.batch for kept in waiting),
            leaving=True,
        )
    ]


def test_large_batches_get_messages_of_their_own_in_order() -> None:
    waiting = tuple(waiting_batch(number, cells=5000) for number in (1, 2, 3))
    messages = pack(AgentMessage(ping=Ping(1, 0)), waiting)
    assert [[sent.number for sent in message.batches] for message in messages] == [[1], [2], [3]]
    assert [message.ping is not None for message in messages] == [True, False, False]


def test_many_slot_runs_are_spread_over_messages_and_none_is_lost() -> None:
    runs = tuple(SlotRun(0, 2 * number, 1, 1) for number in range(2 * RUNS_PER_MESSAGE + 1))
    messages = pack(AgentMessage(released=runs), ())
    assert len(messages) == 3
    assert sum((message.released for message in messages), ()) == runs
