"""Checks of `watch:`: secrets exist, and objectives name watches that exist, in their unit."""

from __future__ import annotations

from typing import Any

from gradual_common.language.document import Path, mapping_at
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import listed, nearest
from gradual_common.plan.model.watches import SECRET
from gradual_common.rules.rule import WATCH, Rule

WRITTEN_UNITS = ("%", "/s")
"""The units that a limit is written with; of all others it is a plain number."""


def check_watches(view: PlanView) -> None:
    """`{{secrets.NAME}}` is the only template in `auth`, and its secret exists."""
    known = mapping_at(view.document.root, "secrets")
    for name, entry in mapping_at(view.document.root, "watch").items():
        auth = mapping_at(entry, "auth")
        path: Path = ("watch", name, "auth")
        _check_text(view, (*path, "bearer"), auth.get("bearer"), known)
        for key in ("username", "password"):
            _check_text(view, (*path, "basic", key), mapping_at(auth, "basic").get(key), known)


def _check_text(view: PlanView, path: Path, text: Any, known: dict[str, Any]) -> None:
    if not isinstance(text, str):
        return
    for name in SECRET.findall(text):
        if name not in known:
            hint = nearest(name, known) or f"add it under secrets: {name}: {{env: {name.upper()}}}"
            view.document.report(path, f"there is no secret {name!r}", hint)
    if "{{" in SECRET.sub("", text):
        view.document.report(path, "a watch is of no user: only {{secrets.NAME}} is known here")


def check_rule_on_watch(view: PlanView, path: Path, rule: Rule) -> None:
    """The watch of a rule exists, and the limit is in its unit."""
    watches = mapping_at(view.document.root, "watch")
    if rule.series != WATCH:
        return
    if rule.statistic not in watches:
        hint = nearest(rule.statistic, watches) or f"there are: {listed(sorted(watches)) or 'none'}"
        view.document.report(path, f"{rule.text!r}: there is no watch {rule.statistic!r}", hint)
        return
    unit = str(mapping_at(watches, rule.statistic).get("unit", ""))
    wanted = unit if unit in WRITTEN_UNITS else ""
    if rule.unit != wanted:
        what = f"its unit is {unit!r}" if unit else "it has no unit"
        message = f"{rule.text!r}: write the limit of {rule.statistic!r} as {rule.limit:g}{wanted}, because {what}"
        view.document.report(path, message, "or set another unit: under watch")
