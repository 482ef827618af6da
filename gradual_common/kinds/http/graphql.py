"""`graphql:` as it is written: an operation that is sent by POST (GraphQL over HTTP), and what its response must be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field, WithJsonSchema

from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.http.graphql_documents import Operation, parse_operations
from gradual_common.language.document import Document, Path, mapping_at
from gradual_common.language.model import NAME, Flag, Fragment, Model, Name
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import listed, nearest

NO_RESPONSE = "the body is not a GraphQL response: it is no mapping with data or errors"

GRAPHQL = FailureKind(
    "graphql",
    "GraphQL errors",
    has_response=True,
    causes=((NO_RESPONSE.lower(), "no GraphQL response in the body"),),
    pattern=(re.compile(rf"(?s)^(?!{NO_RESPONSE})(.+?)(?: \(and [0-9]+ more\))?$"), "GraphQL: {}"),
)
"""A server's first message is its label."""

WRITTEN_QUERY: Fragment = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "object", "properties": {"file": NAME}, "required": ["file"], "additionalProperties": False},
    ]
}


class GraphQL(Model):
    """One operation of a document, with the values of its variables."""

    template_fields: ClassVar[tuple[str, ...]] = ("variables",)
    """The fields whose texts are templates."""

    query: Annotated[str, Field(min_length=1), WithJsonSchema(WRITTEN_QUERY)]
    """The document: a query or mutation, with its fragments, or {file: path}; no template."""

    variables: dict[str, Any] = Field(default={})
    """The values of its variables, by name without $; templates are allowed."""

    operation: Name | None = None
    """The operation of the document that is executed; default: its only one."""

    allow_partial: Flag = False
    """Whether errors beside data are a success; default: any error is a failure."""


def check_graphql(view: PlanView) -> None:
    """Report documents that no server can execute, and variables that do not fit to them."""
    for name, action in view.actions_of("http").items():
        written = mapping_at(action, "graphql")
        path: Path = ("actions", name, "graphql")
        method = action.get("method", "POST")
        if "graphql" in action and isinstance(method, str) and method.upper() != "POST":
            view.document.report(("actions", name, "method"), "graphql is sent by POST", "leave method out")
        if isinstance(query := written.get("query"), str) and query:
            for place, message, hint in _mistakes(written, query):
                view.document.report((*path, *place), message, hint)


def _mistakes(written: dict[str, Any], query: str) -> Iterator[tuple[Path, str, str]]:
    try:
        operations = parse_operations(query)
    except ValueError as error:
        is_template = "{{" in query or "{%" in query
        hint = "a query holds no template; give values by variables" if is_template else ""
        yield ("query",), f"this is not GraphQL: {error}", hint
        return
    chosen = written.get("operation")
    names = [operation.name for operation in operations if operation.name is not None]
    if not operations:
        yield ("query",), "there is no operation in it, only fragments or types", ""
    elif isinstance(chosen, str) and chosen not in names:
        hint = nearest(chosen, names) or f"there are: {listed(names) or 'none with a name'}"
        yield ("operation",), f"there is no operation {chosen!r} in the query", hint
    elif chosen is None and len(operations) > 1:
        yield ("query",), f"it has {len(operations)} operations", f"write operation: with one of {listed(names)}"
    else:
        operation = next((each for each in operations if each.name == chosen), operations[0])
        yield from _mistakes_in(operation, written)


def _mistakes_in(operation: Operation, written: dict[str, Any]) -> Iterator[tuple[Path, str, str]]:
    if operation.kind == "subscription":
        yield ("query",), "a subscription is a stream of responses, which a POST does not give", ""
    given = mapping_at(written, "variables")
    declared = dict(operation.variables)
    for name in given:
        if name not in declared:
            shown = listed(f"${each}" for each in declared) or "none"
            hint = nearest(name, list(declared)) or f"it declares: {shown}"
            yield ("variables", name), f"the operation declares no variable ${name}", hint
    for name, needs_value in declared.items():
        if needs_value and given.get(name) is None:
            place = ("variables", name) if name in given else ()
            hint = "it cannot be null" if name in given else f"add it under variables: {name}: …"
            yield place, f"the variable ${name} needs a value", hint


def only_operation(document: Document, action: str) -> str | None:
    """The operation of an action's document: the one that is named, or the only one, if it has a name."""
    written = mapping_at(document.root, "actions", action, "graphql")
    query, chosen = written.get("query"), written.get("operation")
    if chosen is not None or not isinstance(query, str) or not query:
        return chosen if isinstance(chosen, str) else None
    try:
        operations = parse_operations(query)
    except ValueError:
        return None  # It is reported by `check_graphql`.
    return operations[0].name if len(operations) == 1 else None
