"""Measured levels are checked, ordered and counted."""

from dataclasses import replace

import numpy as np
import pytest

from gradual_master.analysis.scalability.levels import MeasuredLevel, read_levels
from gradual_master.errors import AnalysisError

GOOD = MeasuredLevel(10.0, 100.0, latency_s=0.1, think_s=0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"concurrency": 0.0}, r"level 2 of 2: concurrency is 0.0, allowed is a finite number above 0"),
        ({"concurrency": float("nan")}, "concurrency is nan"),
        ({"throughput": 0.0}, "throughput is 0.0"),
        ({"throughput": float("inf")}, "throughput is inf"),
        ({"throughput": True}, "throughput is True"),
        ({"throughput": None}, "throughput is None"),
        ({"latency_s": 0.0}, "latency_s is 0.0"),
        ({"think_s": -1.0}, r"think_s is -1.0, allowed is a finite number of 0 or more"),
        ({"weight": 0.0}, "weight is 0.0"),
        ({"weight": "many"}, "weight is 'many'"),
    ],
)
def test_a_value_out_of_its_range_is_named_with_its_level(change: dict[str, float], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        read_levels([GOOD, replace(GOOD, **change)])


def test_an_error_of_a_value_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="throughput"):
        read_levels([replace(GOOD, throughput=-1.0)])


def test_levels_are_ordered_by_their_concurrency() -> None:
    arrays = read_levels([MeasuredLevel(20.0, 3.0), MeasuredLevel(10, 2), MeasuredLevel(30.0, 4.0)])
    assert arrays.concurrency.tolist() == [10.0, 20.0, 30.0]
    assert arrays.throughput.tolist() == [2.0, 3.0, 4.0]


def test_weights_have_a_mean_of_one() -> None:
    arrays = read_levels([replace(GOOD, weight=100.0), replace(GOOD, weight=300.0)])
    assert np.allclose(arrays.weight, [0.5, 1.5])


def test_a_concurrency_that_is_measured_again_is_the_same_level() -> None:
    """Time means of ten users differ a little."""
    users = (9.96, 10.0, 10.04, 20.0, 20.1, 21.0)
    arrays = read_levels([MeasuredLevel(value, 1.0) for value in users])
    assert (arrays.count, arrays.distinct) == (6, 3)


def test_no_level_is_no_error() -> None:
    arrays = read_levels([])
    assert (arrays.count, arrays.distinct) == (0, 0)
