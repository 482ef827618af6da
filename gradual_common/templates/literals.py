"""The arguments that a template itself says to a function: a mistake in them is found when it is compiled.

`{{ body | hmac(secrets.key, 'sha265') }}` would fail in each request. Of the other arguments only the number is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import Any

from jinja2 import nodes

from gradual_common.errors import TemplateError
from gradual_common.templates.digests import HASHES, check_digest
from gradual_common.templates.functions import FUNCTIONS
from gradual_common.templates.tokens import check_jwt

CHECKS: dict[str, Callable[[str, Mapping[str, Any]], None]] = {
    **dict.fromkeys(HASHES, check_digest),
    "hmac": check_digest,
    "jwt": check_jwt,
}
"""For each function whose arguments are checked: what raises TemplateError, given its name and the known arguments."""

SEQUENCE = "sequence"

Call = tuple[str, dict[str, nodes.Expr]]
"""The name of a function, and its arguments by name."""


def check_literals(tree: nodes.Template, text: str) -> None:
    """TemplateError for an argument that the function is sure to refuse, or that has to be known before the run."""
    try:
        check_sequences(tree)
        for name, arguments in calls_in(tree):
            CHECKS[name](name, _known(name, arguments))
    except (TemplateError, TypeError) as error:
        raise TemplateError(f"{text!r}: {error}") from None


def calls_in(tree: nodes.Template) -> Iterator[Call]:
    """The calls of the functions in `CHECKS`, as functions and as filters; TypeError for a missing argument."""
    for node in tree.find_all((nodes.Call, nodes.Filter)):
        match node:
            case nodes.Call(node=nodes.Name(name=name)) if name in CHECKS:
                given = node.args
            case nodes.Filter(name=name, node=nodes.Expr() as value) if name in CHECKS:
                given = [value, *node.args]
            case _:
                continue
        if node.dyn_args is None and node.dyn_kwargs is None:
            yield name, _by_name(name, given, {str(pair.key): pair.value for pair in node.kwargs})


def check_sequences(tree: nodes.Template) -> None:
    """TemplateError for a sequence whose name is computed: agents ask for its numbers before they render anything."""
    named = list(sequences_in(tree))
    if len(named) != sum(node.name == SEQUENCE for node in tree.find_all(nodes.Name)):
        raise TemplateError(f"the name of a sequence is written as a text, as in {SEQUENCE}('invoice')")


def sequences_in(tree: nodes.Template) -> Iterator[str]:
    """The names of the sequences whose numbers a template reads."""
    for node in tree.find_all(nodes.Call):
        match node:
            case nodes.Call(
                node=nodes.Name(name="sequence"),
                args=[nodes.Const(value=str(name))],
                kwargs=[],
                dyn_args=None,
                dyn_kwargs=None,
            ) if name:
                yield name


def _by_name(name: str, given: list[nodes.Expr], named: dict[str, nodes.Expr]) -> dict[str, nodes.Expr]:
    takes = signature(FUNCTIONS[name])
    try:
        return takes.bind(*given, **named).arguments
    except TypeError as error:
        raise TypeError(f"{name}: {error}; it takes {', '.join(takes.parameters)}") from None


def _known(name: str, arguments: dict[str, nodes.Expr]) -> dict[str, Any]:
    """The arguments whose values are in the template, and the defaults of those that are left out."""
    known = {key: default for key, default in defaults_of(name).items() if key not in arguments}
    for key, node in arguments.items():
        try:
            known[key] = node.as_const()
        except Exception:  # Jinja evaluates constants here; what fails shows when it is rendered.
            if isinstance(node, nodes.List | nodes.Tuple):
                known[key] = []  # What it holds is not known, but it is no mapping.
    return known


def defaults_of(name: str) -> dict[str, Any]:
    """The arguments of a function that may be left out."""
    parameters = signature(FUNCTIONS[name]).parameters
    return {key: value.default for key, value in parameters.items() if value.default is not value.empty}


def keys_in(tree: nodes.Template) -> Iterator[str]:
    """The keys that a template itself says, as texts: they are credentials."""
    for name, arguments in calls_in(tree):
        if isinstance(key := _known(name, arguments).get("key"), str):
            yield key


def secret_keys_in(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    """Each secret that signs a JWT, with the algorithm, where the template says both."""
    for name, arguments in calls_in(tree):
        algorithm = _known(name, arguments).get("algorithm")
        match arguments.get("key"):
            case (
                nodes.Getattr(node=nodes.Name(name="secrets"), attr=str(secret))
                | nodes.Getitem(node=nodes.Name(name="secrets"), arg=nodes.Const(value=str(secret)))
            ) if name == "jwt" and isinstance(algorithm, str):
                yield secret, algorithm
