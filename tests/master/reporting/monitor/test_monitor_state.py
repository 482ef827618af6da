"""The state of the monitor: elapsed time, missing users, recent rates of steps, news."""

from math import ceil

import pytest
from monitor_states import Clock, monitor_state, records, records_of, staircase
from raw_run import run_of

from gradual_master.reporting.monitor.state import BEFORE_S, MonitorState
from gradual_master.results.summary.history import News

GROUPS = ("customer", "guest")


def test_before_anything_is_known_the_clock_does_not_run() -> None:
    clock = Clock()
    state = MonitorState(staircase(GROUPS), clock)
    state.run = run_of()
    clock.now += 60
    assert (state.elapsed_s, state.left_s, state.groups(), state.steps()) == (0, 80, [], ())
    assert not state.is_late


def test_the_clock_runs_on_between_intervals_and_the_quickest_news_set_it() -> None:
    clock = Clock()
    state = MonitorState(staircase(GROUPS), clock)
    closed = list(records(3, GROUPS, 1))
    for record, delay in zip(closed, (0.9, 0.4, 2.5), strict=True):
        clock.now = 100 + record.end_s + delay
        state.add(record)
    assert round(state.elapsed_s, 6) == 5.1, "the second interval came soonest: 0.4 s after its end"
    state.add_news(News(5.4, "info", "x"))
    assert round(state.elapsed_s, 6) == 5.4, "and news say the very moment"
    clock.now += 4
    assert round(state.elapsed_s, 6) == 9.4
    assert round(state.left_s or 0, 6) == 70.6


def test_data_that_is_too_old_is_noticed_but_not_while_the_run_ends() -> None:
    clock = Clock()
    state = monitor_state(20, GROUPS, 1, clock=clock)
    assert not state.is_late
    clock.now += 6
    assert state.is_late
    state.add_news(
        News(26, "warning", "stopping: users finish (5s at most); stop again to interrupt them", is_stop=True)
    )
    assert not state.is_late


def test_levels_follow_the_clock() -> None:
    clock = Clock()
    state = monitor_state(9, GROUPS, 1, clock=clock)
    now, then = state.changes()
    assert (now and now.target, then and then.target) == (10, 20)
    clock.now += 1
    now, then = state.changes()
    assert (now and now.target, then and then.target) == (20, 30)
    clock.now += 100
    assert state.changes()[1] is None


def test_missing_users_are_counted_by_group_and_not_while_the_run_ends() -> None:
    state = monitor_state(8, GROUPS, 2, thresholds=[])
    assert [(group.name, group.target, group.users, group.missing) for group in state.groups()] == [
        ("customer", 5, 5, 0),
        ("guest", 5, 4, 1),
    ]
    total = state.all_users()
    assert (total.target, total.users, total.missing, total.peak) == (10, 9, 1, 80)
    state.add_news(
        News(8.5, "warning", "stopping: users finish (5s at most); stop again to interrupt them", is_stop=True)
    )
    assert [group.missing for group in (*state.groups(), state.all_users())] == [0, 0, 0]


def test_what_the_log_says_too_is_shown_once_and_in_one_line() -> None:
    state = monitor_state(8, GROUPS, 2)
    state.add_news(News(8.1, "warning", "agent a is lost"))
    state.add_log("warning", "agent a is lost")
    state.add_log("error", "reporter X failed\nTraceback \x1b[2J")
    assert [(news.level, news.text) for news in state.news] == [
        ("warning", "agent a is lost"),
        ("error", "reporter X failed"),
    ]


def test_an_open_end_moves_away_as_it_nears() -> None:
    clock = Clock()
    state = monitor_state(5, GROUPS, 1, clock=clock, endless=True)
    assert state.targets(10)[0] == 87.5, "a quarter past the last change"
    assert state.left_s is None
    clock.now += 200
    assert state.targets(10)[0] == 240
    assert state.targets(10)[1][-1] == 80


def test_the_drawing_of_the_schedule_is_made_once_per_size() -> None:
    state = monitor_state(5, GROUPS, 1)
    assert state.targets(40) is state.targets(40)
    assert len(state.targets(50)[1]) == 50


def state_after(samples: list[list[int]]) -> MonitorState:
    state = MonitorState(staircase(("customer", "guest")), Clock())
    for record in records_of(samples):
        state.add(record)
    return state


def rank(times: list[int], q: float) -> int:
    return sorted(times)[ceil(q * len(times)) - 1]


def test_the_last_seconds_are_merged_and_compared_with_those_before() -> None:
    samples = [[second % 7 + 1, second % 5 + 20, 120] for second in range(60)]
    state = state_after(samples)
    recent = [ms for times in samples[-5:] for ms in times]
    before = [ms for times in samples[-5 - int(BEFORE_S) : -5] for ms in times]
    for q, now, then in ((0.5, state.recent.times.p50, state.before.times.p50), (0.9, state.recent.times.p90, None)):
        assert now == pytest.approx(rank(recent, q), rel=0.0055)
        assert then is None or then == pytest.approx(rank(before, q), rel=0.0055)
    assert (state.recent.times.count, state.before.times.count) == (len(recent), len(before))
    assert (state.recent.ok, state.recent.failed) == (2, 1)
    assert (state.recent.in_flight, state.recent.thinking) == (1.5, 1.5)


def test_of_nothing_nothing_is_known() -> None:
    state = MonitorState(staircase(GROUPS), Clock())
    assert (state.recent.ok, state.recent.failed, state.recent.times.p95, state.before.ok) == (None,) * 4
    assert state.recent_records == []


def test_memory_is_bounded() -> None:
    state = MonitorState(staircase(("a",)), Clock())
    for record in records(60, groups=("a",), agents=1, thresholds=[]):
        state.add(record)
    assert len(state.records) == 5 + BEFORE_S


def test_steps_add_up_to_their_intervals() -> None:
    """Every sample counted once, times from merged histograms."""
    state = MonitorState(staircase(GROUPS), Clock())
    for record in records(8, GROUPS, agents=3):
        state.add(record)
    rows, closed = state.steps(), state.recent_records
    assert len(closed) == 5
    assert [(row.group, row.step) for row in rows] == [(group, step) for group in GROUPS for step in ("login", "rates")]
    assert sum(row.rate for row in rows) * 5 == pytest.approx(sum(record.requests for record in closed))
    assert sum(row.failed for row in rows) * 5 == pytest.approx(sum(record.failures for record in closed))
    assert max(row.times.max or 0 for row in rows) == max(record.response_time_ms.max or 0 for record in closed)


def test_the_steps_of_an_interval_are_worked_out_once() -> None:
    """`actions()` makes new rows on each call: the state calls it once per interval."""
    closed = list(records(8, groups=("customer",), agents=1))
    assert closed[0].actions() is not closed[0].actions()
    state = MonitorState(staircase(("customer",)), Clock())
    before: dict[int, object] = {}
    for record in closed:
        state.add(record)
        state.steps()
        assert all(state._actions[number] is rows for number, rows in before.items() if number in state._actions)
        before = dict(state._actions)
    assert list(before) == [3, 4, 5, 6, 7]
