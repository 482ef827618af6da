"""Points that are even however many there will be."""

import pytest

from gradual_master.coordination.fleet.spread import even_point


def test_the_first_points_halve_the_widest_gap() -> None:
    assert [even_point(number) for number in range(8)] == [0, 1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8, 3 / 8, 7 / 8]


@pytest.mark.parametrize("points", [1, 2, 16, 1024])
def test_a_power_of_two_of_them_is_an_even_grid(points: int) -> None:
    assert sorted(map(even_point, range(points))) == [index / points for index in range(points)]
