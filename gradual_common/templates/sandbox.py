"""Jinja as templates of a plan see it: sandboxed, strict about undefined names, and bounded (`budget`).

Operators, calls, filters and loops check the budget before they make a value larger than their operands. In Jinja a
loop and a joined text are not calls, so after parsing they become filters, with names that no template can write.

Jinja looks up filters, tests and other templates only when a rendering gets to them, within `if` for instance. So their
names are checked when a template is compiled; otherwise the mistake would show in the middle of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from string import Formatter
from types import BuiltinMethodType
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.runtime import Context, LoopContext, markup_join
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.visitor import NodeTransformer

from gradual_common.errors import TemplateError
from gradual_common.language.wording import nearest
from gradual_common.templates.budget import (
    FILTERS,
    MAX_TEXT_LENGTH,
    METHODS,
    OPERATORS,
    BoundedContext,
    Check,
    check_nodes,
    check_search,
    check_widths,
)
from gradual_common.templates.digests import text_of

_JOINED = "joined by ~"
_COUNTED = "counted turns"
_SEARCHED = "searched by in"
"""Filters that no template can name, as they hold blanks."""


_OTHER_TEMPLATES = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)

_NAMED_IN_ARGUMENTS = {"map": 0, "select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filters that take the name of another filter (`map`) or of a test, and the index of that argument."""


def check_called(value: Any) -> Any:
    """The value; TemplateError for a function, since its author forgot the parentheses."""
    if callable(value) and not isinstance(value, Undefined):
        raise TemplateError(f"{getattr(value, '__name__', 'this')} is a function: call it with ()")
    return value


@pass_context
def _as_printed(context: BoundedContext, value: Any) -> str:
    """Jinja passes every value here before it becomes part of a text."""
    text = value if isinstance(value, str) else _text_of(check_called(value))
    context.make(len(text))
    return text


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    check_nodes(value)
    return text_of(value)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Sandboxed and bounded; an entry of a mapping comes before an attribute of its class."""

    context_class = BoundedContext
    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, finalize=_as_printed)
        self.filters.update({name: _bounded(self.filters[name], check) for name, check in FILTERS.items()})
        self.filters.update({_JOINED: _join_all, _COUNTED: _counted, _SEARCHED: _searched, "join": _join, "sum": _sum})
        self.tests["in"] = _is_in

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An entry of a mapping before an attribute of its class."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply an operator whose result may be larger than its operands."""
        assert isinstance(context, BoundedContext)
        OPERATORS[operator](context, left, right)
        return self.binop_table[operator](left, right)

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A function, a method, a macro or a loop that calls itself."""
        assert isinstance(context, BoundedContext)
        context.step()
        if isinstance(function, LoopContext) and args:
            args = (_counted(context, args[0], 0), *args[1:])
        elif isinstance(function, BuiltinMethodType) and (check := METHODS.get(function.__name__)):
            args = tuple(check(context, function.__self__, *args, **kwargs) or args)
        made = super().call(context, function, *args, **kwargs)
        if isinstance(made, str):
            context.make(len(made))
        return made

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format`, with the sandbox's look-ups and bounded widths."""
        if super().wrap_str_format(value) is None:
            return None
        text, takes_mapping = str(value.__self__), value.__name__ == "format_map"

        def format_text(*args: Any, **kwargs: Any) -> str:
            formatter = _BoundedFormatter(self)
            return formatter.vformat(text, (), args[0]) if takes_mapping else formatter.vformat(text, args, kwargs)

        return format_text


class _BoundedFormatter(SandboxedFormatter):
    """Formats one text."""

    def __init__(self, environment: BoundedEnvironment) -> None:
        super().__init__(environment)
        self._size = 0

    def format_field(self, value: Any, format_spec: str) -> Any:
        check_widths(format_spec)
        check_nodes(value)
        made = Formatter.format_field(self, value, format_spec)
        self._size += len(made)
        if self._size > MAX_TEXT_LENGTH:
            raise TemplateError(f"it makes more than {MAX_TEXT_LENGTH:,} characters")
        return made


class _Bounding(NodeTransformer):
    """Rewrites a tree: turns of loops are counted, `a ~ b` and `a in b` are checked before they run."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  the visitor's name for it
        self.generic_visit(node)
        node.iter = _filter(node.iter, _COUNTED, nodes.Const(_plain_text_in(node)))
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:  # noqa: N802  the visitor's name for it
        self.generic_visit(node)
        for operand in node.ops:
            # The tree of a text that is one hole is compiled twice, as an expression and as a text.
            is_bounded = isinstance(operand.expr, nodes.Filter) and operand.expr.name == _SEARCHED
            if operand.op in ("in", "notin") and not is_bounded:
                operand.expr = _filter(operand.expr, _SEARCHED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802  the visitor's name for it
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), _JOINED)


def bound(tree: nodes.Template, environment: BoundedEnvironment) -> nodes.Template:
    """The tree with its loops and joins bounded."""
    _Bounding().visit(tree)
    tree.set_environment(environment)
    return tree


def _filter(node: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    assert isinstance(node, nodes.Expr)
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _plain_text_in(node: nodes.For) -> int:
    """The characters that each turn writes outside of its holes; inner loops count their own."""
    inner = {id(data) for loop in node.find_all(nodes.For) for data in loop.find_all(nodes.TemplateData)}
    return sum(len(data.data) for data in node.find_all(nodes.TemplateData) if id(data) not in inner)


@pass_context
def _counted(context: BoundedContext, items: Iterable[Any], plain: int) -> Iterator[Any]:
    """The turns of a loop, each of which writes `plain` characters outside of its holes."""
    for item in items:
        context.step()
        context.make(plain)
        yield item


@pass_context
def _searched(context: BoundedContext, container: Any) -> Any:
    check_search(context, container)
    return container


@pass_context
def _is_in(context: BoundedContext, value: Any, container: Any) -> bool:
    """Jinja's test `in`."""
    return value in _searched(context, container)


@pass_context
def _sum(context: BoundedContext, iterable: Iterable[Any], attribute: str | int | None = None, start: Any = 0) -> Any:
    """Jinja's `sum`, with the same argument names. Each addition is checked: adding lists copies the sum so far."""
    environment = context.environment
    for item in iterable:
        context.walk(1)
        part = item if attribute is None else _attribute(environment, item, attribute)
        start = environment.call_binop(context, "+", start, part)  # type: ignore[attr-defined]  # it is sandboxed
    return start


@pass_context
def _join_all(context: BoundedContext, items: list[Any]) -> str:
    texts = [_text_of(item) for item in items]
    context.make(sum(map(len, texts)))
    return str(markup_join(texts))


@pass_context
def _join(context: BoundedContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
    """Jinja's `join`, with the same argument names."""
    environment = context.environment
    items = iter(value) if attribute is None else (_attribute(environment, item, attribute) for item in value)
    texts = []
    for item in items:
        texts.append(_text_of(item))
        context.step()
        context.make(len(texts[-1]) + len(str(d)))
    return str(d).join(texts)


def _attribute(environment: Any, item: Any, attribute: str | int) -> Any:
    for part in str(attribute).split("."):
        item = environment.getitem(item, int(part) if part.isdigit() else part)
    return item


def _bounded(function: Callable[..., Any], check: Check) -> Callable[..., Any]:
    """Jinja's filter with a check before it; it gets the same first argument (context, environment) as before."""
    passes = getattr(function, "jinja_pass_arg", None)

    @pass_context
    def filtered(context: BoundedContext, value: Any, *args: Any, **kwargs: Any) -> Any:
        check(context, value, *args, **kwargs)
        if passes is None:
            return function(value, *args, **kwargs)
        first = {"environment": context.environment, "eval_context": context.eval_ctx, "context": context}[passes.name]
        return function(first, value, *args, **kwargs)

    return filtered


def check_known(tree: nodes.Template, text: str, filters: Collection[str], tests: Collection[str]) -> None:
    """TemplateError for a filter or test that does not exist, and for a template that names another one."""
    if any(True for _ in tree.find_all(_OTHER_TEMPLATES)):
        raise TemplateError(f"{text!r} names another template; templates of a plan cannot use other templates")
    for what, name in _asked(tree):
        known = filters if what == "filter" else tests
        if name not in known:
            raise TemplateError(f"{text!r}: there is no {what} {name!r}; {nearest(name, known)}".rstrip("; "))


def _asked(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    for node in tree.find_all(nodes.Filter):
        yield "filter", node.name
        index = _NAMED_IN_ARGUMENTS.get(node.name)
        argument = node.args[index] if index is not None and len(node.args) > index else None
        if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
            yield "filter" if node.name == "map" else "test", argument.value
    for test in tree.find_all(nodes.Test):
        yield "test", test.name
