"""JMESPath over whatever a response holds: what the library raises on it is one error of ours."""

from __future__ import annotations

from typing import Any

import jmespath

from gradual_agent.errors import QueryError


class Query:
    """A compiled JMESPath expression."""

    __slots__ = ("_expression", "_search")

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._search = jmespath.compile(expression).search

    def __call__(self, document: Any) -> Any:
        """What the expression comes to in `document`; QueryError when it cannot be evaluated on it."""
        try:
            return self._search(document)
        except Exception as error:  # TypeError, OverflowError, RecursionError and more leave its functions.
            raise QueryError(f"{self._expression!r} cannot be evaluated: {type(error).__name__}: {error}") from error
