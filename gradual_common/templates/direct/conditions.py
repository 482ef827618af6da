"""Conditions that only read and compare, as Python functions of a scope.

`response.status_code == 200 and vu.iteration < 5`: comparisons, `in`, `and`, `or`, `not` of what is read and of
constants. All is read first, whatever `and` and `or` would leave out: a value that is not there is left to Jinja.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from jinja2 import nodes

from gradual_common.templates.direct.code import DirectCode, Scope
from gradual_common.templates.direct.holes import Lookup, UnexpectedError, hole_of

OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in"}

MAX_DEPTH = 20
"""Conditions one inside the other; Python's own limit for parentheses is 200."""

PLAIN = frozenset({str, int, float, bool, type(None)})
"""What is compared here: other values may be large, or compare as they like."""


def compile_condition(expression: nodes.Expr) -> Callable[[Scope], bool] | None:
    """A function that tells whether a condition holds, and raises anything where Jinja must decide; None: it always."""
    code = DirectCode()
    code.objects["plain"] = PLAIN
    code.objects["usual"] = PLAIN | {dict, list}
    checks: list[str] = []
    try:
        source = _ConditionSource(code, checks).of(expression, MAX_DEPTH)
    except UnexpectedError:  # It does more than read and compare.
        return None
    return code.function([*checks, f"return bool({source})"])


class _ConditionSource:
    """Makes the Python expression of a condition, and the checks of what is read in it."""

    def __init__(self, code: DirectCode, checks: list[str]) -> None:
        self._code = code
        self._checks = checks

    def of(self, node: nodes.Node, depth: int) -> str:
        """The source of a value of which only the truth is asked."""
        if depth == 0:
            raise UnexpectedError
        match node:
            case nodes.And(left=left, right=right):
                return f"({self.of(left, depth - 1)} and {self.of(right, depth - 1)})"
            case nodes.Or(left=left, right=right):
                return f"({self.of(left, depth - 1)} or {self.of(right, depth - 1)})"
            case nodes.Not(node=inner):
                return f"(not {self.of(inner, depth - 1)})"
            case nodes.Compare(expr=first, ops=rest):
                compared = [f"{OPERATORS[operand.op]} {self._operand(operand.expr)}" for operand in rest]
                return f"({self._operand(first)} {' '.join(compared)})"
        return self._value(node, "usual")

    def _operand(self, node: nodes.Node) -> str:
        """The source of a value that is compared."""
        return self._value(node, "plain")

    def _value(self, node: nodes.Node, types: str) -> str:
        if isinstance(node, nodes.Const) and type(node.value) in PLAIN:
            if isinstance(node.value, float) and not isfinite(node.value):  # It has no literal.
                raise UnexpectedError
            return repr(node.value)
        hole = hole_of(node)
        if not isinstance(hole, Lookup):  # A function that is left out by `and` must not draw.
            raise UnexpectedError
        name = self._code.value_of(hole)
        self._checks.append(f"if type({name}) not in {types}: raise Unexpected")
        return name
