"""Holm's correction gives published results."""

import pytest

from gradual_master.analysis.comparison.estimates import adjust


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ((0.50, 0.003, 0.32, 0.054, 0.0003), (0.64, 0.012, 0.64, 0.162, 0.0015)),
        ((0.01, 0.04, 0.03, 0.005), (0.03, 0.06, 0.06, 0.02)),
        ((0.5,), (0.5,)),
        ((0.9, 0.8), (1.0, 1.0)),
        ((), ()),
    ],
    ids=["pingouin.multicomp, method holm", "Wikipedia, Holm–Bonferroni method", "one", "at most 1", "none"],
)
def test_adjusted_p_values_are_the_published_ones(p_values: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert adjust(p_values) == pytest.approx(expected)
