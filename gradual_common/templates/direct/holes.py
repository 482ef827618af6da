"""What a hole is that only reads: a name with a path, a call of functions, a constant."""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import nodes

from gradual_common.templates.functions import FUNCTIONS


class Record:
    """A value in a scope whose public attributes templates read; its attributes are data, never methods."""

    __slots__ = ()


class UnexpectedError(Exception):
    """Jinja must look at it."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One hole: a name, then attributes (texts) or items (numbers) one inside the other."""

    root: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One hole: a function, and its arguments."""

    function: str
    arguments: tuple[Lookup | FunctionCall | Constant, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value in the text of a template."""

    value: str | int | float


Hole = Lookup | FunctionCall
Expression = Hole | Constant


def hole_of(node: nodes.Node) -> Hole | None:
    """The hole of an expression; None if it is more than reading and calling."""
    found = expression_of(node)
    return None if isinstance(found, Constant) else found


def expression_of(node: nodes.Node) -> Expression | None:
    """What an expression reads or calls, or its constant; None if it is more than that."""
    match node:
        case nodes.Name() if node.name != "self":  # That is Jinja's name for the template, whatever is in the scope.
            return Lookup(node.name)
        case nodes.Getattr(attr=str(step)) | nodes.Getitem(arg=nodes.Const(value=str(step) | int(step))):
            inner = expression_of(node.node)
            # The sandbox hides what begins with `_`.
            if isinstance(inner, Lookup) and not isinstance(step, bool) and not str(step).startswith("_"):
                return Lookup(inner.root, (*inner.path, step))
        case nodes.Const(value=str() | int() | float()) if not isinstance(node.value, bool):
            return Constant(node.value)
        case nodes.Call(node=nodes.Name(name=name), kwargs=[], dyn_args=None, dyn_kwargs=None) if name in FUNCTIONS:
            arguments = tuple(expression_of(argument) for argument in node.args)
            if None not in arguments:
                return FunctionCall(name, arguments)  # type: ignore[arg-type]  # none of them is None
    return None
