"""Comparisons of simulated runs whose true difference is known, and what a comparison does at its edges.

The simulation is that of `bench/comparisons.py`, which counts 1,000 pairs of each kind.
"""

import json

import pytest
from compared_runs import run, runs
from scipy.stats import binomtest

from bench.comparisons import count_verdicts, simulate_comparison
from gradual_master.analysis.comparison.compare import compare_runs
from gradual_master.analysis.comparison.runs import AaVariation, ComparedRun

STEADY = (0.99, 1.0, 1.01, 1.0, 1.0)
VARIATIONS = dict.fromkeys(("throughput", "mean", "p50", "p95", "p99", "error_rate"), AaVariation(0.01, 10))


def bounds(found: int, pairs: int) -> tuple[float, float]:
    """The 98 % interval of Clopper and Pearson: each bound is wrong once in a hundred."""
    interval = binomtest(found, pairs).proportion_ci(0.98)
    return interval.low, interval.high


def test_equal_systems_are_seldom_called_better_or_worse() -> None:
    """At most 5 % over all six metrics, shown with 99 % confidence by 120 pairs."""
    assert bounds(count_verdicts(120, 5, 1.0)["alarm"], 120)[1] <= 0.05


def test_a_slowdown_of_ten_percent_is_found_by_five_runs_a_side() -> None:
    """In at least 80 % of the pairs, shown with 99 % confidence by 200 pairs."""
    assert bounds(count_verdicts(200, 5, 1.1)["worse"], 200)[0] >= 0.8


def test_one_run_a_side_raises_few_alarms_and_finds_large_slowdowns() -> None:
    assert bounds(count_verdicts(80, 1, 1.0)["alarm"], 80)[1] <= 0.1
    assert bounds(count_verdicts(40, 1, 1.3)["worse"], 40)[0] >= 0.8


def test_the_same_runs_give_the_same_comparison() -> None:
    assert simulate_comparison(1, 1.1, seed=3) == simulate_comparison(1, 1.1, seed=3)


def test_swapped_sides_swap_the_verdicts() -> None:
    one, other = runs("a", *STEADY), runs("b", *(1.2 * factor for factor in STEADY))
    assert [metric.verdict for metric in compare_runs(one, other).metrics] == ["worse"] * 5 + ["equivalent"]
    assert [metric.verdict for metric in compare_runs(other, one).metrics] == ["better"] * 5 + ["equivalent"]
    assert not compare_runs(other, one).regression


@pytest.mark.parametrize(("first", "second", "method"), [(5, 5, "welch"), (5, 4, "bootstrap"), (1, 9, "bootstrap")])
def test_five_runs_on_both_sides_make_a_comparison_final(first: int, second: int, method: str) -> None:
    found = compare_runs(runs("a", *[1.0] * first), runs("b", *[1.0] * second), VARIATIONS)
    assert found.provisional == (method == "bootstrap")
    assert {metric.method for metric in found.metrics} == {method}
    assert all((metric.p_permutation is not None) == (method == "welch") for metric in found.metrics)


def test_few_runs_without_a_stored_variation_are_never_judged() -> None:
    found = compare_runs(runs("a", 1.0), runs("b", 3.0))
    assert {metric.verdict for metric in found.metrics} == {"inconclusive"}
    assert found.metrics[1].change == pytest.approx(2.0)


def test_errors_from_none_on_are_a_regression() -> None:
    failing = [run(f"b{number}", error_rate=0.02) for number in range(5)]
    found = compare_runs(runs("a", *STEADY), failing)
    assert (found.verdict, found.metrics[-1].verdict, found.metrics[-1].change) == ("worse", "worse", 0.02)


def test_a_system_that_serves_nothing_any_more_is_worse() -> None:
    """It has neither throughput nor times: the times are not judged; throughput and the error rate are."""
    dead = [
        run(f"b{number}", throughput=0.0, mean=None, p50=None, p95=None, p99=None, error_rate=1.0) for number in "123"
    ]
    found = compare_runs(runs("a", *STEADY), dead, VARIATIONS)
    assert [metric.verdict for metric in found.metrics] == ["worse"] + ["inconclusive"] * 4 + ["worse"]
    assert found.verdict == "worse"
    assert (found.metrics[0].lost, found.metrics[0].left_out) == ((10, 20), ())
    assert found.sentences[0] == "throughput: worse; at 10, 20 users nothing was answered"


HUNG: dict[str, float | None] = {
    "throughput": 0.0, "mean": None, "p50": None, "p95": None, "p99": None, "error_rate": None,
}  # fmt: skip


def hung_at_the_top(name: str) -> ComparedRun:
    """It answers at 10 users, and nothing at 20."""
    return ComparedRun(name, (run(name).levels[0], run(name, 1.0, (20,), **HUNG).levels[0]))


@pytest.mark.parametrize("count", [1, 5])
def test_a_system_that_stops_answering_at_a_level_is_a_regression(count: int) -> None:
    """Without a response it has no failure either: nothing else says that it hangs."""
    baseline = runs("a", *STEADY[:count])
    hung = [hung_at_the_top(f"b{number}") for number in range(count)]
    found = compare_runs(baseline, hung)
    assert (found.verdict, found.regression, found.metrics[0].lost) == ("worse", True, (20,))
    assert "at 20 users nothing was answered" in found.sentences[0]
    back = compare_runs(hung, baseline)
    assert (back.metrics[0].verdict, back.metrics[0].lost, back.metrics[0].regained) == (
        "inconclusive" if count == 1 else "better", (), (20,)
    )  # fmt: skip


def test_one_run_that_hangs_among_others_decides_nothing() -> None:
    found = compare_runs(runs("a", *STEADY), [*runs("b", *STEADY[1:]), hung_at_the_top("b9")])
    assert (found.metrics[0].verdict, found.metrics[0].left_out) == (
        "inconclusive", ("20 users: b9 has 0, which has no ratio",)
    )  # fmt: skip


def test_a_level_of_which_nothing_is_known_is_not_lost() -> None:
    unknown = [run(f"b{number}", throughput=None) for number in range(5)]
    found = compare_runs(runs("a", *STEADY), unknown)
    assert (found.metrics[0].verdict, found.metrics[0].lost) == ("inconclusive", ())


def test_too_few_blocks_are_said() -> None:
    short = run("b", mean=None)
    found = compare_runs([run("a")], [short], VARIATIONS)
    assert "no level has a value" in found.metrics[1].reason
    for level in short.levels:
        dict.clear(level.blocks)  # type: ignore[arg-type]
    found = compare_runs([run("a")], [short], VARIATIONS)
    assert "too few blocks" in found.metrics[2].reason


def test_only_levels_of_all_runs_count() -> None:
    found = compare_runs(runs("a", *STEADY), [run(f"b{n}", targets=(20, 40)) for n in range(5)])
    assert (found.levels, found.unmatched) == ((20,), (10, 40))


def test_runs_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="a side has no runs"):
        compare_runs([], runs("b", 1.0))
    with pytest.raises(ValueError, match="no level is in all runs"):
        compare_runs([run("a", targets=(10,))], [run("b", targets=(20,))])


def test_the_result_is_json_without_nan() -> None:
    dead = run("b", throughput=0.0, mean=None, p50=None, p95=None, p99=None, error_rate=None)
    for pair in ((runs("a", *STEADY), runs("b", *STEADY)), ([run("a")], [run("b")]), ([run("a")], [dead])):
        document = json.loads(json.dumps(compare_runs(*pair).to_dict(), allow_nan=False))
        assert document["metrics"][0].keys() >= {"metric", "verdict", "change", "low", "high", "p", "runs_needed"}
