"""Templates and conditions: that they compile, and that every name they read exists for the group that uses them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from gradual_common.errors import TemplateError
from gradual_common.kinds.http.event_streams import EVENT
from gradual_common.kinds.registry import kind_of_action
from gradual_common.kinds.values.metrics import VALUE
from gradual_common.language.document import IDENTIFIER, ONCE, Document, Path, list_at, mapping_at, texts_in
from gradual_common.language.plan_view import GroupView, PlanView
from gradual_common.language.steps import expressions_in, templates_in, variables_of
from gradual_common.language.wording import listed, nearest
from gradual_common.templates.templates import Condition, compile_template
from gradual_common.templates.trees import attributes_of, is_template, names_in, sequences_of

SCOPE: dict[str, tuple[str, ...]] = {
    "vu": ("group", "slot", "tenure", "iteration"),
    "response": ("status", "status_code", "error", "headers", "text", "json", "time_ms"),
    "responses": (),
    "secrets": (),
}
"""What every template can read, with the attributes where they are always the same."""

_NO_TEMPLATES = {"body_matches", "json_schema"}
"""Assertions whose texts are no templates."""

MAPPING_METHODS = ("get", "items", "keys", "values")

AUTH = "auth"

SHARED_KEYS = ("base_url", "headers")
"""The keys of `config` and of services whose texts are templates."""

Uses = dict[tuple[int, str], dict[str, Path]]
"""What templates read of data sets, by (group number, set name): each column with the path of its first use."""


class Reading(NamedTuple):
    """A text with the names it reads, and the attributes of each."""

    path: Path
    text: str
    attributes: dict[str, frozenset[str]]


def check_templates(view: PlanView) -> Uses:
    """Report what is wrong with templates; returns what they use of data sets, which the data must hold."""
    document = view.document
    by_action = {}
    for name, action in view.actions.items():
        kind = kind_of_action(action)
        by_action[name] = _read_texts(document, ("actions", name), action, kind.template_keys if kind else ())
        by_action[name] += _read_until(document, ("actions", name, "sse", "until"), mapping_at(action, "sse"))
    shared = _read_texts(document, ("config",), view.config, SHARED_KEYS)
    by_service = {
        name: _read_texts(document, ("services", name), service, SHARED_KEYS) for name, service in view.services.items()
    }
    by_auth = {path: _read_texts(document, path, owner, (AUTH,)) for path, owner in view.http_settings}
    check_variable_names(view)
    uses: Uses = {}
    for group in view.performers:
        readings = list(shared)
        actions = dict.fromkeys(step.action for step in group.steps)
        for name in actions:
            readings += by_action.get(name, [])
        # Only those that some action of the group uses: one that logs in first has none, or its own.
        used = [view.auth_of(name) for name in actions if name in view.actions]
        for path in dict.fromkeys(layer[0][:-1] for layer in used if layer is not None):
            readings += by_auth.get(path, [])
        for service in dict.fromkeys(view.actions.get(name, {}).get("service") for name in actions):
            readings += by_service.get(service, []) if isinstance(service, str) else []
        for entry in group.entries:
            for path, text in expressions_in(entry):
                if not document.is_reported(path):
                    readings += _read(document, path, text, condition=True)
            for path, text in templates_in(entry):
                readings += _read(document, path, text) if is_template(text) else ()
        _check_group(view, group, readings, uses)
    return uses


RESERVED = frozenset({"and", "else", "elif", "false", "False", "if", "in", "is", "none", "None", "not", "or", "true",
                      "True"})  # fmt: skip
"""Words of Jinja's expressions."""


ENVIRONMENT = frozenset({"env", "ENV", "environ", "environment", "process"})
"""What other tools call the environment."""


def check_variable_names(view: PlanView) -> None:
    """Extracted variables and data sets can be named in templates, and hide nothing that is there already."""
    owners: list[tuple[Path, dict[str, Any]]] = [(("data",), view.data)]
    owners += [((*group.path, "data"), group.data) for group in view.groups]
    owners += [(("actions", name, "extract"), mapping_at(action, "extract")) for name, action in view.actions.items()]
    entries = [entry for group in view.performers for entry in group.entries]
    owners += [((*e.path, e.kind), dict.fromkeys(variables_of(e))) for e in entries if e.kind in {"set", "pop"}]
    owners += [(("actions", name, "sets"), dict.fromkeys(_set_by(action))) for name, action in view.actions.items()]
    for path, owner in owners:
        for name in owner:
            if not IDENTIFIER.fullmatch(name) or "-" in name:
                view.document.report((*path, name), f"templates cannot name {name!r}; use letters, digits and _")
            elif name in RESERVED:
                view.document.report((*path, name), f"templates cannot read {name!r}: it is a word of their language")
            elif name in SCOPE:
                view.document.report((*path, name), f"{name!r} is a name that every template has already")


def _set_by(action: dict[str, Any]) -> list[str]:
    """The variables that the code of a Python action may set."""
    return [name for name in list_at(action, "sets") if isinstance(name, str)]


def _read_texts(document: Document, path: Path, owner: dict[str, Any], keys: Iterable[str]) -> list[Reading]:
    """Every template at and below these keys of the value at a path."""
    readings = []
    for key in keys:
        for at, text in texts_in(owner.get(key), (*path, key)):
            is_plain = _NO_TEMPLATES.intersection(at) or (key == "record" and at[-1] != VALUE)
            is_plain = is_plain or (key == "graphql" and at[len(path) + 1 : len(path) + 2] != ("variables",))
            if not is_plain and is_template(text):
                readings += _read(document, at, text)
    return readings


def _read_until(document: Document, path: Path, stream: dict[str, Any]) -> list[Reading]:
    """The condition on events of an event stream, which reads `event` as well (`kinds.http.event_streams`)."""
    until = stream.get("until")
    if not isinstance(until, str) or not until or document.is_reported(path):
        return []
    readings = _read(document, path, until, condition=True)
    for reading in readings:
        reading.attributes.pop(EVENT, None)
    return readings


def _read(document: Document, path: Path, text: str, *, condition: bool = False) -> list[Reading]:
    """One text; none where it does not compile, which is reported."""
    try:
        (Condition if condition else compile_template)(text)
        names = names_in(text, condition)
    except TemplateError as error:
        document.report(path, str(error))
        return []
    return [Reading(path, text, {name: attributes_of(text, name, condition) for name in names})]


def _check_hidden_data(view: PlanView, group: GroupView) -> None:
    """No variable hides the rows of a data set from the rest of an iteration."""
    own = view.variables_set_by(group)
    for name in () if group.path[0] in ONCE else {**view.data, **group.data}:
        # An action of two groups is reported once.
        if name in own and not view.document.is_reported(own[name]):
            view.document.report(own[name], f"{name!r} is the name of a data set; choose another one for the variable")


def _check_group(view: PlanView, group: GroupView, readings: list[Reading], uses: Uses) -> None:
    """Every name that the texts read exists in the group, or is a data set."""
    _check_hidden_data(view, group)
    extracted = view.shared | view.variables_set_by(group).keys()
    steps, secrets = tuple(step.name for step in group.steps), tuple(mapping_at(view.document.root, "secrets"))
    scope = {**SCOPE, "responses": steps, "secrets": secrets}
    missing: dict[str, list[str]] = {}
    for reading in readings:
        if group.path[0] in ONCE and sequences_of(reading.text):
            message = f"{reading.text!r} reads a sequence, whose numbers belong to users"
            view.document.report(reading.path, message, "setup and teardown have no sequences")
        for name, attributes in reading.attributes.items():
            if name in view.data and group.path[0] in ONCE and name not in extracted:
                message = f"{reading.text!r} reads the data set {name!r}, but rows belong to users"
                view.document.report(reading.path, message, "setup and teardown have no rows")
            elif name in group.data or name in view.data:
                columns = uses.setdefault((group.number, name), {})
                for attribute in sorted(attributes):
                    columns.setdefault(attribute, reading.path)
            elif name in scope:
                _check_attributes(view.document, reading, name, scope[name])
            elif name not in extracted and attributes and group.path[0] not in ONCE:
                missing.setdefault(name, []).extend(sorted(attributes))
            elif name not in extracted:
                known = sorted({*scope, *extracted, *group.data, *view.data})
                hint = nearest(name, known) or f"known here: {listed(known)}"
                view.document.report(reading.path, f"{reading.text!r} reads {name!r}, which nothing sets", hint)
    for name, read in missing.items():
        # Attributes make it a data set, and a whole set is reported once, not once for each of its columns.
        message = f"the data set {name!r} is missing: {{{{{name}.{read[0]}}}}} is used by this group"
        hint = f"add to the group: data: {{{name}: {name}s.csv}}     # columns {listed(dict.fromkeys(read))}"
        if name in ENVIRONMENT:
            hint = f"a variable of the environment is written ${{{read[0]}}}, without other braces"
        view.document.report(group.path, message, hint)


def _check_attributes(document: Document, reading: Reading, name: str, known: tuple[str, ...]) -> None:
    """`response.statuscode`, `responses.logn`, `secrets.KEE`: what is not there is reported with what is."""
    allowed = (*known, *MAPPING_METHODS) if name in ("responses", "secrets") else known
    for attribute in sorted(reading.attributes[name].difference(allowed)):
        hint = nearest(attribute, known) or f"there are: {listed(dict.fromkeys(known)) or 'none'}"
        document.report(reading.path, f"{reading.text!r}: {name} has no {attribute!r}", hint)
