"""JMESPath queries over the JSON of a response; every exception of the library becomes a QueryError."""

from __future__ import annotations

from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from gradual_common.errors import QueryError
from gradual_common.language.wording import nearest


class Query:
    """A compiled JMESPath expression."""

    __slots__ = ("_expression", "_search")

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._search = jmespath.compile(expression).search

    def __call__(self, document: Any) -> Any:
        """The value of the expression in `document`; QueryError when it cannot be evaluated."""
        try:
            return self._search(document)
        except Exception as error:  # Its functions raise TypeError, OverflowError and more.
            raise QueryError(f"{self._expression!r} cannot be evaluated: {type(error).__name__}: {error}") from error


def check_jmespath(value: str) -> str:
    """A JMESPath expression that compiles."""
    try:
        _check_functions(jmespath.compile(value).parsed)
    except (JMESPathError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{value!r} is not a JMESPath expression: {reason}") from error
    return value


def _check_functions(node: Any) -> None:
    """ValueError for a function that does not exist: jmespath itself finds that only when it evaluates the call."""
    if isinstance(node, dict):
        if node.get("type") == "function_expression" and node["value"] not in Functions.FUNCTION_TABLE:
            hint = nearest(node["value"], Functions.FUNCTION_TABLE)
            raise ValueError(f"there is no function {node['value']!r}; {hint}".rstrip("; "))
        for child in node.get("children", ()):
            _check_functions(child)
