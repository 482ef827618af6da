"""The provisional interval has the spread of blocks and of runs."""

import math

import numpy as np
import pytest
from compared_runs import run
from scipy import stats

from gradual_master.analysis.comparison.bootstrap import DRAWS, MIN_BLOCKS, bootstrap
from gradual_master.analysis.comparison.estimates import EffectEstimate
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.runs import AaVariation, ComparedLevel, ComparedRun
from gradual_master.analysis.comparison.scores import score_runs

MEAN = next(metric for metric in METRICS if metric.name == "mean")
THROUGHPUT = next(metric for metric in METRICS if metric.name == "throughput")
NONE = AaVariation(0.0, 10)


def run_of_blocks(name: str, blocks: list[float | None], value: float = 100.0) -> ComparedRun:
    return ComparedRun(name, (ComparedLevel(10, {"mean": value}, {"mean": blocks}),))


def estimate(
    baseline: list[ComparedRun], candidate: list[ComparedRun], variation: AaVariation
) -> EffectEstimate | None:
    scores = score_runs(MEAN, baseline, candidate, list(baseline[0].by_key()))
    return bootstrap(scores, baseline, candidate, variation)


def width(found: EffectEstimate | None) -> float:
    assert found is not None
    return found.high - found.low


def test_the_spread_of_blocks_is_that_of_their_mean() -> None:
    """100 blocks a run: the normal interval of the difference of the mean logarithms."""
    chance = np.random.default_rng(5)
    samples = [chance.normal(4.6, 0.1, 100) for _ in range(2)]
    runs = [run_of_blocks(str(number), np.exp(sample).tolist()) for number, sample in enumerate(samples)]
    expected = 2 * 1.96 * math.sqrt(sum(sample.var(ddof=1) / 100 for sample in samples))
    assert width(estimate(runs[:1], runs[1:], NONE)) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (3, 2)])
def test_the_variation_between_runs_is_that_of_students_t(first: int, second: int) -> None:
    baseline = [run(f"a{number}") for number in range(first)]
    candidate = [run(f"b{number}", 1.1) for number in range(second)]
    found = estimate(baseline, candidate, AaVariation(0.02, 6))
    expected = 2 * stats.t.ppf(0.975, 5) * 0.02 * math.sqrt(1 / first + 1 / second)
    assert width(found) == pytest.approx(expected, rel=0.08)
    assert found is not None
    assert found.effect == pytest.approx(math.log(1.1))


def test_the_effect_is_that_of_the_values_and_not_of_the_blocks() -> None:
    found = estimate([run_of_blocks("a", [90.0, 95.0, 100.0])], [run_of_blocks("b", [50.0, 55.0, 60.0], 110.0)], NONE)
    assert found is not None
    assert found.effect == pytest.approx(math.log(1.1))
    assert found.low < found.effect < found.high


def test_equal_runs_without_any_variation_have_a_p_value_of_one() -> None:
    assert estimate([run("a")], [run("b")], NONE) == EffectEstimate(0.0, 0.0, 0.0, 1.0)
    found = estimate([run("a")], [run("b", 2.0)], NONE)
    assert found is not None
    assert found.p == pytest.approx(2 / (1 + DRAWS))


def test_a_level_with_too_few_blocks_has_no_estimate() -> None:
    enough: list[float | None] = [1.0] * MIN_BLOCKS
    assert estimate([run_of_blocks("a", enough)], [run_of_blocks("b", enough)], NONE) is not None
    assert estimate([run_of_blocks("a", enough)], [run_of_blocks("b", [*enough[1:], None, 0.0])], NONE) is None


def throughput_run(name: str, blocks: list[float | None]) -> ComparedRun:
    known = [block for block in blocks if block is not None]
    return ComparedRun(name, (ComparedLevel(10, {"throughput": sum(known) / len(known)}, {"throughput": blocks}),))


def throughput_estimate(baseline: ComparedRun, candidate: ComparedRun) -> EffectEstimate | None:
    scores = score_runs(THROUGHPUT, [baseline], [candidate], list(baseline.by_key()))
    return bootstrap(scores, [baseline], [candidate], NONE)


def test_a_stall_of_one_block_is_in_the_interval_of_throughput() -> None:
    """One block in five without an answer: the drawn mean has 0.8 of the value, with a deviation of 0.2 · √(5/4)."""
    found = throughput_estimate(throughput_run("a", [200.0] * 5), throughput_run("b", [*[200.0] * 4, 0.0]))
    assert found is not None
    assert found.effect == pytest.approx(math.log(0.8))
    assert found.low < found.effect - 0.3
    assert found.high > 0, "a run without the stall is as fast"


def test_steady_throughput_has_the_interval_of_its_logarithms() -> None:
    chance = np.random.default_rng(6)
    samples = [chance.normal(100, 5, 100) for _ in range(2)]
    found = throughput_estimate(*(throughput_run(name, one.tolist()) for name, one in zip("ab", samples, strict=True)))
    expected = 2 * 1.96 * math.sqrt(sum((one.std(ddof=1) / one.mean()) ** 2 / 100 for one in samples))
    assert width(found) == pytest.approx(expected, rel=0.08)


def test_an_interval_of_empty_blocks_is_finite_and_of_nothing_but_them_is_none() -> None:
    found = throughput_estimate(throughput_run("a", [200.0] * 3), throughput_run("b", [300.0, 0.0, 0.0]))
    assert found is not None
    assert math.isfinite(found.low)
    hollow = ComparedRun("b", (ComparedLevel(10, {"throughput": 1.0}, {"throughput": [0.0] * 5}),))
    assert throughput_estimate(throughput_run("a", [200.0] * 3), hollow) is None


def test_the_same_runs_give_the_same_interval() -> None:
    pair = [run("a")], [run("b", 1.2)]
    assert estimate(*pair, AaVariation(0.02, 5)) == estimate(*pair, AaVariation(0.02, 5))
