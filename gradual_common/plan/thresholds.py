"""Objectives that no run of a schedule can judge: no level has their users, no stretch their length."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common.errors import Problem
from gradual_common.language.document import Document
from gradual_common.plan.model.plan import Plan
from gradual_common.rules.feasibility import why_never_judged
from gradual_common.rules.parser import parse_rule
from gradual_common.schedule.schedule import Schedule


def thresholds_never_judged(document: Document, plan: Plan, schedule: Schedule) -> Iterator[Problem]:
    """A mistake for each threshold that would have no data in any run."""
    for number, threshold in enumerate(plan.thresholds):
        reason = why_never_judged(parse_rule(threshold.rule), schedule)
        if reason is not None:
            yield document.problem(("thresholds", number), f"{threshold.rule!r}: {reason}")
