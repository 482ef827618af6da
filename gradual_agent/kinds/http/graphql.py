"""GraphQL operations: the body that asks for one, and the errors in an answer of any status.

An answer is a mapping with `data`, `errors` or both (GraphQL specification of October 2021, 7.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradual_agent.kinds.assertions import Assertions
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.assertions.assertion import MAX_READ_CHARACTERS, Assertion, Hide
from gradual_common.kinds.content import Content
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.http.graphql import GRAPHQL, GraphQL
from gradual_common.secrecy.quoting import MAX_QUOTE_LENGTH, shorten
from gradual_common.templates.templates import Compiled, Literal, MappingValue, Scope, compile_value

KIND_OF_ERRORS = KIND[GRAPHQL.name]
WRONG_STATUS = frozenset({KIND["status"], KIND["assertion:status_code"]})
NO_RESPONSE = "the body is not a GraphQL response: it is no mapping with data or errors"


def compile_operation(graphql: GraphQL) -> Compiled:
    """The body of a request; only its variables are templates."""
    variables = compile_value(graphql.variables)
    entries = [("query", graphql.query), ("operationName", graphql.operation)]
    fixed: list[tuple[Compiled, Compiled]] = [(Literal(key), Literal(value)) for key, value in entries if value]
    body = MappingValue([*fixed, (Literal("variables"), variables)] if graphql.variables else fixed)
    return Literal(body.render({})) if variables.is_static else body


class GraphQLAssertions(Assertions):
    """The assertions of an action, and that its answer has no errors."""

    __slots__ = ("_allows_partial",)

    def __init__(self, specs: Sequence[Assertion], graphql: GraphQL) -> None:
        super().__init__(specs)
        self.wants_body = True
        self.is_plain = False
        self._allows_partial = graphql.allow_partial

    def judge(self, sample: Sample, content: Content, scope: Scope) -> None:
        """Judge a complete response. Its errors say more than an assertion that failed because of them."""
        super().judge(sample, content, scope)
        if sample.kind in WRONG_STATUS:
            return
        answer = content.json
        if not isinstance(answer, dict) or not ("data" in answer or "errors" in answer):
            sample.kind, sample.detail = KIND_OF_ERRORS, NO_RESPONSE
        elif (errors := answer.get("errors")) and not (self._allows_partial and answer.get("data") is not None):
            sample.kind, sample.detail = KIND_OF_ERRORS, FoundErrors(errors)


@dataclass(slots=True, eq=False)
class FoundErrors:
    """The errors of an answer."""

    errors: Any

    def explain(self, sample: Sample, hide: Hide) -> str:
        """The first message, and how many more there are."""
        errors = self.errors if isinstance(self.errors, list) else [self.errors]
        first = errors[0]
        message = str(first.get("message", "an error without a message") if isinstance(first, dict) else first)
        text = shorten(hide(message[:MAX_READ_CHARACTERS]), 4 * MAX_QUOTE_LENGTH)
        return text if len(errors) == 1 else f"{text} (and {len(errors) - 1} more)"
