"""Cross-field checks of a plan: names that must exist, settings that exclude each other.

Every check adds its problems to the document and goes on. Requests, ramps and templates have modules of their own.
"""

from __future__ import annotations

from typing import Any

from gradual_common.kinds.registry import kinds_named
from gradual_common.language.document import Path, mapping_at
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import listed, nearest
from gradual_common.plan.checks.flow import check_flow
from gradual_common.plan.checks.metrics import check_metrics
from gradual_common.plan.checks.once import check_once
from gradual_common.plan.checks.ramps import check_ramps
from gradual_common.plan.checks.rules import check_rules
from gradual_common.plan.checks.templates import Uses, check_templates
from gradual_common.plan.watches import check_watches
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
    check_rules(view)
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
