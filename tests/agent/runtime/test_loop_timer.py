"""The loop timer: one timer, set for the first entry, as exactly as the loop allows."""

from gradual_agent.runtime.loop_timer import MAX_SLEEP_NS, LoopTimer
from gradual_agent.runtime.timeline import SLICE_NS
from gradual_common.clock import NS_PER_MS


class Handle:
    def __init__(self, delay, callback):
        self.delay = delay
        self.callback = callback
        self.is_cancelled = False

    def cancel(self):
        self.is_cancelled = True


class Loop:
    """Keeps the timers it is asked for."""

    def __init__(self):
        self.handles = []

    def call_later(self, delay, callback):
        self.handles.append(Handle(delay, callback))
        return self.handles[-1]

    @property
    def armed(self):
        return [handle.delay for handle in self.handles if not handle.is_cancelled]


class Setting:
    """A loop and a clock that stand still, until `ring` runs the timer that is set."""

    def __init__(self):
        self.now = 0
        self.loop = Loop()
        self.ran = []
        self.timer = LoopTimer(self.loop, lambda: self.now)
        self.timeline = self.timer.timeline

    def ring(self, now):
        self.now = now
        handle = self.loop.handles[-1]
        self.loop.handles.clear()
        handle.callback()


def test_there_is_one_timer_and_it_is_set_for_the_first_entry():
    setting = Setting()
    for milliseconds in (50, 80, 20, 60):
        setting.timeline.at(milliseconds * NS_PER_MS, setting.ran.append, milliseconds)
    assert setting.loop.armed == [0.02]


def test_delays_are_rounded_up_to_the_timers_of_the_loop():
    setting = Setting()
    setting.timeline.at(NS_PER_MS + 1, setting.ran.append)
    assert setting.loop.armed == [0.002]


def test_a_timer_is_never_set_for_longer_than_a_sleep_of_the_machine_may_hide():
    setting = Setting()
    setting.timeline.at(100 * MAX_SLEEP_NS, setting.ran.append)
    assert setting.loop.armed == [1.0]


def test_the_loop_has_its_turn_between_two_slices_of_a_crowd():
    setting = Setting()

    def work(number):
        setting.ran.append(number)
        setting.now += SLICE_NS

    for number in range(3):
        setting.timeline.at(1, work, number)
    for ran in ([0], [0, 1], [0, 1, 2]):
        setting.ring(max(1, setting.now))
        assert setting.ran == ran
        assert setting.loop.armed == ([0.0] if len(ran) < 3 else [])


def test_a_callback_that_fails_leaves_the_timer_set_for_the_others():
    setting = Setting()
    setting.timeline.at(1, lambda _: 1 / 0)
    setting.timeline.at(NS_PER_MS + 1, setting.ran.append, "later")
    try:
        setting.ring(1)
    except ZeroDivisionError:
        assert setting.loop.armed == [0.001]


def test_nothing_runs_once_it_is_closed():
    setting = Setting()
    setting.timeline.at(1, setting.ran.append)
    setting.timer.close()
    assert setting.loop.armed == []
    assert len(setting.timeline) == 0
