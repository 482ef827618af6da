"""A level that breaks by itself is found though the mean over the levels hides it, and seldom found where none does."""

import math
from random import Random

import pytest
from compared_runs import VALUES
from scipy.stats import binomtest

from bench.comparisons import MANY_TARGETS, count_verdicts
from gradual_master.analysis.comparison.compare import RunComparison, compare_runs
from gradual_master.analysis.comparison.runs import AaVariation, ComparedLevel, ComparedRun

VARIATIONS = {name: AaVariation(0.0002 if name == "error_rate" else 0.005, 10) for name in VALUES}
TIMES = ("mean", "p50", "p95", "p99")


def steady_run(name: str, chance: Random, top: float = 1.0, errors: float = 0.0) -> ComparedRun:
    """Twelve levels with 0.5 % of noise; at the highest, times are `top` times as long, and a share `errors` fails."""
    levels = []
    for target in MANY_TARGETS:
        is_top = target == MANY_TARGETS[-1]
        values = {name: (value or 0) * math.exp(chance.gauss(0, 0.005)) for name, value in VALUES.items()}
        values.update({name: values[name] * (top if is_top else 1) for name in TIMES}, error_rate=errors * is_top)
        blocks = {name: [value * near for near in (0.99, 1.0, 1.01)] for name, value in values.items()}
        levels.append(ComparedLevel(target, values, blocks))
    return ComparedRun(name, tuple(levels))


def compared(runs: int, top: float, errors: float = 0.0, seed: int = 1) -> RunComparison:
    chance = Random(seed)
    baseline = [steady_run(f"a{number}", chance) for number in range(runs)]
    candidate = [steady_run(f"b{number}", chance, top, errors) for number in range(runs)]
    return compare_runs(baseline, candidate, VARIATIONS)


@pytest.mark.parametrize("runs", [5, 4, 1])
def test_a_level_that_breaks_makes_its_metrics_worse_and_is_named(runs: int) -> None:
    found = compared(runs, 1.6, 0.05)
    assert found.verdict == "worse"
    assert [metric.verdict for metric in found.metrics] == ["equivalent"] + ["worse"] * 5
    for metric in found.metrics[1:]:
        assert [level.target for level in metric.decided_at] == [120]
    (top,) = found.metrics[3].decided_at
    assert top.low < 0.6 < top.high
    assert top.low > 0.05
    assert "p95 of the response time: worse" in found.sentences[3]
    assert "at 120 users +" in found.sentences[3]
    assert "over all levels +" in found.sentences[3]


def test_a_level_that_is_better_is_said_instead_of_equivalent() -> None:
    found = compared(5, 1 / 1.6)
    assert [metric.verdict for metric in found.metrics] == ["equivalent", *["better"] * 4, "equivalent"]
    assert [level.target for level in found.metrics[1].decided_at] == [120]


def test_a_level_that_is_worse_outweighs_a_better_mean() -> None:
    chance = Random(2)
    baseline = [steady_run(f"a{number}", chance, 2.0) for number in range(5)]
    quick = [steady_run(f"b{number}", chance, 4.0) for number in range(5)]
    for one in quick:
        for level in one.levels[:-1]:
            level.values["mean"] *= 0.5  # type: ignore[index, operator]
    mean = compare_runs(baseline, quick).metrics[1]
    assert (mean.change or 0) < -0.4
    assert (mean.verdict, [level.target for level in mean.decided_at]) == ("worse", [120])


def test_a_change_at_all_levels_is_that_of_the_mean() -> None:
    chance = Random(3)
    slow = [ComparedRun(run.name, tuple(_slower(level) for level in run.levels)) for run in (
        steady_run(f"b{number}", chance) for number in range(5)
    )]  # fmt: skip
    found = compare_runs([steady_run(f"a{number}", chance) for number in range(5)], slow)
    assert found.metrics[1].verdict == "worse"
    assert found.metrics[1].decided_at == ()


def _slower(level: ComparedLevel) -> ComparedLevel:
    return ComparedLevel(level.target, {name: (value or 0) * 1.2 for name, value in level.values.items()}, level.blocks)


def test_twelve_levels_of_equal_systems_seldom_raise_an_alarm() -> None:
    """At most 5 % over six metrics and twelve levels, shown with 99 % confidence by 90 pairs; the bench has 1,000."""
    alarms = count_verdicts(90, 5, 1.0, MANY_TARGETS)["alarm"]
    assert binomtest(alarms, 90).proportion_ci(0.98).high <= 0.05


def test_one_level_is_its_own_mean() -> None:
    chance = Random(4)
    sides = [
        [ComparedRun(f"{name}{number}", (steady_run("", chance, top).levels[-1],)) for number in range(5)]
        for name, top in (("a", 1.0), ("b", 1.6))
    ]
    found = compare_runs(sides[0], sides[1])
    assert (found.metrics[1].verdict, found.metrics[1].decided_at) == ("worse", ())
