"""The drawing in the terminal shows the levels and the law where they are, in 80 columns."""

from math import sqrt

import numpy as np
import pytest
from made_levels import CISCO, levels_of, made_levels

from gradual.analyze.drawing import BAND, COLUMNS, LAW, LINES, MARGIN, MEASURED, draw_scalability
from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import MeasuredLevel

USERS = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0)
PEAKED = Usl(2.0, 0.02, 0.0004)


def drawn(levels: list[MeasuredLevel]) -> list[str]:
    return draw_scalability(analyse_scalability(levels))


def places(lines: list[str], character: str) -> list[tuple[int, int]]:
    """Column and height (0: the lowest line) of a character in the drawing."""
    canvas = [line[MARGIN - 1 :][1:] for line in lines[1 : LINES + 1]]
    found = [(x, LINES - 1 - y) for y, line in enumerate(canvas) for x, each in enumerate(line) if each == character]
    return sorted(found)


def test_each_level_is_where_its_users_and_its_throughput_are() -> None:
    lines = drawn(made_levels(PEAKED, USERS))
    found = analyse_scalability(made_levels(PEAKED, USERS))
    top = max(point.high_rps or 0 for point in found.band)
    throughput = PEAKED.throughput(np.array(USERS)).tolist()
    expected = [
        (min(COLUMNS - 1, int(users / 120 * COLUMNS)), min(LINES - 1, int(value / top * LINES)))
        for users, value in zip(USERS, throughput, strict=True)
    ]
    assert places(lines, MEASURED) == expected


def test_the_law_has_a_line_in_every_column_between_the_levels() -> None:
    lines = drawn(made_levels(PEAKED, USERS))
    covered = {column for column, _ in places(lines, LAW) + places(lines, MEASURED)}
    first = places(lines, MEASURED)[0][0]
    assert covered == set(range(first, COLUMNS)), "nothing is extrapolated, and nothing left out"


def test_the_law_rises_and_falls_as_it_was_fitted() -> None:
    heights: dict[int, int] = {}
    for column, height in places(drawn(made_levels(PEAKED, USERS)), LAW):
        heights[column] = max(height, heights.get(column, 0))
    peak = int(sqrt((1 - PEAKED.alpha) / PEAKED.beta) / 120 * COLUMNS)
    rising = [height for column, height in heights.items() if column < peak - 3]
    falling = [height for column, height in heights.items() if column > peak + 3]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)


def test_noisy_levels_have_a_band_and_exact_ones_none() -> None:
    assert places(drawn(made_levels(PEAKED, USERS, noise=0.05)), BAND)
    assert not places(drawn(made_levels(PEAKED, USERS)), BAND)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e3, 1e8])
def test_every_line_fits_into_80_columns(scale: float) -> None:
    lines = drawn(levels_of((users, throughput * scale) for users, throughput in CISCO))
    assert max(map(len, lines)) <= 80
    assert {line[MARGIN - 1] for line in lines[1 : LINES + 1]} <= {"┤", "│"}
