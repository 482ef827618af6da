"""A deadline moves without work on timers, and holds all the same."""

import pytest

from gradual_agent.runtime.deadline import MovingDeadline
from gradual_agent.runtime.timeline import Timeline


class Surroundings:
    """A timeline on a clock that is set."""

    def __init__(self):
        self.now = 0
        self.timeline = Timeline(self.clock, lambda when: None)

    def clock(self):
        return self.now

    def pass_time(self, until):
        self.now = until
        self.timeline.run_due()


class Waiting(MovingDeadline):
    """Waits as a client does, and notes when it ran out of time."""

    def __init__(self):
        super().__init__(Surroundings())
        self.waits = False
        self.ended_at = []

    @property
    def _is_waiting(self):
        return self.waits

    def _run_out_of_time(self):
        self.waits = False
        self.ended_at.append(self._context.now)

    def begin(self, deadline):
        self.waits = True
        self._deadline = deadline
        if deadline < self._timer_at:
            self._set_timer(deadline)

    def end(self):
        self.waits = False

    def pass_time(self, until):
        self._context.pass_time(until)

    @property
    def timers(self):
        return len(self._context.timeline)


@pytest.fixture(name="waiting")
def _waiting():
    return Waiting()


def test_a_wait_ends_at_its_deadline_and_not_before(waiting):
    waiting.begin(100)
    waiting.pass_time(99)
    assert waiting.ended_at == []
    waiting.pass_time(100)
    assert (waiting.ended_at, waiting.timers) == ([100], 0)


def test_waits_that_end_in_time_share_one_timer(waiting):
    waiting.begin(100)
    first = waiting._timer
    for deadline in (110, 120, 130):
        waiting.end()
        waiting.begin(deadline)
        assert waiting._timer is first
    assert waiting.timers == 1


def test_the_timer_of_an_earlier_wait_does_not_end_a_later_one(waiting):
    waiting.begin(100)
    waiting.end()
    waiting.begin(150)
    waiting.pass_time(100)
    assert (waiting.ended_at, waiting.timers, waiting._timer_at) == ([], 1, 150)
    waiting.pass_time(150)
    assert waiting.ended_at == [150]


def test_a_timer_that_finds_nothing_waiting_is_not_set_again(waiting):
    waiting.begin(100)
    waiting.end()
    waiting.pass_time(100)
    assert (waiting.ended_at, waiting.timers) == ([], 0)
    waiting.begin(200)
    waiting.pass_time(200)
    assert waiting.ended_at == [200]


def test_a_deadline_that_is_earlier_than_the_timer_takes_its_place(waiting):
    waiting.begin(100)
    waiting.end()
    waiting.begin(50)
    assert waiting.timers == 1
    waiting.pass_time(50)
    assert (waiting.ended_at, waiting.timers) == ([50], 0)


def test_a_timer_that_is_cleared_ends_nothing(waiting):
    waiting.begin(100)
    waiting._clear_timer()
    waiting._clear_timer()
    waiting.pass_time(100)
    assert (waiting.ended_at, waiting.timers) == ([], 0)
