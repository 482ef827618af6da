"""What runs of one system differ by is found at the levels that are compared."""

import math
from random import Random

import pytest
from compared_runs import VALUES

from gradual_master.analysis.comparison.compare import compare_runs
from gradual_master.analysis.comparison.runs import ComparedLevel, ComparedRun
from gradual_master.comparing.variation import variations_of

TARGETS = tuple(range(10, 130, 10))
NOISE = 0.1
"""Of each level by itself: the mean of twelve differs by 2.9 % between runs."""


def scattered_run(name: str, chance: Random, levels: int = len(TARGETS)) -> ComparedRun:
    """All metrics of a level differ from the system's by the same factor, its blocks by 1 % from each other."""
    found = []
    for target in TARGETS[:levels]:
        values = {metric: (value or 0) * math.exp(chance.gauss(0, NOISE)) for metric, value in VALUES.items()}
        blocks = {metric: [value * near for near in (0.99, 1.0, 1.01)] for metric, value in values.items()}
        found.append(ComparedLevel(target, values, blocks))
    return ComparedRun(name, tuple(found))


def is_alarm(seed: int, runs: int, levels: int) -> bool:
    """Whether a run of the same system with `levels` levels is worse or better than `runs` with all of them."""
    chance = Random(seed)
    baseline = [scattered_run(f"a{number}", chance) for number in range(runs)]
    found = compare_runs(baseline, [scattered_run("b", chance, levels)], variations_of(baseline))
    return not {"worse", "better"}.isdisjoint(metric.verdict for metric in found.metrics)


@pytest.mark.parametrize("levels", [1, 3])
def test_a_run_that_has_few_of_the_levels_raises_few_alarms(levels: int) -> None:
    """By the variation of all twelve levels 34 of these 60 pairs were worse or better at one level, 10 at three."""
    assert sum(is_alarm(seed, 4, levels) for seed in range(60)) <= 3


def test_the_smallest_change_that_counts_is_that_of_the_compared_levels() -> None:
    chance = Random(1)
    baseline = [scattered_run(f"a{number}", chance) for number in range(4)]
    here = variations_of([ComparedRun(run.name, run.levels[:1]) for run in baseline])
    found = compare_runs(baseline, [scattered_run("b", chance, 1)], variations_of(baseline))
    for metric in found.metrics[:5]:
        assert metric.min_change == pytest.approx(math.expm1(2 * here[metric.metric].standard_deviation), rel=1e-5)
