"""Checks of objectives: rules can be read, their names exist in the plan, and `abort` can act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradual_common.errors import RuleError
from gradual_common.kinds.http.auth.oauth2 import token_metrics
from gradual_common.language.document import Path, list_at, mapping_at
from gradual_common.language.plan_view import PlanView, places_of, transactions_of
from gradual_common.language.wording import listed, nearest
from gradual_common.plan.checks.ramps import objectives_of_search
from gradual_common.plan.scheduling import SINGLE_PHASE
from gradual_common.plan.watches import check_rule_on_watch
from gradual_common.rules.contradictions import contradictions_in
from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import ANY, TAG, Rule

PlacedRule = tuple[Path, Rule]
"""A rule, and where it is written."""


def check_rules(view: PlanView) -> None:
    """Every rule can be read, and the names in its scope exist: of thresholds, and of a search's objectives.

    Nor do two of them contradict each other.
    """
    thresholds: list[PlacedRule] = []
    for number, entry in enumerate(list_at(view.document.root, "thresholds")):
        path: Path = ("thresholds", number)
        text = entry if isinstance(entry, str) else mapping_at(entry).get("rule")
        if (rule := _read(view, path, text)) is not None:
            _check_abort(view, path, mapping_at(entry), rule)
            thresholds.append((path, rule))
    objectives = [(path, _read(view, path, text)) for path, text in objectives_of_search(view.document.root)]
    _check_agreement(view, thresholds)
    _check_agreement(view, [(path, rule) for path, rule in objectives if rule is not None])


def _read(view: PlanView, path: Path, text: object) -> Rule | None:
    """A rule whose names exist in this plan; None for what is no text, or cannot be read."""
    if not isinstance(text, str):
        return None
    try:
        rule = parse_rule(text)
    except RuleError as error:
        view.document.report(path, str(error))
        return None
    check_rule_on_watch(view, path, rule)
    for dimension, name, names in _scope(view, rule):
        if name == ANY and not names:
            hint = "it would have no verdict at all; leave it out, or name what there is"
            view.document.report(path, f"{text!r}: the plan has no {dimension}", hint)
        elif name not in names:
            hint = nearest(name, names) or f"there are: {listed(sorted(names)) or 'none'}"
            if dimension == "action" and name in _names_of_steps(view):
                hint = f"it is a step: step={name}"
            view.document.report(path, f"{text!r}: there is no {dimension} {name!r}", hint)
    return rule


def _check_agreement(view: PlanView, placed: Sequence[PlacedRule]) -> None:
    """Something can meet all of them."""
    for pair in contradictions_in([rule for _, rule in placed]):
        low, high = placed[pair.low], placed[pair.high]
        (before, first), (path, second) = sorted((low, high), key=lambda one: one[0][-1])
        message = f"{second.text!r} contradicts {first.text!r} ({view.document.show(before)}): nothing can meet both"
        view.document.report(path, message, f"keep one of them, or let {low[1].text!r} allow {pair.least}")


def _check_abort(view: PlanView, path: Path, entry: dict[str, Any], rule: Rule) -> None:
    """`abort` can act, and `after` belongs to it."""
    report = view.document.report
    if entry.get("abort") is not True:
        if entry.get("after") is not None:
            report((*path, "after"), "after is for objectives that end the run", "add abort: true, or remove after")
        return
    if entry.get("severity") == "warn":
        report((*path, "abort"), "an objective that only warns cannot end the run", "remove abort, or severity: warn")
    if not rule.can_be_broken_early:
        hint = "it is judged at the end of the run; remove abort"
        report((*path, "abort"), f"{rule.text!r} is a count to be reached: no run is too short before its end", hint)


def _scope(view: PlanView, rule: Rule) -> Iterator[tuple[str, str, set[str]]]:
    """Every name in a rule's scope, with the names that its dimension has in this plan."""
    known = {
        "action": {*view.actions, *(step.action for group in view.groups for step in group.steps)},
        "step": _names_of_steps(view),
        "group": {group.name for group in view.groups},
        "transaction": {name for group in view.groups for name in (*transactions_of(group), *places_of(group))},
        "metric": {
            *(name for action in view.actions.values() for name in mapping_at(action, "record")),
            *token_metrics(view.document),
        },
        "phase": {str(phase.get("name")) for _, phase in view.phases} or {SINGLE_PHASE},
        "service": {*view.services},
    }
    tags = _tags(view)
    for dimension in rule.scope.dimensions:
        if dimension.startswith(TAG) and (name := dimension.removeprefix(TAG)) in tags:
            known[dimension] = tags[name]
        elif dimension.startswith(TAG):
            yield "tag", name, {*tags}
    for dimension, names in known.items():
        for name in rule.scope.names(dimension):
            yield dimension, name, names
    known["service"] = {str(action["service"]) for action in view.actions.values() if action.get("service")}
    for dimension in rule.scope.starred:
        if not known.get(dimension, {ANY}):
            yield dimension, ANY, set()


def _names_of_steps(view: PlanView) -> set[str]:
    return {step.name for group in view.groups for step in group.steps}


def _tags(view: PlanView) -> dict[str, set[str]]:
    """The values of each tag of the plan's actions."""
    tags: dict[str, set[str]] = {}
    for action in view.actions.values():
        for name, value in mapping_at(action, "tags").items():
            tags.setdefault(name, set()).add(str(value))
    return tags
