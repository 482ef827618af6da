"""An agent dials again after 0.1 to 1 s, and gives up after its patience."""

import pytest

from gradual_agent.coordination.redial import Redial, Waiting

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("jitter", "delays_ms"),
    [
        (0.0, [100, 100, 100, 100, 100, 100]),
        (0.5, [150, 200, 300, 500, 550, 550]),
        (1.0, [200, 300, 500, 900, 1000, 1000]),
    ],
)
def test_the_delay_grows_within_its_bounds(jitter: float, delays_ms: list[int]) -> None:
    redial = Redial(60 * SECOND, lambda: jitter, now=0)
    delays = []
    for _ in delays_ms:
        redial.lost(0)
        delays.append(redial.next_at // 1_000_000)
    assert delays == delays_ms


def test_the_first_dial_is_at_once() -> None:
    assert Redial(60 * SECOND, lambda: 0.5, now=7).next_at == 7


def test_the_waiting_is_told_when_it_begins_and_every_ten_seconds() -> None:
    redial = Redial(60 * SECOND, lambda: 0.0, now=0)
    told = {second: redial.notice(second * SECOND) for second in (0, 1, 9, 10, 19, 21)}
    assert {second: (waiting.so_far, waiting.left) for second, waiting in told.items() if waiting} == {
        0: (0, 60 * SECOND),
        10: (10 * SECOND, 50 * SECOND),
        21: (21 * SECOND, 39 * SECOND),
    }


def test_a_master_that_is_there_is_not_waited_for_and_one_that_is_lost_is_from_then_on() -> None:
    redial = Redial(60 * SECOND, lambda: 0.0, now=0)
    redial.notice(0)
    redial.found()
    assert redial.notice(SECOND) is None
    redial.lost(2 * SECOND)
    assert redial.notice(3 * SECOND) == Waiting(SECOND, 59 * SECOND)


def test_patience_counts_from_the_moment_that_the_master_was_lost() -> None:
    redial = Redial(60 * SECOND, lambda: 0.0, now=0)
    assert redial.give_up_at == 60 * SECOND
    redial.found()
    assert redial.give_up_at is None
    assert not redial.is_over(500 * SECOND)
    redial.lost(10 * SECOND)
    redial.lost(20 * SECOND)
    assert redial.give_up_at == 70 * SECOND
    assert redial.is_over(70 * SECOND)


def test_finding_the_master_makes_the_next_dial_soon_again() -> None:
    redial = Redial(60 * SECOND, lambda: 1.0, now=0)
    for _ in range(5):
        redial.lost(0)
    redial.found()
    redial.lost(0)
    assert redial.next_at == SECOND // 5
