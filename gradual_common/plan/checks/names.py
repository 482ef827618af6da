"""Cross-field checks of a plan: names that must exist, settings that exclude each other.

Every check adds its problems to the document and goes on. Requests, ramps and templates have modules of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradual_common.errors import RuleError
from gradual_common.kinds.http.auth.oauth2 import token_metrics
from gradual_common.kinds.registry import kinds_named
from gradual_common.language.document import Path, list_at, mapping_at
from gradual_common.language.plan_view import PlanView, places_of, transactions_of
from gradual_common.language.wording import listed, nearest
from gradual_common.plan.checks.flow import check_flow
from gradual_common.plan.checks.metrics import check_metrics
from gradual_common.plan.checks.once import check_once
from gradual_common.plan.checks.ramps import check_ramps
from gradual_common.plan.checks.templates import Uses, check_templates
from gradual_common.plan.scheduling import SINGLE_PHASE
from gradual_common.plan.watches import check_rule_on_watch, check_watches
from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import ANY, TAG, Rule
from gradual_common.schedule.ramps.parsing import RAMP_KEYS
from gradual_common.secrecy.quoting import shorten


def check_plan(view: PlanView) -> Uses:
    """Report every mistake that is not one of shape; returns which data sets and columns the templates use."""
    check_names(view)
    check_actions(view)
    check_flow(view)
    check_once(view)
    for kind in kinds_named(view.actions.values()):
        kind.check(view)
    check_duration(view)
    check_ramps(view)
    check_metrics(view)
    check_watches(view)
    check_thresholds(view)
    return check_templates(view)


def check_names(view: PlanView) -> None:
    """Groups and phases have names of their own; phases name groups that exist."""
    document = view.document
    groups: list[tuple[Path, Any]] = [(group.path, group.name) for group in view.groups]
    for what, entries in (("group", groups), ("phase", [(path, phase.get("name")) for path, phase in view.phases])):
        seen: set[str] = set()
        for path, name in entries:
            if isinstance(name, str) and name in seen:
                document.report((*path, "name"), f"a second {what} is called {name!r}; every {what} has its own name")
            elif isinstance(name, str) and name:
                seen.add(name)
    names = [group.name for group in view.groups]
    for path, phase in view.phases:
        for name in mapping_at(phase, "users"):
            if name not in names:
                hint = nearest(name, names) or f"groups: {listed(names)}"
                document.report((*path, "users", name), f"there is no group {name!r}", hint)


def check_actions(view: PlanView) -> None:
    """Every action that a step names has an entry; a missing one is reported once, where it is named first."""
    missing: dict[str, list[Path]] = {}
    for group in view.performers:
        for step in group.steps:
            if step.action not in view.actions:
                missing.setdefault(step.action, []).append(step.action_path)
    for name, paths in missing.items():
        others = f" (and in {len(paths) - 1} more)" if len(paths) > 1 else ""
        entry = f'add it under actions: {shorten(name)}: {{url: "/…"}}'
        hint = "; ".join(part for part in (nearest(name, view.actions), entry) if part)
        view.document.report(paths[0], f"there is no action {name!r}{others}", hint)


def check_duration(view: PlanView) -> None:
    """The run has an end: a duration, phases, or iterations of every group.

    Phases have durations and ramps of their own.
    """
    document, config = view.document, view.config
    if "phases" in config:
        for key in ("duration", *RAMP_KEYS):
            if config.get(key) is not None:
                document.report(("config", key), f"{key} cannot be used together with phases; every phase has its own")
        if config["phases"] == []:
            document.report(("config", "phases"), "the list is empty; at least one phase is needed")
        return
    if config.get("duration") is not None or document.is_reported(("config", "duration")):
        return
    if not isinstance(document.root.get("config"), dict):
        return
    endless = [group.name for group in view.groups if group.raw.get("iterations") is None]
    if endless or not view.groups:
        missing = f"; without iterations: {listed(endless)}" if len(endless) < len(view.groups) else ""
        hint = 'add under config: duration: "5m", or phases, or iterations to every group'
        document.report(("config",), f"duration is missing{missing}", hint)


def check_thresholds(view: PlanView) -> None:
    """Every rule can be read, and the names in its scope exist."""
    for number, entry in enumerate(list_at(view.document.root, "thresholds")):
        text = entry if isinstance(entry, str) else mapping_at(entry).get("rule")
        if not isinstance(text, str):
            continue
        path = ("thresholds", number)
        try:
            rule = parse_rule(text)
        except RuleError as error:
            view.document.report(path, str(error))
            continue
        _check_abort(view, path, mapping_at(entry), rule)
        check_rule_on_watch(view, path, rule)
        for dimension, name, names in _scope(view, rule):
            if name not in names:
                hint = nearest(name, names) or f"there are: {listed(sorted(names)) or 'none'}"
                if dimension == "action" and name in _names_of_steps(view):
                    hint = f"it is a step: step={name}"
                view.document.report(path, f"{text!r}: there is no {dimension} {name!r}", hint)


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
    if "service" in rule.scope.starred and not any(action.get("service") for action in view.actions.values()):
        yield "service", ANY, set()  # It would have no verdict at all.


def _names_of_steps(view: PlanView) -> set[str]:
    return {step.name for group in view.groups for step in group.steps}


def _tags(view: PlanView) -> dict[str, set[str]]:
    """The values of each tag of the plan's actions."""
    tags: dict[str, set[str]] = {}
    for action in view.actions.values():
        for name, value in mapping_at(action, "tags").items():
            tags.setdefault(name, set()).add(str(value))
    return tags
