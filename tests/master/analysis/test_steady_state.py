"""The steady part agrees with another implementation of MSER-5 and with processes whose transient is known."""

import json
import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from gradual_master.analysis.steady_state import (
    MIN_SECONDS,
    batch_means,
    find_steady_part,
    fit_line,
    judge_series,
    truncate,
    two_sided_p,
)


def noise(length: int, state: int) -> list[float]:
    """The linear congruential generator of the C standard's example `rand`, as values in [−0.5, 0.5)."""
    values = []
    for _ in range(length):
        state = (1103515245 * state + 12345) % 2**31
        values.append((state >> 16) % 1000 / 1000 - 0.5)
    return values


SHAPES: list[tuple[str, int, int, Callable[[int], float], int]] = [
    ("a slow rise", 300, 1, lambda i: 100 * (1 - math.exp(-i / 20)), 130),
    ("a slower rise", 300, 2, lambda i: 100 - 60 * math.exp(-i / 40), 120),
    ("no transient", 300, 3, lambda _: 100.0, 15),
    ("an overshoot", 240, 4, lambda i: 100 + 80 * math.exp(-i / 8), 25),
    ("a short series", 60, 5, lambda i: 100 * (1 - math.exp(-i / 5)), 15),
    ("a ramp", 200, 6, lambda i: 100 + i * 0.5, 160),
    ("an early step", 203, 7, lambda i: 50.0 if i < 37 else 100.0, 100),
    ("a late step", 200, 8, lambda i: 50.0 if i < 130 else 100.0, 130),
]
"""Name, seconds, state of the noise, shape, and the truncation in seconds by `mser_m` of kim-convergence 0.1.0 (its
defaults; https://github.com/openkim/kim-convergence)."""


@pytest.mark.parametrize(
    ("length", "state", "shape", "expected"), [row[1:] for row in SHAPES], ids=[r[0] for r in SHAPES]
)
def test_the_truncation_is_that_of_kim_convergence(
    length: int, state: int, shape: Callable[[int], float], expected: int
) -> None:
    series = [round(shape(second) + 20 * z, 3) for second, z in enumerate(noise(length, state))]
    assert 5 * truncate(batch_means(series)) == expected


def auto_regression(length: int, phi: float, start: float, seed: int, mean: float = 100.0) -> list[float]:
    """AR(1) around `mean` with a stationary standard deviation of 5, begun `start` away from it."""
    chance, away, values = Random(seed), start, []
    for _ in range(length):
        away = phi * away + chance.gauss(0, 5 * math.sqrt(1 - phi * phi))
        values.append(mean + away)
    return values


def test_the_truncation_removes_the_bias_of_a_process_that_starts_far_from_its_mean() -> None:
    """AR(1) with φ = 0.9 that starts 16 standard deviations below its mean, 200 times over 300 s: the transient is
    80·0.9^i, its bias 2.7 over the whole."""
    whole, kept, starts = [], [], []
    for seed in range(200):
        values = auto_regression(300, 0.9, -80, seed)
        found = judge_series("throughput", values)
        if found.from_s is not None:
            starts.append(found.from_s)
            whole.append(np.mean(values) - 100)
            kept.append(np.mean(values[found.from_s :]) - 100)
    assert len(starts) >= 150  # MSER-5 takes long swings of such noise for a transient.
    assert np.mean(whole) < -2
    assert abs(np.mean(kept)) < 0.5
    assert np.quantile(starts, 0.05) >= 15  # 80·0.9^15 = 16 is still three standard deviations


def single_server_queue(seconds: int, seed: int) -> tuple[list[float | None], list[float | None]]:
    """An M/M/1 queue at ρ = 0.5 with 100 arrivals/s that starts with 2,000 waiting customers: completions in each
    second, and the mean stay of those customers. It takes about 2,000/(200 − 100) = 20 s until the queue is empty."""
    chance = Random(seed)
    begin, free_at = 0.0, 2000 / 200
    counts, stays = [0] * seconds, [0.0] * seconds
    while begin < seconds:
        begin += chance.expovariate(100)
        free_at = max(begin, free_at) + chance.expovariate(200)
        if free_at < seconds:
            counts[int(free_at)] += 1
            stays[int(free_at)] += free_at - begin
    for second in range(10):
        counts[second] += 200
    return list(counts), [stay / count if count else None for stay, count in zip(stays, counts, strict=True)]


def test_the_steady_part_of_a_queue_begins_after_its_backlog_is_served() -> None:
    found = [find_steady_part(*single_server_queue(200, seed)).from_s for seed in range(20)]
    starts = [start for start in found if start is not None]
    assert len(starts) >= 18
    assert min(starts) >= 20
    assert np.median(starts) <= 30


def test_the_later_truncation_counts() -> None:
    early = [10.0] * 20 + [100.0] * 180
    late = [10.0] * 50 + [100.0] * 150
    for throughput, response_time in ((early, late), (late, early)):
        found = find_steady_part(throughput, response_time)
        assert (found.steady, found.from_s) == (True, 50)
        assert {found.throughput.from_s, found.response_time.from_s} == {20, 50}


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3], ids=["zero", "no binary fraction", "large"])
def test_constant_data_is_steady_from_its_begin(value: float) -> None:
    found = find_steady_part([value] * 103, [value] * 103)
    assert (found.steady, found.from_s, found.needed_s, found.reasons) == (True, 0, None, ())


def test_a_constant_rest_begins_where_it_becomes_constant() -> None:
    found = judge_series("throughput", [0.1, 7.3, 2.2, 5.5, 1.0] * 4 + [0.3] * 100)
    assert found.from_s == 20


@pytest.mark.parametrize("rise", [-0.3, -0.1, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("sd", [0.0, 1.0, 3.0])
def test_a_drift_through_the_whole_level_is_not_steady(rise: float, sd: float) -> None:
    chance = Random(7)
    drifting = [100 * (1 + rise * second / 300) + chance.gauss(0, sd) for second in range(300)]
    found = find_steady_part([100.0] * 300, drifting)
    assert not found.steady
    assert found.from_s is None
    assert found.needed_s is not None
    assert found.needed_s >= 300
    assert "mean response time" in found.reasons[0]


def test_mser_alone_overlooks_a_drift_under_noise() -> None:
    """The reason for the test of the slope: 10 % in 300 s under noise of 10 % is accepted by MSER-5."""
    chance = Random(7)
    drifting = batch_means([100 * (1 + 0.1 * second / 300) + chance.gauss(0, 10) for second in range(300)])
    assert truncate(drifting) <= len(drifting) // 2


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_a_process_without_a_drift_seldom_seems_to_drift(phi: float) -> None:
    """400 stationary series whose standard deviation is 5 % of the mean. The test of the slope is at 1 %, and a small
    drift does not count; 12 of 400 is the 99.9 % quantile of the binomial distribution with 1 %."""
    found = [judge_series("throughput", auto_regression(200, phi, 0, seed)) for seed in range(400)]
    assert sum(series.drift_p is not None and "drifts" in series.reason for series in found) <= 12


def test_the_line_is_that_of_the_regression_of_scipy() -> None:
    from scipy.stats import linregress, t  # noqa: PLC0415

    chance = Random(3)
    places = np.array([0, 1, 2, 4, 5, 7, 8, 9])
    values = np.array([10 + 0.4 * place + chance.gauss(0, 1) for place in places])
    line = linregress(places, values)
    slope, p = fit_line(places, values)
    assert slope == pytest.approx(line.slope)
    assert p == pytest.approx(line.pvalue)  # Their residuals are not autocorrelated.
    assert two_sided_p(2.5, 7) == pytest.approx(2 * t.sf(2.5, 7))


@pytest.mark.parametrize("length", [0, 1, 4, 49])
def test_a_short_level_says_how_long_it_would_need(length: int) -> None:
    found = find_steady_part([1.0] * length, [1.0] * length)
    assert (found.steady, found.from_s, found.needed_s) == (False, None, MIN_SECONDS)
    assert f"{length} s are too short" in found.reasons[0]


def test_a_level_that_becomes_steady_in_its_second_half_needs_twice_the_truncation() -> None:
    found = judge_series("throughput", [10.0] * 70 + [100.0] * 30)
    assert (found.steady, found.needed_s) == (False, 140)
    assert found.reason == "the throughput still changes after 70 s of 100 s"


def test_missing_seconds_do_not_move_the_truncation() -> None:
    """One second of each batch, and a whole batch: the others say where the transient ends."""
    values: list[float | None] = [10.0] * 40 + [100.0] * 160
    values[3::5] = [None] * 40
    values[100:105] = [None] * 5
    assert judge_series("throughput", values).from_s == 40


def test_a_series_with_too_many_missing_seconds_is_not_judged() -> None:
    sparse: list[float | None] = ([1.0] * 15 + [None] * 5) * 3 + [None] * 5 + [1.0] * 15
    found = find_steady_part([1.0] * len(sparse), sparse)
    assert (found.steady, found.needed_s) == (False, None)
    assert found.reasons == (
        "the mean response time has no value in 25% of the level: too few to tell where it is steady",
    )
    assert "100%" in judge_series("throughput", [None] * 60).reason


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="second 2 is nan"):
        find_steady_part([1.0, 1.0, math.nan] * 20, [1.0] * 60)
    with pytest.raises(ValueError, match="60 seconds, response_time 59"):
        find_steady_part([1.0] * 60, [1.0] * 59)


def test_the_result_is_json_without_nan() -> None:
    for values in ([1.0] * 60, [0.0] * 60, [None] * 60, [1.0], [float(second) for second in range(100)]):
        text = json.dumps(find_steady_part(values, values).to_dict(), allow_nan=False)
        assert json.loads(text)["throughput"].keys() >= {"steady", "from_s", "drift", "drift_p", "needed_s", "reason"}
