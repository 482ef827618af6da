"""Templates: Jinja2 in a sandbox, strict about undefined names, compiled once, rendered for each request.

Three things are compiled. `compile_template` reads one text; `compile_value` a value of the plan, with templates
anywhere in its mappings and lists; a `Condition` is one expression, which is evaluated and never rendered to text.
A compiled value without names and calls `is_static`: it is rendered once, when the plan is compiled.

A text that is exactly one hole (`"{{ user.age }}"`) keeps the type of its value. Values that are filled in are never
read as templates again, because only the plan's own texts are ever compiled.

`user.items` means the column `items` of a row, not the method of Python's dict: data comes before attributes.

Measured on one core, best of fifteen: `{{ user.name }}` 0.1 µs, a text of three such holes 0.25 µs (`direct`); by Jinja
1.4 and 2.3 µs. A condition that compares takes 0.2 µs, by Jinja 3–5 µs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from warnings import catch_warnings, simplefilter

from jinja2 import nodes
from jinja2.runtime import Context

from gradual_common.errors import TemplateError
from gradual_common.templates.budget import BoundedContext, check_nodes
from gradual_common.templates.compiled import Compiled, ListValue, Literal, MappingValue, Marks, Scope, as_text
from gradual_common.templates.direct.code import compile_hole, compile_text
from gradual_common.templates.direct.conditions import compile_condition
from gradual_common.templates.direct.holes import UnexpectedError, hole_of
from gradual_common.templates.sandbox import bound, check_called
from gradual_common.templates.trees import (
    ENVIRONMENT,
    direct_pieces,
    is_template,
    only_hole,
    parse,
    root_names,
    translated,
)

_RESULT = "result"
_ASKING = (nodes.Name, nodes.Call, nodes.Filter, nodes.FilterBlock)


def _compiled(tree: nodes.Template, text: str) -> Callable[[Context], Iterator[str]]:
    """The tree as a function. Jinja evaluates constants while it compiles; Python's warnings about them are ignored."""
    try:
        with catch_warnings():
            simplefilter("ignore")
            return ENVIRONMENT.from_string(bound(tree, ENVIRONMENT)).root_render_func
    except Exception as error:
        raise translated(text, error) from error


def _evaluator(text: str, expression: nodes.Expr) -> Callable[[Scope], Any]:
    """Evaluates one Jinja expression to a Python value."""
    run = _compiled(nodes.Template([nodes.Assign(nodes.Name(_RESULT, "store"), expression, lineno=1)], lineno=1), text)

    def evaluate(scope: Scope) -> Any:
        context = BoundedContext(ENVIRONMENT, scope, None, {})  # type: ignore[arg-type]  # read, never changed
        deque(run(context), maxlen=0)
        return context.vars[_RESULT]

    return evaluate


class Template(Compiled):
    """One text with holes. Rendering gives a text, or the value itself when the text is exactly one hole.

    `asks`: whether it reads a name or calls anything; one that does not is the same everywhere.
    """

    __slots__ = ("_direct_text", "_direct_value", "_hole", "_only_hole", "_run", "asks", "names", "pieces", "text")

    def __init__(self, text: str) -> None:
        tree = parse(text)
        hole = only_hole(tree)
        self.text = text
        self.names = root_names(tree, text)
        self.asks = any(True for _ in tree.find_all(_ASKING))
        self.pieces = direct_pieces(tree) if self.asks else None
        """Plain texts and holes, if all holes only read; None if they do more."""
        self._direct_text = compile_text(self.pieces) if self.pieces else None
        self._only_hole = hole_of(hole) if self.pieces and hole is not None else None
        self._direct_value = compile_hole(self._only_hole) if self._only_hole is not None else None
        self._hole = _evaluator(text, hole) if hole is not None else None
        self._run = _compiled(tree, text)

    def render(self, scope: Scope) -> Any:
        """The native value of a single hole, else text; raises TemplateError."""
        if self._hole is None:
            return self.render_text(scope)
        if self._direct_value is not None:
            try:
                return self._direct_value(scope)
            except Exception:  # noqa: S110  Jinja finds the same fault, or knows a value that direct code does not.
                pass
        try:
            value = check_called(self._hole(scope))
            check_nodes(value)
            return value
        except Exception as error:
            raise translated(self.text, error) from error

    def render_text(self, scope: Scope) -> str:
        """Text in any case; raises TemplateError."""
        if self._direct_text is not None:
            try:
                return self._direct_text(scope)
            except Exception:  # noqa: S110  Jinja finds the same fault, or knows a value that direct code does not.
                pass
        try:
            return "".join(self._run(BoundedContext(ENVIRONMENT, scope, None, {})))  # type: ignore[arg-type]  # only read
        except Exception as error:
            raise translated(self.text, error) from error

    def marked(self, marks: Marks) -> str:
        """A mark, or a text with marks; UnexpectedError if Jinja is needed."""
        return self.marked_text(marks) if self._only_hole is None else marks.add(self._only_hole, "value")

    def marked_text(self, marks: Marks) -> str:
        """The text with marks; UnexpectedError if Jinja is needed."""
        if self.pieces is None:
            raise UnexpectedError
        return "".join(piece if isinstance(piece, str) else marks.add(piece, "text") for piece in self.pieces)


def compile_template(text: str) -> Template | Literal:
    """Compile one text; raises TemplateError for a mistake in it."""
    if not is_template(text):
        return Literal(text)
    template = Template(text)
    return template if template.asks else Literal(template.render({}))


def compile_value(value: Any) -> Compiled:
    """Compile a value of the plan, with templates wherever it holds a text; TemplateError for a mistake in any."""
    if isinstance(value, str):
        return compile_template(value)
    made: MappingValue | ListValue
    if isinstance(value, Mapping):
        entries = [(_compile_key(key), compile_value(item)) for key, item in value.items()]
        made, parts = MappingValue(entries), [part for entry in entries for part in entry]
    elif isinstance(value, list | tuple):
        parts = [compile_value(item) for item in value]
        made = ListValue(parts)
    else:
        return Literal(value)
    return Literal(made.render({})) if all(part.is_static for part in parts) else made


def _compile_key(key: Any) -> Compiled:
    """A key of a mapping, which is a text even if its template has another value (`{{ 5 }}`, `{{ {} }}`)."""
    compiled = compile_value(key)
    return Literal(as_text(compiled.value)) if isinstance(compiled, Literal) and isinstance(key, str) else compiled


class Condition:
    """One expression, with or without braces around it; TemplateError for a mistake in it.

    It is evaluated to a boolean. Its text is never rendered, so `"False"` in a response is a text.
    """

    __slots__ = ("_direct", "_evaluate", "names", "text")

    def __init__(self, text: str) -> None:
        tree = parse(text, is_condition=True)
        hole = only_hole(tree)
        if hole is None:
            raise TemplateError(f"{text!r} is not one expression: write {{{{ a and b }}}}, or leave the braces out")
        self.text = text
        self.names = root_names(tree, text)
        self._direct = compile_condition(hole)
        self._evaluate = _evaluator(text, hole)

    def holds(self, scope: Scope) -> bool:
        """Whether it is true in `scope`; raises TemplateError."""
        if self._direct is not None:
            try:
                return self._direct(scope)
            except Exception:  # noqa: S110  Jinja finds the same fault, or knows a value that direct code does not.
                pass
        try:
            return bool(check_called(self._evaluate(scope)))
        except Exception as error:
            raise translated(self.text, error) from error
