"""The heat map's grid holds every response once, in the cell of its time and of its length."""

import numpy as np
import pytest
from raw_run import MS
from simulated_run import LEVELS, series_of, simulated_run

from gradual_master.reporting.charts.heat import heat_grid
from gradual_master.results.measures.series import SeriesTable


@pytest.fixture(scope="module")
def series() -> SeriesTable:
    history = simulated_run(seconds=2 * LEVELS, actions=4).history
    assert history is not None
    return history.series


@pytest.mark.parametrize(("columns", "rows"), [(240, 64), (10, 64), (7, 9), (1, 2)])
def test_the_grid_holds_every_response(series: SeriesTable, columns: int, rows: int) -> None:
    grid = heat_grid(series, columns, rows)
    assert grid is not None
    assert grid.counts.shape[0] <= rows
    assert grid.counts.shape[1] <= columns
    assert np.nansum(grid.counts) == series.counts().sum()
    assert not (grid.counts == 0).any(), "nothing is drawn where there was nothing"


@pytest.mark.parametrize("ms", [0.002, 0.8, 5, 63, 4_000, 3_000_000])
def test_a_response_lies_in_the_row_and_the_column_of_its_time(ms: float) -> None:
    grid = heat_grid(series_of(10, (0, MS), (0, 900 * MS), (7, round(ms * MS))), columns=5, rows=40)
    assert grid is not None
    cells = [(row, column) for row, column in np.argwhere(grid.counts > 0).tolist() if column == 3]
    ((row, column),) = cells
    width = (grid.end_s - grid.begin_s) / grid.counts.shape[1]
    assert grid.begin_s + column * width <= 7 < grid.begin_s + (column + 1) * width
    factor = (grid.high_ms / grid.low_ms) ** (1 / grid.counts.shape[0])
    assert grid.low_ms * factor**row * 0.999 <= ms <= grid.low_ms * factor ** (row + 1) * 1.001


def test_without_a_response_there_is_no_grid() -> None:
    assert heat_grid(series_of(2)) is None
