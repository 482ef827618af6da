"""The timeline: order, cancelling, one timer."""

from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.runtime.timeline import MAX_SLEEP_NS, SLICE_NS, Timeline
from gradual_common.clock import NS_PER_MS


class Handle:
    def __init__(self, delay):
        self.delay = delay
        self.is_cancelled = False

    def cancel(self):
        self.is_cancelled = True


class Loop:
    """Keeps the timers it is asked for."""

    def __init__(self):
        self.handles = []

    def call_later(self, delay, callback):
        self.handles.append(Handle(delay))
        return self.handles[-1]

    @property
    def armed(self):
        return [handle.delay for handle in self.handles if not handle.is_cancelled]


class Setting:
    """A timeline on a loop and a clock that stand still."""

    def __init__(self):
        self.now = 0
        self.loop = Loop()
        self.ran = []
        self.timeline = Timeline(self.loop, lambda: self.now)

    def run(self, now):
        self.now = now
        self.timeline.run_due()


@given(st.lists(st.integers(0, 50)), st.lists(st.integers(0, 60), max_size=5))
def test_entries_run_in_the_order_of_their_instants_and_never_early(instants, wakes):
    setting = Setting()
    for number, when in enumerate(instants):
        setting.timeline.at(when, setting.ran.append, (when, number))
    for now in sorted(wakes):
        setting.run(now)
        due = sorted((when, number) for number, when in enumerate(instants) if when <= now)
        assert setting.ran == due
        assert len(setting.timeline) == len(instants) - len(due)


def test_a_cancelled_entry_does_not_run_and_cancelling_again_changes_nothing():
    setting = Setting()
    entry = setting.timeline.at(1, setting.ran.append, 1)
    setting.timeline.at(2, setting.ran.append, 2)
    setting.timeline.cancel(entry)
    setting.timeline.cancel(entry)
    assert len(setting.timeline) == 1
    setting.run(5)
    assert setting.ran == [2]
    setting.timeline.cancel(entry)
    assert len(setting.timeline) == 0


@given(st.lists(st.booleans(), max_size=400))
def test_cancelled_entries_do_not_pile_up(flags):
    setting = Setting()
    entries = [setting.timeline.at(n, setting.ran.append, n) for n in range(len(flags))]
    for entry, is_cancelled in zip(entries, flags, strict=True):
        if is_cancelled:
            setting.timeline.cancel(entry)
    assert len(setting.timeline) == flags.count(False)
    setting.run(len(flags))
    assert setting.ran == [n for n, is_cancelled in enumerate(flags) if not is_cancelled]
    assert len(setting.timeline) == 0


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


def test_what_a_callback_adds_for_now_runs_in_the_same_go():
    setting = Setting()
    setting.timeline.at(1, lambda _: setting.timeline.at(1, setting.ran.append, "added"))
    setting.run(1)
    assert setting.ran == ["added"]


def test_a_callback_that_fails_leaves_the_others_to_run():
    setting = Setting()
    setting.timeline.at(1, lambda _: 1 / 0)
    setting.timeline.at(2, setting.ran.append, "later")
    try:
        setting.run(2)
    except ZeroDivisionError:
        setting.run(2)
    assert setting.ran == ["later"]


def test_a_crowd_that_is_due_at_once_runs_in_slices_and_the_loop_has_its_turn_in_between():
    setting = Setting()

    def work(number):
        setting.ran.append(number)
        setting.now += SLICE_NS // 2

    for number in range(5):
        setting.timeline.at(1, work, number)
    for ran in ([0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]):
        setting.loop.handles.clear()
        setting.run(max(1, setting.now))
        assert setting.ran == ran
        assert setting.loop.armed == ([0.0] if len(ran) < 5 else [])


def test_a_closed_timeline_forgets_everything():
    setting = Setting()
    setting.timeline.at(1, setting.ran.append)
    setting.timeline.close()
    assert setting.loop.armed == []
    setting.run(5)
    assert (setting.ran, len(setting.timeline)) == ([], 0)
