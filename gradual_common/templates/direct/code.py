"""Holes that only read, as Python functions of a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from gradual_common.templates.budget import MAX_TEXT_LENGTH
from gradual_common.templates.direct.holes import (
    Constant,
    Expression,
    FunctionCall,
    Hole,
    Lookup,
    Record,
    UnexpectedError,
)
from gradual_common.templates.functions import FUNCTIONS, RANDOM

Scope = Mapping[str, Any]

MAX_MADE = 65_536
"""Characters that one call makes here. Jinja counts those of all calls, and of the texts with them (`budget`)."""

MAX_DIRECT = MAX_TEXT_LENGTH // 2
"""Characters of a text that is made here: with the calls in it, it is within Jinja's limit."""


def _attribute(name: str, step: str) -> str:
    """The source that reads an attribute; `getattr` takes ten times as long."""
    is_plain = step.isascii() and step.isidentifier() and not iskeyword(step)
    return f"{name}.{step}" if is_plain else f"getattr({name}, {step!r})"


class DirectCode:
    """The source of a function of a scope, which reads holes: first all names, then the calls in their order."""

    def __init__(self) -> None:
        self._reads: list[str] = []
        self._calls: list[str] = []
        self._names: dict[Expression, str] = {}
        self._calls_made = 0
        self._draws = False
        self.objects: dict[str, Any] = {"Record": Record, "Unexpected": UnexpectedError}
        """What the code can name."""

    def value_of(self, hole: Hole) -> str:
        """The variable that has the value of a hole; a function is called once for each hole."""
        return self._read(hole) if isinstance(hole, Lookup) else self._call(hole)

    def _read(self, lookup: Lookup) -> str:
        if lookup in self._names:
            return self._names[lookup]
        name = self._names[lookup] = f"read_{len(self._names)}"
        self._reads.append(f"{name} = scope[{lookup.root!r}]")
        for step in lookup.path:
            if isinstance(step, int):
                self._reads.append(f"if type({name}) is not list: raise Unexpected")
                self._reads.append(f"{name} = {name}[{step!r}]")
            else:
                self._reads.append(f"if type({name}) is dict: {name} = {name}[{step!r}]")
                self._reads.append(f"elif isinstance({name}, Record): {name} = {_attribute(name, step)}")
                self._reads.append("else: raise Unexpected")
        return name

    def _call(self, calling: FunctionCall) -> str:
        arguments = ", ".join(self._argument(argument) for argument in calling.arguments)
        function = FUNCTIONS[calling.function]
        if getattr(function, "jinja_pass_arg", None) is not None:
            arguments = f"Context(scope), {arguments}"
            self.objects["Context"] = _Context
            self._draws = True
        self.objects[f"call_{calling.function}"] = function
        self._reads.append(f"if {calling.function!r} in scope: raise Unexpected")
        self._calls_made += 1
        name = f"called_{self._calls_made}"
        self._calls.append(f"{name} = call_{calling.function}({arguments})")
        self._calls.append(f"if type({name}) is str and len({name}) > {MAX_MADE}: raise Unexpected")
        return name

    def _argument(self, argument: Expression) -> str:
        return repr(argument.value) if isinstance(argument, Constant) else self.value_of(argument)

    def function(self, rest: Iterable[str]) -> Callable[[Scope], Any]:
        """The function: it reads, calls, and then does the `rest`. It raises anything where Jinja must take over."""
        lines = [*self._reads, *self._calls, *rest]
        if self._draws:
            # Jinja starts again from the beginning, so it has to find the stream where it was.
            lines = [
                f"stream = scope[{RANDOM!r}]",
                "state = stream.state",
                "try:",
                *(f"    {line}" for line in lines),
                "except Exception:",
                "    stream.state = state",
                "    raise",
            ]
        source = "def run(scope):\n" + "".join(f"    {line}\n" for line in lines)
        exec(compile(source, "<template>", "exec"), self.objects)  # noqa: S102  texts of the plan are in it as literals only
        run: Callable[[Scope], Any] = self.objects["run"]
        return run


@dataclass(slots=True)
class _Context:
    """What a function sees of the context of a rendering."""

    parent: Scope


def compile_text(pieces: Iterable[str | Hole]) -> Callable[[Scope], str]:
    """The function that makes a text of at most `MAX_DIRECT` characters from plain texts and holes."""
    code, parts, rest = DirectCode(), [], []
    for number, piece in enumerate(pieces):
        if isinstance(piece, str):
            parts.append(repr(piece))
            continue
        value, text = code.value_of(piece), f"text_{number}"
        rest += [
            f"{text} = {value}",
            f"if type({text}) is not str:",
            f"    if type({text}) is not int and type({text}) is not float: raise Unexpected",
            f"    {text} = str({text})",
        ]
        parts.append(text)
    rest += [f"text = ''.join(({', '.join(parts)},))", f"if len(text) > {MAX_DIRECT}: raise Unexpected", "return text"]
    return code.function(rest)


def compile_hole(hole: Hole) -> Callable[[Scope], Any]:
    """The function that gives the value of a hole, if that is not a collection."""
    code = DirectCode()
    value = code.value_of(hole)
    code.objects["plain"] = frozenset({str, int, float, bool, type(None)})
    return code.function([f"if type({value}) not in plain: raise Unexpected", f"return {value}"])
