"""A run compared with a baseline at its end, and what that changes in its verdict.

A regression fails the run (`--fail-on regression`, the default). With `--fail-on inconclusive` so does a comparison
that decides nothing, or that is refused; else a refusal is a warning. The verdict of a run that is invalid or was
interrupted is not changed: its values are not the system's, and it is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gradual_common.process.exit_codes import DONE, FAILED, FailOn, of_comparison
from gradual_master.analysis.comparison.compare import RunComparison
from gradual_master.analysis.comparison.runs import AaVariation
from gradual_master.analysis.comparison.verdicts import INCONCLUSIVE, WORSE
from gradual_master.comparing.reading import JUDGED, SummaryRun, read_run
from gradual_master.comparing.summaries import compare_sides
from gradual_master.results.summary.comparison import BaselineComparison
from gradual_master.results.summary.conclusions import bug_text
from gradual_master.results.summary.sections import Summary

NOT_DECIDED = "(--fail-on inconclusive)"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run is compared with."""

    name: str
    """Or its files."""
    runs: tuple[SummaryRun, ...]
    variations: Mapping[str, AaVariation] | None = None
    """The A/A variation per metric, which counts if there is one run only; None: that of `runs`."""
    problem: str = ""
    """Why there are no runs, as a sentence: the plan names a baseline that is not there yet."""
    fail_on: FailOn = "regression"


def compare_with(summary: Summary, baseline: Baseline) -> Summary:
    """The summary with its comparison, and with the verdict that follows from it."""
    found = _compared(summary, baseline)
    return replace(_judged(summary, found, baseline.fail_on), comparison=found)


def _compared(summary: Summary, baseline: Baseline) -> BaselineComparison:
    if baseline.problem:
        return BaselineComparison(baseline.name, None, (baseline.problem,), ())
    try:
        document: dict[str, Any] = summary.to_dict()
        found = compare_sides(baseline.runs, [read_run(document)], baseline.variations)
    except Exception as bug:  # The run itself is measured and judged: it must not be lost.
        failure = f"the comparison failed: {bug_text(bug)}; this is a bug in Gradual"
        return BaselineComparison(baseline.name, None, (failure,), ())
    return BaselineComparison(baseline.name, found.result, found.refusals, found.notes)


def _judged(summary: Summary, found: BaselineComparison, fail_on: FailOn) -> Summary:
    verdict, run = summary.verdict, summary.run
    warnings = () if found.result is not None else tuple(_refusals(found))
    warned = replace(summary, verdict=replace(verdict, warnings=(*verdict.warnings, *warnings)))
    outcome = INCONCLUSIVE if found.result is None else found.result.verdict
    if of_comparison(outcome, fail_on) == DONE or verdict.status not in JUDGED:
        return warned
    reasons = warnings if found.result is None else tuple(_reasons(found.baseline, found.result))
    # What fails the run is a reason, and not a warning beside it.
    failed = replace(verdict, status="failed", code=FAILED, reasons=(*verdict.reasons, *reasons))
    return replace(summary, verdict=failed, run=replace(run, exit_code=FAILED))


def _refusals(found: BaselineComparison) -> Iterator[str]:
    for refusal in found.refusals:
        yield f"not compared with the baseline {found.baseline}: {refusal}"


def _reasons(name: str, result: RunComparison) -> Iterator[str]:
    pairs = zip(result.metrics, result.sentences, strict=True)
    if result.verdict == WORSE:
        yield from (f"regression against the baseline {name}: {text}" for one, text in pairs if one.verdict == WORSE)
    else:
        yield f"the comparison with the baseline {name} decides nothing {NOT_DECIDED}: {result.summary}"
