"""The drawing of a schedule shows every group's users over time, in plain text."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual.cli.drawing import GROUP_LINES, chart, draw_schedule
from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.reporting.text.block_chart import BLOCKS


def schedule(users: Sequence[tuple[int, ...]], step_s: int = 10, end: bool = True) -> Schedule:
    step = step_s * NS_PER_S
    changes = tuple(Change(n * step, sum(counts), counts, n, 0) for n, counts in enumerate(users))
    levels = tuple(Level(n, 0, n * step, (n + 1) * step, sum(counts)) for n, counts in enumerate(users))
    until = len(users) * step
    phases = (SchedulePhase(0, "run", 0, until, False),)
    return Schedule(changes, levels, phases, until if end else None, tuple("abcdef"[: len(users[0])]))


def test_a_staircase_is_drawn_as_one() -> None:
    drawn = chart("all users", [1, 2, 3, 4], 2)
    assert drawn == ["       all users, at most 4", "     4 ┤  ▄█", "       │▄███"]


def test_every_group_has_a_chart_of_its_own_over_one_axis() -> None:
    drawn = draw_schedule(schedule([(1, 9), (2, 18)]), 80)
    titles = [line.strip() for line in drawn if "at most" in line]
    assert titles == ["all users, at most 20", "a, at most 2", "b, at most 18"]
    assert drawn[-1].split() == ["0", "10s", "20s"]


def test_a_single_group_is_drawn_once() -> None:
    assert sum("at most" in line for line in draw_schedule(schedule([(1,), (2,)]))) == 1


def test_a_schedule_that_ends_with_its_iterations_says_so() -> None:
    assert draw_schedule(schedule([(5,)], end=False))[-1].endswith("until the iterations are done")


def test_a_group_without_users_is_an_empty_chart() -> None:
    assert chart("idle", [0, 0], GROUP_LINES)[2:] == ["       │"] * (GROUP_LINES - 1)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_asked(width: int) -> None:
    assert max(len(line) for line in draw_schedule(schedule([(1, 1), (50, 5)]), width)) <= width


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(1, 10))
def test_a_column_with_any_users_is_never_blank(values: list[float], lines: int) -> None:
    rows = [row[8:].ljust(len(values)) for row in chart("x", values, lines)[1:]]
    for column, value in enumerate(values):
        assert any(row[column] != BLOCKS[0] for row in rows) == (value > 0)
