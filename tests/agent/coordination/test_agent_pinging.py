"""Pings go every tenth of the lease; a silence is the master's only where this process was awake to hear it."""

from gradual_agent.coordination.pinging import BURST, Pinging

LEASE = 1000
NOW = 5000


def begun(answered: int = BURST) -> Pinging:
    """A stream that began at NOW, with so many of its first pings answered at once."""
    pinging = Pinging()
    pinging.begin(LEASE, NOW)
    for _ in range(answered):
        assert pinging.is_due(NOW, riding=False)
        pinging.ping(NOW)
        pinging.answer(NOW)
    return pinging


def test_the_first_pings_follow_each_other_and_then_one_is_due_every_tenth_of_the_lease() -> None:
    assert begun(BURST - 1).is_bursting
    pinging = begun()
    assert not pinging.is_bursting
    assert pinging.next_at == NOW + 100
    assert not pinging.is_due(NOW + 99, riding=False)
    assert pinging.is_due(NOW + 100, riding=False)


def test_a_ping_rides_on_another_message_when_half_of_the_wait_is_over() -> None:
    assert not begun().is_due(NOW + 49, riding=True)
    assert begun().is_due(NOW + 50, riding=True)


def test_silence_counts_while_a_ping_waits_for_its_answer() -> None:
    pinging = begun()
    assert pinging.silence_deadline is None
    assert not pinging.is_silent(NOW + 10 * LEASE), "nothing was asked"
    for at in (100, 200, 300):
        pinging.ping(NOW + at)
    assert pinging.silence_deadline == NOW + 300
    assert not pinging.is_silent(NOW + 299)
    assert pinging.is_silent(NOW + 300)
    pinging.answer(NOW + 301)
    assert pinging.silence_deadline is None


def test_the_first_unanswered_ping_has_two_intervals_to_be_answered() -> None:
    pinging = begun()
    pinging.ping(NOW + 250)
    assert pinging.silence_deadline == NOW + 450


def test_after_a_stall_of_our_own_the_next_ping_must_be_answered() -> None:
    pinging = begun()
    pinging.ping(NOW + 100)
    assert not pinging.is_silent(NOW + 5000), "a pong may wait unread"
    pinging.ping(NOW + 5000)
    assert pinging.silence_deadline == NOW + 5200
    pinging.ping(NOW + 5100)
    assert not pinging.is_silent(NOW + 5199)
    assert pinging.is_silent(NOW + 5200)
