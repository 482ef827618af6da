"""The words of a comparison say verdict, change, interval and what to do."""

from compared_runs import run, runs

from gradual_master.analysis.comparison.compare import compare_runs
from gradual_master.analysis.comparison.runs import AaVariation, ComparedRun

STEADY = (0.99, 1.0, 1.01, 1.0, 1.0)
SLOWER = (1.19, 1.2, 1.21, 1.2, 1.2)
SENTENCES = {name: place for place, name in enumerate(("throughput", "mean", "p50", "p95", "p99", "error_rate"))}


def test_a_regression_is_said_with_its_interval() -> None:
    found = compare_runs(runs("a", *STEADY), runs("b", *SLOWER))
    assert found.summary == (
        "worse: throughput, mean response time, p50 of the response time, p95 of the response time, "
        "p99 of the response time (5 against 5 runs)"
    )
    assert found.sentences[SENTENCES["p95"]] == (
        "p95 of the response time: worse; +20.0 % (95 % interval +18.9 to +21.2 %)"
    )
    assert found.sentences[SENTENCES["error_rate"]] == (
        "error rate: equivalent; +0.00 percentage points (95 % interval +0.00 to +0.00 percentage points); "
        "no change of 0.50 percentage points or more"
    )


def test_equal_runs_are_equivalent_in_all_metrics() -> None:
    found = compare_runs(runs("a", *STEADY), runs("b", *STEADY))
    assert found.summary == "equivalent: all metrics (5 against 5 runs)"


def test_an_inconclusive_metric_says_how_many_runs_would_decide() -> None:
    found = compare_runs(runs("a", 1, 1.1, 0.9, 1, 1), runs("b", 1.2, 1.3, 1.1, 1.2, 1.2))
    assert "inconclusive" in found.sentences[SENTENCES["mean"]]
    assert "runs a side would" in found.sentences[SENTENCES["mean"]]


def test_an_effect_at_the_smallest_that_counts_is_never_decided() -> None:
    found = compare_runs(runs("a", *STEADY), runs("b", *(1.05 * factor for factor in STEADY)))
    assert "more than 100 runs a side would be needed to decide" in found.sentences[SENTENCES["p50"]]


def test_a_change_within_the_variation_of_runs_is_decided_by_no_number_of_them() -> None:
    noisy = (0.9, 1.1, 1.0, 0.95, 1.06)
    found = compare_runs(runs("a", *noisy), runs("b", *(1.08 * factor for factor in noisy)))
    assert found.sentences[SENTENCES["p95"]].endswith(
        "; the change lies between 5.0 % and 17.6 %: while runs differ so much, no number of them decides"
    )


def test_one_run_a_side_is_provisional_or_says_what_it_takes() -> None:
    variations = dict.fromkeys(SENTENCES, AaVariation(0.01, 10))
    found = compare_runs([run("a")], [run("b", 1.3)], variations)
    assert found.summary.endswith("(1 against 1 run, provisional)")
    assert found.sentences[SENTENCES["mean"]].startswith("mean response time: worse (provisional); +30.0 %")
    unknown = compare_runs([run("a")], [run("b", 1.3)])
    assert unknown.sentences[SENTENCES["mean"]].startswith(
        "mean response time: inconclusive; +30.0 %; with fewer than 5 runs a side it takes the baseline's A/A variation"
    )


def test_levels_that_are_missing_are_named() -> None:
    found = compare_runs([run("a", targets=(10, 20))], [run("b", targets=(10,))])
    assert found.summary.endswith("; not in all runs: 20 users")
    partly = compare_runs(
        [run("a")],
        [ComparedRun("b", (run("b").levels[0], run("b", p99=None, targets=(20,)).levels[0]))],
        dict.fromkeys(SENTENCES, AaVariation(0.01, 10)),
    )
    assert (
        "a level without values cannot be judged; left out: 20 users: b has no value"
        in partly.sentences[SENTENCES["p99"]]
    )
    gone = compare_runs(runs("a", *STEADY), [*runs("b", *STEADY[1:]), run("b9", p99=None)])
    sentence = gone.sentences[SENTENCES["p99"]]
    assert sentence == (
        "p99 of the response time: inconclusive; no level has a value in every run; "
        "left out: 10 users: b9 has no value; 20 users: b9 has no value"
    )
