"""GraphQL operations: the body that asks for one, and the errors in its response, of any status.

A response is a mapping with `data`, `errors` or both (GraphQL, October 2021, 7.1). The status of one of the type
`application/graphql-response+json` says no more than its errors do (GraphQL over HTTP, 6.4.2), so these are reported.
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
from gradual_common.kinds.http.graphql import GRAPHQL, NO_RESPONSE, GraphQL
from gradual_common.secrecy.quoting import MAX_QUOTE_LENGTH, shorten
from gradual_common.templates.compiled import Compiled, Literal, MappingValue, Scope
from gradual_common.templates.templates import compile_value

KIND_OF_ERRORS = KIND[GRAPHQL.name]
WRONG_STATUS = frozenset({KIND["status"], KIND["assertion:status_code"]})
RESPONSE_TYPE = "application/graphql-response+json"
ACCEPT = f"{RESPONSE_TYPE}, application/json;q=0.9"


def compile_operation(graphql: GraphQL) -> Compiled:
    """The body of a request; only its variables are templates."""
    variables = compile_value(graphql.variables)
    entries = [("query", graphql.query), ("operationName", graphql.operation)]
    fixed: list[tuple[Compiled, Compiled]] = [(Literal(key), Literal(value)) for key, value in entries if value]
    body = MappingValue([*fixed, (Literal("variables"), variables)] if graphql.variables else fixed)
    return Literal(body.render({})) if variables.is_static else body


class GraphQLAssertions(Assertions):
    """The assertions of an action, and that its response has no errors."""

    __slots__ = ("_allows_partial",)

    def __init__(self, specs: Sequence[Assertion], graphql: GraphQL) -> None:
        super().__init__(specs)
        self.wants_headers = self.wants_body = True
        self.is_plain = False
        self._allows_partial = graphql.allow_partial

    def judge(self, sample: Sample, content: Content, scope: Scope) -> None:
        """Judge a complete response. Its errors say more than an assertion that failed because of them."""
        super().judge(sample, content, scope)
        if sample.kind in WRONG_STATUS and not _is_graphql(content):
            return
        response = content.json
        if not isinstance(response, dict) or not ("data" in response or response.get("errors")):
            if sample.kind not in WRONG_STATUS:
                sample.kind, sample.detail = KIND_OF_ERRORS, NO_RESPONSE
        elif (errors := response.get("errors")) and not (self._allows_partial and response.get("data") is not None):
            sample.kind, sample.detail = KIND_OF_ERRORS, FoundErrors(errors)


def _is_graphql(content: Content) -> bool:
    """Whether the Content-Type is that of GraphQL responses."""
    return content.headers.get("content-type", "").partition(";")[0].strip().lower() == RESPONSE_TYPE


@dataclass(slots=True, eq=False)
class FoundErrors:
    """The errors of a response."""

    errors: Any

    def explain(self, sample: Sample, hide: Hide) -> str:
        """The first message, and how many more there are."""
        errors = self.errors if isinstance(self.errors, list) else [self.errors]
        first = errors[0]
        message = str(first.get("message", "an error without a message") if isinstance(first, dict) else first)
        text = shorten(hide(message[:MAX_READ_CHARACTERS]), 4 * MAX_QUOTE_LENGTH)
        return text if len(errors) == 1 else f"{text} (and {len(errors) - 1} more)"
