"""What a template asks for by name and Jinja looks up only when it gets there: filters, tests, other templates.

Jinja refuses an unknown filter while it compiles, but not inside of `if`, nor where its name is an argument; there it
would be found out by the users of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jinja2 import nodes

from gradual_common.errors import TemplateError
from gradual_common.language.wording import nearest

ELSEWHERE = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)

NAMED_IN_ARGUMENTS = {"map": 0, "select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filters that take the name of another filter (`map`) or of a test, and at which place."""


def check_known(tree: nodes.Template, text: str, filters: Collection[str], tests: Collection[str]) -> None:
    """TemplateError for a filter or test that does not exist, and for a template that stands elsewhere."""
    if any(True for _ in tree.find_all(ELSEWHERE)):
        raise TemplateError(f"{text!r} names another template; a plan's templates stand by themselves")
    for what, name in _asked(tree):
        known = filters if what == "filter" else tests
        if name not in known:
            raise TemplateError(f"{text!r}: there is no {what} {name!r}; {nearest(name, known)}".rstrip("; "))


def _asked(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    for node in tree.find_all(nodes.Filter):
        yield "filter", node.name
        yield from _asked_by_argument(node)
    for test in tree.find_all(nodes.Test):
        yield "test", test.name


def _asked_by_argument(node: nodes.Filter) -> Iterator[tuple[str, str]]:
    place = NAMED_IN_ARGUMENTS.get(node.name)
    argument = node.args[place] if place is not None and len(node.args) > place else None
    if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
        yield "filter" if node.name == "map" else "test", argument.value
