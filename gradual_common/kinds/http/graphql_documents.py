"""What a plan needs of a GraphQL document: its operations with their variables, and the mistakes that need no schema.

graphql-core reads and validates. It is imported for plans with such an action only: that takes 0.1 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLError, OperationDefinitionNode


@dataclass(frozen=True, slots=True)
class Operation:
    """A query, mutation or subscription."""

    kind: str
    name: str | None = None
    """None for an anonymous one."""

    variables: tuple[tuple[str, bool], ...] = ()
    """Each variable that it declares, and whether it needs a value: it cannot be null and has no default."""


def parse_operations(document: str) -> list[Operation]:
    """The operations of a document; ValueError, with line and column, for one that no server can execute."""
    from graphql import GraphQLError, OperationDefinitionNode, parse  # noqa: PLC0415 - heavy

    try:
        parsed = parse(document)
    except GraphQLError as error:
        raise ValueError(_described(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if mistakes := _mistakes_in(parsed):
        raise ValueError(_described(mistakes[0]))
    return [_operation_of(node) for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]


def _mistakes_in(parsed: DocumentNode) -> list[GraphQLError]:
    """The rules of validation (GraphQL, October 2021, section 5) that hold whatever the schema is."""
    import graphql  # noqa: PLC0415 - heavy

    # The library validates against a schema; these rules do not look at it.
    schema = graphql.build_schema("type Query { any: Int }")
    rules = (
        graphql.ExecutableDefinitionsRule,
        graphql.UniqueOperationNamesRule,
        graphql.LoneAnonymousOperationRule,
        graphql.UniqueFragmentNamesRule,
        graphql.KnownFragmentNamesRule,
        graphql.NoFragmentCyclesRule,
        graphql.UniqueVariableNamesRule,
        graphql.NoUndefinedVariablesRule,
        graphql.UniqueArgumentNamesRule,
        graphql.UniqueInputFieldNamesRule,
    )
    return graphql.validate(schema, parsed, rules, max_errors=1)


def _described(error: GraphQLError) -> str:
    at = error.locations[-1] if error.locations else None
    place = "" if at is None else f"line {at.line}, column {at.column}: "
    return place + error.message.removeprefix("Syntax Error: ").rstrip(".")


def _operation_of(node: OperationDefinitionNode) -> Operation:
    from graphql import NonNullTypeNode  # noqa: PLC0415 - heavy

    variables = tuple(
        (each.variable.name.value, isinstance(each.type, NonNullTypeNode) and each.default_value is None)
        for each in node.variable_definitions or ()
    )
    return Operation(node.operation.value, None if node.name is None else node.name.value, variables)
