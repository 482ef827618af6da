"""The timeline: order, cancelling, and when to look again."""

from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.runtime.timeline import NEVER, SLICE_NS, Timeline


class Setting:
    """A timeline on a clock that does not move by itself."""

    def __init__(self):
        self.now = 0
        self.ran = []
        self.wakes = []
        self.timeline = Timeline(lambda: self.now, self.wakes.append)

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


def test_a_crowd_that_is_due_at_once_runs_in_slices():
    setting = Setting()

    def work(number):
        setting.ran.append(number)
        setting.now += SLICE_NS // 2

    for number in range(5):
        setting.timeline.at(1, work, number)
    for ran in ([0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]):
        setting.run(max(1, setting.now))
        assert setting.ran == ran
        assert setting.timeline.next_at == (1 if len(ran) < 5 else NEVER)


def test_the_driver_is_called_for_an_earlier_first_entry_only():
    setting = Setting()
    for when in (50, 80, 20, 60, 20):
        setting.timeline.at(when, setting.ran.append)
    assert setting.wakes == [50, 20]
    assert setting.timeline.next_at == 20


def test_a_callback_does_not_wake_the_driver_and_what_it_added_is_next():
    setting = Setting()
    setting.timeline.at(1, lambda _: setting.timeline.at(9, setting.ran.append))
    setting.run(1)
    assert setting.wakes == [1]
    assert setting.timeline.next_at == 9


def test_a_cleared_timeline_forgets_everything():
    setting = Setting()
    setting.timeline.at(1, setting.ran.append)
    setting.timeline.clear()
    assert setting.timeline.next_at == NEVER
    setting.run(5)
    assert (setting.ran, len(setting.timeline)) == ([], 0)
