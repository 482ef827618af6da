"""Bounds of operational analysis, beside the exact solution of a closed network (mean value analysis)."""

from dataclasses import replace

import pytest

from gradual_master.analysis.scalability.bounds import asymptotic_bounds
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import LevelArrays, MeasuredLevel, read_levels

DEMANDS = (0.05, 0.03)
THINK = 1.0
SATURATED, GROWING = Usl(1.0, 0.03, 0.0005), Usl(1.0, 0.03, 0.0)


def solved(largest: int) -> list[MeasuredLevel]:
    """M. Reiser and S. S. Lavenberg, "Mean-Value Analysis of Closed Multichain Queuing Networks", 1980."""
    queues = [0.0] * len(DEMANDS)
    levels = []
    for users in range(1, largest + 1):
        times = [demand * (1 + queue) for demand, queue in zip(DEMANDS, queues, strict=True)]
        throughput = users / (THINK + sum(times))
        queues = [throughput * time for time in times]
        levels.append(MeasuredLevel(float(users), throughput, latency_s=sum(times), think_s=THINK))
    return levels


def without(level: MeasuredLevel, *names: str) -> MeasuredLevel:
    return replace(level, **dict.fromkeys(names))


def read(levels: list[MeasuredLevel]) -> LevelArrays:
    return read_levels(levels)


def test_a_closed_network_keeps_within_its_bounds() -> None:
    levels = solved(80)
    bounds = asymptotic_bounds(read(levels), SATURATED)
    for level in levels:
        limit = min(bounds.max_throughput_rps, level.concurrency / bounds.cycle_s)
        assert level.throughput <= limit * (1 + 1e-9)


def test_the_bounds_of_a_saturated_network_are_those_of_its_demands() -> None:
    bounds = asymptotic_bounds(read(solved(80)), SATURATED)
    assert bounds.demand_s == pytest.approx(sum(DEMANDS))
    assert bounds.think_s == THINK
    assert bounds.max_throughput_rps == pytest.approx(1 / max(DEMANDS), rel=1e-3)
    assert bounds.n_star == pytest.approx((sum(DEMANDS) + THINK) / max(DEMANDS), rel=1e-3)
    assert len(bounds.assumptions) == 2


def test_a_system_that_still_grows_has_no_knee_yet() -> None:
    bounds = asymptotic_bounds(read(solved(15)), GROWING)
    assert (bounds.saturated, bounds.n_star) == (False, None)
    assert "1/Dmax is above the largest measured throughput" in bounds.assumptions[-1]


def test_a_missing_think_time_is_what_littles_law_leaves() -> None:
    levels = [without(level, "think_s") for level in solved(80)]
    bounds = asymptotic_bounds(read(levels), SATURATED)
    assert bounds.cycle_s == pytest.approx(THINK + sum(DEMANDS))
    assert bounds.think_s is None
    assert "by Little's law" in bounds.assumptions[1]


def test_without_response_times_the_time_of_one_user_is_that_of_the_fit() -> None:
    levels = [without(level, "latency_s") for level in solved(80)]
    bounds = asymptotic_bounds(read(levels), replace(SATURATED, gamma=0.8))
    assert bounds.cycle_s == pytest.approx(1.25)
    assert bounds.demand_s == pytest.approx(0.25)
    assert "1/γ" in bounds.assumptions[0]


def test_times_that_contradict_littles_law_are_named() -> None:
    levels = [replace(level, think_s=2.0) for level in solved(80)]
    assert "R + Z is 2.08 s there, but N/X is 1.08 s." in asymptotic_bounds(read(levels), SATURATED).assumptions
