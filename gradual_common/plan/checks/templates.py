"""Templates and conditions: that they compile, and that every name they read exists for the group that uses them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gradual_common.errors import TemplateError
from gradual_common.kinds.registry import kind_of_action
from gradual_common.language.document import IDENTIFIER, Document, Path, mapping_at, texts_in
from gradual_common.language.plan_view import GroupView, PlanView
from gradual_common.language.wording import listed, nearest
from gradual_common.templates.templates import Condition, attributes_of, compile_template, is_template, names_in

RESPONSE = ("status", "status_code", "error", "headers", "text", "json", "time_ms")
SCOPE: dict[str, tuple[str, ...]] = {
    "vu": ("group", "slot", "tenure", "iteration"),
    "response": RESPONSE,
    "responses": (),
    "secrets": (),
}
"""What every template can read, with the attributes where they are always the same."""

MAPPING_METHODS = ("get", "items", "keys", "values")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with the names it reads, and the attributes of each."""

    path: Path
    text: str
    attributes: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Use:
    """What a group's templates read of a data set."""

    group: GroupView
    name: str

    columns: dict[str, Path]
    """Each column with the place of its first use."""


@dataclass(slots=True)
class _Group:
    """A group while its templates are checked."""

    view: GroupView
    names: set[str]
    responses: tuple[str, ...]
    uses: dict[str, dict[str, Path]] = field(default_factory=dict)

    missing: dict[str, list[str]] = field(default_factory=dict)
    """Attributes by the name of a data set that the group lacks."""


def check_templates(view: PlanView) -> list[Use]:
    """Report what is wrong with templates; returns what they use of data sets, which the data must hold."""
    document = view.document
    by_action = {name: _read_action(document, name, action) for name, action in view.actions.items()}
    shared: list[Reading] = []
    for key in ("base_url", "headers"):
        shared += _read_texts(document, ("config", key), view.config.get(key))
    check_variable_names(view)
    uses: list[Use] = []
    for group in view.groups:
        state = _Group(group, _names_of(view, group), tuple(step.name for step in group.steps))
        readings = list(shared)
        for action in dict.fromkeys(step.action for step in group.steps):
            readings += by_action.get(action, [])
        readings += _read_conditions(document, group)
        for reading in readings:
            _check_reading(view, state, reading)
        for name, attributes in state.missing.items():
            _report_missing_data(document, group, name, attributes)
        uses += [Use(group, name, columns) for name, columns in state.uses.items()]
    return uses


def check_variable_names(view: PlanView) -> None:
    """Extracted variables and data sets can be named in templates, and hide nothing that is there already."""
    groups = [(("users", group.number, "data"), group.data) for group in view.groups]
    extracts = [(("actions", name, "extract"), mapping_at(action, "extract")) for name, action in view.actions.items()]
    owners: list[tuple[Path, dict[str, Any]]] = [(("data",), view.data), *groups, *extracts]
    for path, owner in owners:
        for name in owner:
            if not IDENTIFIER.fullmatch(name) or "-" in name:
                view.document.report((*path, name), f"templates cannot name {name!r}; use letters, digits and _")
            elif name in SCOPE:
                view.document.report((*path, name), f"{name!r} is a name that every template has already")


def _names_of(view: PlanView, group: GroupView) -> set[str]:
    """The root names that the group's templates can read, data sets left out."""
    extracted = {name for step in group.steps for name in mapping_at(view.actions.get(step.action), "extract")}
    return {*SCOPE, *extracted}


def _read_action(document: Document, name: str, action: dict[str, Any]) -> list[Reading]:
    readings = []
    kind = kind_of_action(action)
    for key in kind.template_keys if kind is not None else ():
        readings += list(_read_texts(document, ("actions", name, key), action.get(key)))
    return readings


def _read_texts(document: Document, path: Path, value: Any) -> Iterator[Reading]:
    """Every template at and below a path; one that does not compile is reported."""
    for place, text in texts_in(value, path):
        if "body_matches" in place or not is_template(text):
            continue
        try:
            compile_template(text)
            names = names_in(text)
        except TemplateError as error:
            document.report(place, str(error))
        else:
            yield Reading(place, text, {name: attributes_of(text, name) for name in names})


def _read_conditions(document: Document, group: GroupView) -> Iterator[Reading]:
    for step in group.steps:
        if step.condition is None:
            continue
        path = (*step.path, "condition")
        try:
            Condition(step.condition)
            names = names_in(step.condition, condition=True)
        except TemplateError as error:
            document.report(path, str(error))
        else:
            attributes = {name: attributes_of(step.condition, name, condition=True) for name in names}
            yield Reading(path, step.condition, attributes)


def _check_reading(view: PlanView, group: _Group, reading: Reading) -> None:
    """Every name that a text reads exists in the group, or is a data set."""
    for name, attributes in reading.attributes.items():
        if name in group.view.data or name in view.data:
            columns = group.uses.setdefault(name, {})
            for attribute in sorted(attributes):
                columns.setdefault(attribute, reading.path)
        elif name in SCOPE:
            _check_attributes(view, group, reading, name, attributes)
        elif name in group.names:
            continue
        elif attributes:
            group.missing.setdefault(name, []).extend(sorted(attributes))
        else:
            known = sorted({*group.names, *group.view.data, *view.data})
            hint = nearest(name, known) or f"known here: {listed(known)}"
            view.document.report(reading.path, f"{reading.text!r} reads {name!r}, which nothing sets", hint)


def _check_attributes(view: PlanView, group: _Group, reading: Reading, name: str, attributes: frozenset[str]) -> None:
    """`response.statuscode`, `responses.logn`, `secrets.KEE`: what is not there is reported with what is."""
    known: dict[str, tuple[str, ...]] = {
        **SCOPE,
        "responses": group.responses,
        "secrets": tuple(mapping_at(view.document.root, "secrets")),
    }
    for attribute in sorted(attributes):
        if attribute in known[name] or (name in ("responses", "secrets") and attribute in MAPPING_METHODS):
            continue
        hint = nearest(attribute, known[name]) or f"there are: {listed(known[name]) or 'none'}"
        view.document.report(reading.path, f"{reading.text!r}: {name} has no {attribute!r}", hint)


def _report_missing_data(document: Document, group: GroupView, name: str, attributes: list[str]) -> None:
    columns = listed(tuple(dict.fromkeys(attributes)))
    document.report(
        group.path,
        f"the data set {name!r} is missing: {{{{{name}.{attributes[0]}}}}} is used by this group",
        f"add to the group: data: {{{name}: {name}s.csv}}     # columns {columns}",
    )
