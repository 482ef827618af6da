"""Schedules and values in block characters: time is kept, and nothing that is there is drawn as nothing."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.reporting.text.block_chart import BLOCKS, block_lines, constant_pieces, height_of, slices


def schedule(users: Sequence[tuple[int, ...]], step_s: int = 10, end: bool = True) -> Schedule:
    step = step_s * NS_PER_S
    changes = tuple(Change(n * step, sum(counts), counts, n, 0) for n, counts in enumerate(users))
    levels = tuple(Level(n, 0, n * step, (n + 1) * step, sum(counts)) for n, counts in enumerate(users))
    until = len(users) * step
    phases = (SchedulePhase(0, "run", 0, until, False),)
    return Schedule(changes, levels, phases, until if end else None, tuple("abcdef"[: len(users[0])]))


@given(st.lists(st.integers(0, 500), min_size=1, max_size=30), st.integers(1, 100))
def test_slices_keep_the_user_seconds(users: list[int], columns: int) -> None:
    compiled = schedule([(count,) for count in users])
    pieces = constant_pieces(compiled)
    end = pieces[-1][1]
    drawn = sum(column[0] for column in slices(pieces, end, columns)) * end / columns
    assert drawn == pytest.approx(sum(users) * 10 * NS_PER_S, rel=1e-9, abs=1)


def test_an_open_end_is_drawn_a_little_further_or_as_far_as_asked() -> None:
    endless = schedule([(1,), (2,), (3,)], end=False)
    assert constant_pieces(endless)[-1] == (20 * NS_PER_S, 25 * NS_PER_S, (3,))
    assert constant_pieces(endless, 60 * NS_PER_S)[-1] == (20 * NS_PER_S, 60 * NS_PER_S, (3,))
    assert constant_pieces(schedule([(1,), (2,)]), 60 * NS_PER_S)[-1][1] == 20 * NS_PER_S, "a known end stays"


def test_lines_of_blocks_stand_on_each_other() -> None:
    assert block_lines([1, 2, 3, 4], 4, 2) == ["  ▄█", "▄███"]


def test_a_little_is_never_nothing() -> None:
    assert (height_of(0, 10, 1), height_of(1e-9, 10, 1), height_of(10, 10, 1), height_of(5, 0, 1)) == (0, 1, 8, 0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(1, 10))
def test_every_line_has_a_column_for_each_value(values: list[float], lines: int) -> None:
    drawn = block_lines(values, max(values), lines)
    assert [len(line) for line in drawn] == [len(values)] * lines
    assert set("".join(drawn)) <= set(BLOCKS)
