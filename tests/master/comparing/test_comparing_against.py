"""A run against a baseline at its end: what the summary says, and the verdict that follows."""

from dataclasses import replace
from typing import Any

import pytest
from stored_runs import measured_summary

from gradual_common.process.exit_codes import FailOn
from gradual_master.analysis.comparison.runs import AaVariation
from gradual_master.comparing.against import Baseline, compare_with
from gradual_master.comparing.reading import read_run
from gradual_master.results.summary.sections import Summary

VARIATIONS = {
    name: AaVariation(0.0 if name == "error_rate" else 0.002, 5)
    for name in ("throughput", "mean", "p50", "p95", "p99", "error_rate")
}


def baseline(fail_on: FailOn = "regression", variations: Any = VARIATIONS, count: int = 2, **changed: Any) -> Baseline:
    runs = tuple(read_run(measured_summary(number, **changed).to_dict()) for number in range(count))
    return Baseline("main", runs, variations, fail_on=fail_on)


def judged(summary: Summary, against: Baseline) -> tuple[str, int, int]:
    found = compare_with(summary, against)
    return found.verdict.status, found.verdict.code, found.run.exit_code


def test_a_run_that_is_as_fast_passes_and_says_so() -> None:
    found = compare_with(measured_summary(9), baseline())
    assert found.comparison is not None
    assert found.comparison.result is not None
    assert found.comparison.result.verdict == "equivalent"
    assert (found.verdict.status, found.run.exit_code, found.verdict.warnings) == ("passed", 0, ())


@pytest.mark.parametrize("fail_on", ["regression", "inconclusive"])
def test_a_slower_run_fails_and_each_worse_metric_is_a_reason(fail_on: FailOn) -> None:
    found = compare_with(measured_summary(9, 1.2), baseline(fail_on))
    assert (found.verdict.status, found.verdict.code, found.run.exit_code) == ("failed", 1, 1)
    assert len(found.verdict.reasons) == 5, "all but the error rate"
    assert found.verdict.reasons[3].startswith(
        "regression against the baseline main: p95 of the response time: worse (provisional); +20.0 % (95 % interval"
    )


def test_a_run_that_has_failed_keeps_its_reasons_first() -> None:
    slow = measured_summary(9, 1.2)
    failed = replace(slow, verdict=replace(slow.verdict, status="failed", code=1, reasons=("p95 < 9ms",)))
    found = compare_with(failed, baseline())
    assert found.verdict.reasons[0] == "p95 < 9ms"
    assert len(found.verdict.reasons) == 6


@pytest.mark.parametrize(
    ("fail_on", "expected"), [("regression", ("passed", 0, 0)), ("inconclusive", ("failed", 1, 1))]
)
def test_what_decides_nothing_fails_only_if_that_was_asked_for(fail_on: FailOn, expected: tuple[str, int, int]) -> None:
    against = baseline(fail_on, variations={}, count=1)
    assert judged(measured_summary(9), against) == expected
    reasons = compare_with(measured_summary(9), against).verdict.reasons
    assert bool(reasons) == (fail_on == "inconclusive")
    assert all(
        "the comparison with the baseline main decides nothing (--fail-on inconclusive): inc" in r for r in reasons
    )


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ({"load_sha256": "e" * 64}, "ran another plan than"),
        ({"fingerprint": {"cpus": 2}}, "ran on another machine than"),
        ({"fingerprint": None}, "was not recorded"),
    ],
)
def test_a_baseline_of_another_plan_or_machine_is_refused_with_a_warning(run: dict[str, Any], reason: str) -> None:
    other = replace(measured_summary(9), run=replace(measured_summary(9).run, **run))
    found = compare_with(other, baseline())
    assert found.comparison is not None
    assert found.comparison.result is None
    assert (found.verdict.status, found.run.exit_code) == ("passed", 0)
    (warning,) = found.verdict.warnings
    assert warning.startswith("not compared with the baseline main: ")
    assert reason in warning
    strict = compare_with(other, baseline("inconclusive"))
    assert (strict.verdict.status, strict.run.exit_code, strict.verdict.reasons) == ("failed", 1, (warning,))
    assert strict.verdict.warnings == (), "it is said once"


def test_runs_without_a_common_level_are_not_compared() -> None:
    whole = measured_summary(9)
    other = replace(whole, levels=tuple(replace(level, target=level.target + 1) for level in whole.levels))
    (warning,) = compare_with(other, baseline()).verdict.warnings
    assert "No level is in all runs: 10/20 users against 11/21 users." in warning


@pytest.mark.parametrize(("status", "code"), [("invalid", 3), ("interrupted", 130)])
@pytest.mark.parametrize("fail_on", ["regression", "inconclusive"])
def test_a_run_that_measured_nothing_to_its_end_keeps_its_verdict(status: Any, code: int, fail_on: FailOn) -> None:
    slow = measured_summary(9, 1.5)
    stopped = replace(
        slow, verdict=replace(slow.verdict, status=status, code=code), run=replace(slow.run, exit_code=code)
    )
    found = compare_with(stopped, baseline(fail_on))
    assert (found.verdict.status, found.verdict.code, found.run.exit_code) == (status, code, code)
    assert f"the run is {status}" in found.verdict.warnings[0]


def test_a_baseline_that_is_not_there_yet_is_a_warning() -> None:
    absent = Baseline("main", (), problem="there is no baseline 'main'.")
    found = compare_with(measured_summary(9), absent)
    assert found.verdict.warnings == ("not compared with the baseline main: there is no baseline 'main'.",)
    assert found.run.exit_code == 0
    assert judged(measured_summary(9), replace(absent, fail_on="inconclusive")) == ("failed", 1, 1)


@pytest.mark.parametrize(
    ("fail_on", "expected"), [("regression", ("passed", 0, 0)), ("inconclusive", ("failed", 1, 1))]
)
def test_a_mistake_in_the_comparison_loses_no_run(
    fail_on: FailOn, expected: tuple[str, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("gradual_master.comparing.against.compare_sides", broken)
    found = compare_with(measured_summary(9), baseline(fail_on))
    said = (*found.verdict.warnings, *found.verdict.reasons)
    assert any("the comparison failed: ZeroDivisionError: division by zero (test_comparing" in text for text in said)
    assert found.totals == measured_summary(9).totals
    assert judged(measured_summary(9), baseline(fail_on)) == expected
