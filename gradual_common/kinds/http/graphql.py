"""`graphql:` as it is written: an operation that is sent by POST (GraphQL over HTTP), and what its answer must be.

The syntax is checked by graphql-core, which is imported only for a plan that has such an action: that takes 0.1 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from gradual_common.kinds.failure import FailureKind
from gradual_common.language.document import Document, Path, mapping_at
from gradual_common.language.model import Flag, Model, Name
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import listed, nearest

if TYPE_CHECKING:
    from graphql.language import OperationDefinitionNode

GRAPHQL = FailureKind(
    "graphql", "GraphQL errors", True, causes=(("not a graphql response", "no GraphQL response in the body"),)
)


class GraphQL(Model):
    """One operation of a document, with the values of its variables."""

    template_fields: ClassVar[tuple[str, ...]] = ("variables",)
    """The fields whose texts are templates."""

    query: Annotated[str, Field(min_length=1)]
    """The document: a query or mutation, with its fragments; no template."""

    variables: dict[str, Any] = Field(default={})
    """The values of its variables, by name without $; templates are allowed."""

    operation: Name | None = None
    """The operation of the document that is executed; default: its only one."""

    allow_partial: Flag = False
    """Whether errors beside data are a success; default: any error is a failure."""


def parse_operations(query: str) -> list[OperationDefinitionNode]:
    """The operations of a document; ValueError for a mistake in its syntax."""
    from graphql import GraphQLError  # noqa: PLC0415 - heavy
    from graphql.language import OperationDefinitionNode, parse  # noqa: PLC0415 - heavy

    try:
        document = parse(query, no_location=False)
    except GraphQLError as error:
        at = error.locations[0] if error.locations else None
        place = "" if at is None else f"line {at.line}, column {at.column}: "
        raise ValueError(place + error.message.removeprefix("Syntax Error: ").rstrip(".")) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def name_of(operation: OperationDefinitionNode) -> str | None:
    """The name of an operation; None for an anonymous one."""
    return None if operation.name is None else operation.name.value


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
    names = [name for operation in operations if (name := name_of(operation)) is not None]
    if not operations:
        yield ("query",), "there is no operation in it, only fragments or types", ""
    elif isinstance(chosen, str) and chosen not in names:
        hint = nearest(chosen, names) or f"there are: {listed(names) or 'none with a name'}"
        yield ("operation",), f"there is no operation {chosen!r} in the query", hint
    elif chosen is None and len(operations) > 1:
        yield ("query",), f"it has {len(operations)} operations", f"write operation: with one of {listed(names)}"
    else:
        operation = next((each for each in operations if name_of(each) == chosen), operations[0])
        yield from _mistakes_in(operation, written)


def _mistakes_in(operation: OperationDefinitionNode, written: dict[str, Any]) -> Iterator[tuple[Path, str, str]]:
    from graphql.language import NonNullTypeNode  # noqa: PLC0415 - heavy

    if operation.operation.value == "subscription":
        yield ("query",), "a subscription is a stream of answers, which a POST does not give", ""
    given = mapping_at(written, "variables")
    declared = {each.variable.name.value: each for each in operation.variable_definitions or ()}
    for name in given:
        if name not in declared:
            shown = listed(f"${each}" for each in declared) or "none"
            hint = nearest(name, list(declared)) or f"it declares: {shown}"
            yield ("variables", name), f"the operation declares no variable ${name}", hint
    for name, definition in declared.items():
        if isinstance(definition.type, NonNullTypeNode) and definition.default_value is None and name not in given:
            yield (), f"the variable ${name} needs a value", f"add it under variables: {name}: …"


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
    return name_of(operations[0]) if len(operations) == 1 else None
