"""Change points are those that MongoDB's and Apache Otava's tests publish for the same series."""

import json
import math
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from gradual_master.analysis.change_points import Split, energy_statistics, find_change_points, split_segment

UNIFORM = [
    *(41, 18, 23, 3, 32, 11, 40, 13, 29, 48, 47, 35, 18, 21, 6, 2, 23, 3, 4, 7),
    *(120, 103, 102, 81, 71, 62, 115, 61, 108, 63, 70, 98, 65, 96, 64, 74, 70, 113, 90, 114),
    *(208, 196, 153, 150, 225, 179, 206, 165, 177, 151, 218, 217, 244, 245, 229, 195, 225, 229, 176, 250),
]
"""mongodb/signal-processing-algorithms, tests/test_detection.py, `test_random_ish_data`."""

STEPS = [0.3, 2.4, 1.5, -0.9, -0.5, 99.7, 98.3, 99.1, 149.0, 149.7, 149.5, 149.1, 148.8, 150.0]
"""apache/otava, tests/change_point_divisive_test.py, `SEQUENCE`."""

HALVED = [
    *(1.02, 0.95, 0.99, 1.00, 1.12, 1.00, 1.01, 0.98, 1.01, 0.96),
    *(0.50, 0.51, 0.48, 0.48, 0.55, 0.50, 0.49, 0.51, 0.50, 0.49),
]
"""datastax-labs/hunter, tests/analysis_test.py, `test_single_series`."""

OUTLIER = [50.0] * 2 + [100.0] + [50.0] * 12 + [100.0] * 15


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (UNIFORM, [20, 40]),
        (STEPS, [5, 8]),
        (HALVED, [10]),
        ([50.0] * 15 + [100.0] * 15, [15]),
        ([50.0] * 14 + [74.0] + [100.0] * 15, [15]),
        ([50.0] * 14 + [76.0] + [100.0] * 15, [14]),
        (OUTLIER, [15]),
        (OUTLIER + [150.0] * 15, [15, 30]),
        ([50.0] * 30, []),
    ],
    ids=[
        "MongoDB: uniform noise around three levels",
        "Otava: two steps",
        "Hunter: half",
        "MongoDB: a simple regression",
        "MongoDB: ahead",
        "MongoDB: behind",
        "MongoDB: an outlier is no change",
        "MongoDB: two regressions",
        "MongoDB: none",
    ],
)
def test_the_change_points_are_the_published_ones(values: list[float], expected: list[int]) -> None:
    """With 5 %: the second step of Otava's series has few permutations, p = 0.03; Otava counts (extreme)/(R + 1)."""
    assert [point.index for point in find_change_points(values, significance=0.05, permutations=199)] == expected


@pytest.mark.parametrize("length", [4, 5, 10, 50])
def test_a_step_between_constants_is_found_at_any_length(length: int) -> None:
    """mongodb/signal-processing-algorithms, tests/test_e_divisive.py, `test_default_implementation_sanity`."""
    found = find_change_points([0.0] * length + [1.0] * length, significance=0.05, permutations=199)
    assert [point.index for point in found] == [length]


@pytest.mark.parametrize(
    ("values", "index", "expected"),
    [(UNIFORM, 40, 2848.1169590643276), (UNIFORM[:40], 20, 893.578947368421), (OUTLIER, 15, 649.9999999999999)],
)
def test_the_statistic_is_that_of_mongodb(values: list[float], index: int, expected: float) -> None:
    """`qhat` in mongodb/signal-processing-algorithms, tests/test_detection.py."""
    found = split_segment(np.array(values, dtype=np.float64))
    assert (found.index, found.statistic) == (index, pytest.approx(expected, rel=1e-12))


def test_the_statistic_is_that_of_otava() -> None:
    """`PairDistanceCalculator` of apache-otava 0.8.0."""
    found = split_segment(np.array(STEPS))
    assert (found.index, found.statistic) == (5, pytest.approx(761.2821428571428, rel=1e-12))


def test_the_matrix_of_statistics_is_the_formula() -> None:
    values = np.random.default_rng(2).normal(size=9)
    table = energy_statistics(values)

    def mean_distance(part: NDArray[np.float64]) -> float:
        return float(np.mean([abs(one - other) for one, other in combinations(part, 2)]))

    for tau in range(9):
        for kappa in range(10):
            x, y = values[:tau], values[tau:kappa]
            if len(x) < 2 or len(y) < 2:
                assert table[tau, kappa] == -math.inf
                continue
            between = float(np.mean([abs(one - other) for one in x for other in y]))
            weight = len(x) * len(y) / (len(x) + len(y))
            assert table[tau, kappa] == pytest.approx(weight * (2 * between - mean_distance(x) - mean_distance(y)))


def test_what_cannot_be_significant_any_more_ends_the_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 999, ten that are as good are too many for 1 %."""
    looked_at: list[int] = []

    def counted(segment: NDArray[np.float64]) -> Split:
        looked_at.append(len(segment))
        return split_segment(segment)

    monkeypatch.setattr("gradual_master.analysis.change_points.split_segment", counted)
    assert find_change_points(np.random.default_rng(3).normal(size=60).tolist()) == ()
    assert 10 < len(looked_at) < 200


def test_a_change_for_a_while_is_found_at_both_ends() -> None:
    chance = np.random.default_rng(4)
    level = np.repeat([100.0, 112.0, 100.0], [15, 8, 15])
    found = find_change_points((level * (1 + 0.02 * chance.standard_normal(38))).tolist())
    assert [point.index for point in found] == [15, 23]
    assert [round(point.change_percent or 0) for point in found] == [12, -11]
    assert found[0].after == found[1].before


def test_noise_without_a_change_seldom_has_one() -> None:
    """200 series of 20 runs at p ≤ 5 %; 21 is the 99.9 % quantile of the binomial distribution with 5 %."""
    chance = np.random.default_rng(9)
    series = 100 + 2 * chance.standard_normal((200, 20))
    assert sum(bool(find_change_points(values.tolist(), 0.05, permutations=39)) for values in series) <= 21


def test_one_run_that_is_different_is_no_change() -> None:
    assert find_change_points([100.0, 101.0, 99.0, 100.0, 102.0, 98.0, 100.0, 101.0, 150.0]) == ()


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0]])
def test_a_short_series_has_no_change_point(values: list[float]) -> None:
    assert find_change_points(values) == ()


def test_the_same_series_gives_the_same_p_values() -> None:
    assert find_change_points(HALVED) == find_change_points(HALVED)


def test_a_change_from_zero_has_no_percentage() -> None:
    (point,) = find_change_points([0.0] * 10 + [5.0] * 10, permutations=199)
    assert json.loads(json.dumps(point.to_dict(), allow_nan=False)) == {
        "index": 10, "p": 0.005, "before": 0.0, "after": 5.0, "change_percent": None,
    }  # fmt: skip


def test_input_that_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="run 1 has the value nan"):
        find_change_points([1.0, math.nan, 2.0])
    with pytest.raises(ValueError, match="50 permutations cannot reach"):
        find_change_points([1.0, 2.0], permutations=50)
