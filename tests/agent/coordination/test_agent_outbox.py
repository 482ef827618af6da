"""Batches are kept until they are acknowledged, and at most eight of them are on their way."""

from agent_batches import batch

from gradual_agent.coordination.outbox import MAX_IN_FLIGHT, Outbox, WaitingBatch, estimated_bytes


def numbers(waiting: tuple[WaitingBatch, ...]) -> list[int]:
    return [one.batch.number for one in waiting]


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
    assert outbox.next_due is None


def test_the_last_batch_takes_those_before_it_along() -> None:
    """It is sealed when the users have ended, before the one of the interval that has just ended is due."""
    outbox = filled(1)
    outbox.put(batch(2, last=True), send_at=5)
    assert outbox.next_due == 5
    assert numbers(outbox.take(5)) == [1, 2]


def test_at_most_eight_are_in_flight() -> None:
    outbox = filled(12)
    assert numbers(outbox.take(1000)) == list(range(1, MAX_IN_FLIGHT + 1))
    assert outbox.next_due is None
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
