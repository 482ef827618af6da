"""Checks of custom metrics: same names agree, no value is of an earlier response, only users record."""

from __future__ import annotations

from typing import Any

from gradual_common.errors import TemplateError
from gradual_common.kinds.http.auth.oauth2 import token_metrics
from gradual_common.kinds.values.metrics import DEFAULT_RESOLUTION, VALUE
from gradual_common.language.document import Path, mapping_at
from gradual_common.language.plan_view import PlanView
from gradual_common.secrecy.quoting import shorten
from gradual_common.templates.trees import is_template, names_in

SHARED = {"type": "histogram", "unit": "", "resolution": DEFAULT_RESOLUTION}
"""Settings that a metric has once, with their defaults."""

HINT = "use an action without record here"
"""For a section that is of no user."""


def check_metrics(view: PlanView) -> None:
    """Report what is wrong with the metrics of a plan."""
    first: dict[str, tuple[str, dict[str, Any]]] = {}
    for action, entry in view.actions.items():
        for name, written in mapping_at(entry, "record").items():
            path: Path = ("actions", action, "record", name)
            metric = written if isinstance(written, dict) else {}
            _check_agreement(view, path, first.setdefault(name, (action, metric)), metric)
            _check_value(view, (*path, VALUE), metric.get(VALUE))
    for name, path in token_metrics(view.document).items():
        if name in first:
            message = f"the metric {name!r} is recorded by the action {first[name][0]!r}"
            view.document.report(path[:-1], message, "give the times of the tokens another name: metric: NAME")
    for section, group in view.once.items():
        for step in group.steps:
            written = mapping_at(view.actions, step.action)
            if written.get("record"):
                message = f"{step.action!r} records metrics, which are of users, and {section} is of none"
                is_stream = written.get("sse") is not None
                hint = "an event stream records its times: only groups read one" if is_stream else HINT
                view.document.report(step.action_path, message, hint)


def _check_agreement(view: PlanView, path: Path, first: tuple[str, dict[str, Any]], metric: dict[str, Any]) -> None:
    action, described = first
    for key, default in SHARED.items():
        here, there = metric.get(key, default), described.get(key, default)
        if here != there:
            message = (
                f"the metric {path[-1]!r} has the {key} {shorten(str(here))!r} here, and {shorten(str(there))!r} in"
            )
            view.document.report(
                path, f"{message} {action!r}", f"write the same {key} in both, or give it another name"
            )


def _check_value(view: PlanView, path: Path, text: Any) -> None:
    """Templates read the response of the step before: that of this action is looked up."""
    if not isinstance(text, str) or not is_template(text):
        return
    try:
        names = names_in(text)
    except TemplateError:
        return  # It is reported with the templates.
    if {"response", "responses"} & names:
        message = f"{shorten(text)!r} reads the response of an earlier step"
        view.document.report(path, message, "look the value up: {json: total}, or extract it and use its name")
