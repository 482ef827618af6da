"""Progress: lines off a terminal, a live view on one, both from closed intervals alone."""

import io
import re
from typing import Any

import pytest
from progress_run import SCHEDULE, records, state_after
from raw_run import aggregate_of, fleet_of, plan_of, run_of, schedule_of
from rich.console import Console

from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.progress.reporter import (
    ProgressReporter,
    ProgressState,
    describe_progress,
    render_progress,
)
from gradual_master.results.summary.history import News
from gradual_master.results.summary.summary import build_summary


def test_before_the_first_interval_there_is_nothing() -> None:
    state = ProgressState(SCHEDULE)
    assert (state.at_s, state.recent.ok, state.recent.times.p50, state.broken) == (0, None, None, ())
    assert describe_progress(state).startswith("0:00 of 0:12 | users ")


def test_a_line_says_position_users_figures_and_failures() -> None:
    assert describe_progress(state_after(2, plan=plan_of(thresholds=[]))) == (
        "0:02 of 0:12 | users 3/3 | 1.5 ok/s | p50 10 ms | p95 19.9 ms | 1 failed (HTTP 500 × 1) | agents 1"
    )


def test_objectives_that_are_not_met_are_reported() -> None:
    plan = plan_of(thresholds=["max < 15ms", "max(rates) < 1ms", "error_rate < 99%"])
    assert describe_progress(state_after(2, plan=plan)).endswith("| not met: max < 15ms"), (
        "no data is not a failure yet"
    )


def test_after_the_schedule_users_drain() -> None:
    state = state_after(12)
    assert state.is_draining
    assert describe_progress(state).startswith("0:12 draining | ")


def test_without_an_end_only_the_time_is_known() -> None:
    schedule = schedule_of((2, 1), (4, 2), seconds=6, endless=True)
    state = state_after(2, schedule=schedule)
    assert state.left_s is None
    assert describe_progress(state).startswith("0:02 | ")


def test_missing_users_are_reported_and_a_few_that_are_just_starting_are_not() -> None:
    state = state_after(8)
    assert state.missing == 3, "the second level wants 6, and 3 are active"
    assert "users 3/6 (3 missing)" in describe_progress(state)
    assert state_after(2).missing == 0
    assert state_after(12).missing == 0, "while users finish, none is missing"


def test_the_latest_news_of_the_fleet_stand_in_the_live_view() -> None:
    out = io.StringIO()
    reporter = ProgressReporter(SCHEDULE, Console(file=out, width=80, highlight=False, force_terminal=True))
    reporter.on_test_start(run_of())
    for number in range(6):
        reporter.on_news(News(number, "warning", f"agent {number} is silent"))
        reporter.on_interval(records(1)[0])
    reporter.close()
    assert "0:05 agent 5 is silent" in out.getvalue()
    last = out.getvalue().rpartition("agents 1")[2]
    assert [f"agent {number} is silent" in last for number in range(6)] == [False, False, True, True, True, True]


def follow(count: int, **console: Any) -> tuple[str, ProgressReporter]:
    out = io.StringIO()
    reporter = ProgressReporter(SCHEDULE, Console(file=out, width=80, highlight=False, **console))
    reporter.on_test_start(run_of())
    for record in records(count):
        reporter.on_interval(record)
    plan = plan_of()
    reporter.on_test_complete(build_summary(aggregate_of(plan, SCHEDULE), fleet_of(), run_of()))
    return out.getvalue(), reporter


def test_off_a_terminal_there_is_a_plain_line_every_few_seconds() -> None:
    text, _ = follow(12, force_terminal=False)
    assert [line.split(" | ")[0] for line in text.splitlines()] == ["0:01 of 0:12", "0:06 of 0:12", "0:11 of 0:12"]
    assert "\x1b" not in text


def test_on_a_terminal_there_is_a_live_view_that_leaves_no_trace() -> None:
    text, _ = follow(3, force_terminal=True)
    for part in (
        "0:03 of 0:12",
        "0:09 left",
        "users",
        "customer",
        "2/2",
        "0.5 stopping",
        "failed: HTTP 500 × 1",
        "agents 1",
    ):
        assert part in text
    assert text.endswith("\x1b[2K"), "the lines are erased at the end"


def test_a_plan_of_many_groups_shows_the_first_ones_and_the_sum() -> None:
    users = [{"name": f"g{number}", "concurrency": 1, "behavior": [{"action": "rates"}]} for number in range(12)]
    plan = plan_of(users=users)
    schedule = schedule_of((1,) * 12, seconds=6)
    schedule = Schedule(
        schedule.changes, schedule.levels, schedule.phases, schedule.end, tuple(f"g{n}" for n in range(12))
    )
    record = aggregate_of(plan, schedule).close(0)
    state = ProgressState(schedule)
    state.add(record)
    out = io.StringIO()
    Console(file=out, width=80).print(render_progress(state))
    assert "0/12" in out.getvalue()
    assert "and 4 more groups" in out.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_the_bar_is_green_and_takes_the_room_that_there_is(width: int) -> None:
    out = io.StringIO()
    state = state_after(8)
    Console(file=out, width=width, force_terminal=True, color_system="standard").print(render_progress(state))
    bar = out.getvalue().splitlines()[0]
    assert "\x1b[32m━" in bar
    assert "\x1b[31m" not in bar, "red is for what went wrong"
    assert re.sub("\x1b\\[[0-9;]*m", "", bar).count("━") > width - 35
