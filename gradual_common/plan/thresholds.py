"""Objectives that no run of a schedule can judge: no level has their users, no stretch their length."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common.errors import Problem
from gradual_common.language.document import Document, Path
from gradual_common.plan.checks.ramps import objectives_of_search
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.rules.feasibility import why_cannot_steer, why_never_judged
from gradual_common.rules.parser import parse_rule
from gradual_common.schedule.schedule import Schedule

HINT = "add a limit such as p95 < 500ms, or leave thresholds out: then error_rate < 5% decides"


def thresholds_never_judged(document: Document, plan: Plan, schedule: Schedule) -> Iterator[Problem]:
    """A mistake for each objective that no run could judge, and for each by which a search could not decide."""
    search = plan.search
    steers = search is not None and not search.objectives
    if steers and _has_no_limit(plan):
        yield document.problem(("thresholds",), "find_capacity needs an objective that says when a level fails", HINT)
    for number, threshold in enumerate(plan.thresholds):
        rule = parse_rule(threshold.rule)
        judged_by_search = steers and threshold.severity == "fail"
        reason = why_never_judged(rule, schedule, steers=judged_by_search)
        if reason is not None:
            yield document.problem(("thresholds", number), f"{threshold.rule!r}: {reason}")
    written = [path for path, _ in objectives_of_search(document.root)]
    for number, text in enumerate(() if search is None else search.objectives):
        path: Path = written[number] if number < len(written) else ("config",)  # The ramp may be a literal in quotes.
        if (reason := why_cannot_steer(parse_rule(text))) is not None:
            yield document.problem(path, f"{text!r} cannot decide a search for capacity: {reason}")


def _has_no_limit(plan: Plan) -> bool:
    """Whether the default limit is turned off by `thresholds: []`, and no step has a limit of its own."""
    steps = (step for series in SeriesIndex.of(plan).steps for step in series.steps)
    has_rates = any(getattr(step, "success_rate", None) is not None for step in steps)
    return "thresholds" in plan.model_fields_set and not plan.thresholds and not has_rates
