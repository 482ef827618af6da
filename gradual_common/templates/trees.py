"""The trees of templates: a text is parsed and checked here, and a tree tells what it reads without being rendered."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.meta import find_undeclared_variables

from gradual_common.errors import TemplateError
from gradual_common.templates.direct.holes import Hole, hole_of
from gradual_common.templates.functions import FILTERS, FUNCTIONS
from gradual_common.templates.literals import SEQUENCE, check_literals, keys_in, secret_keys_in, sequences_in
from gradual_common.templates.sandbox import BoundedEnvironment, check_known

_GLOBALS = ("range", "dict", "namespace")
"""The globals of Jinja that templates can use: the others use the process' random numbers or keep state."""


def _environment() -> BoundedEnvironment:
    environment = BoundedEnvironment()
    kept = {name: environment.globals[name] for name in _GLOBALS}
    environment.globals = {**kept, **FUNCTIONS}
    environment.filters.update(FILTERS)
    return environment


ENVIRONMENT = _environment()
"""The one environment of all templates."""


def is_template(text: str) -> bool:
    """Whether `text` holds anything for Jinja to do."""
    return any(delimiter in text for delimiter in ("{{", "{%", "{#"))


def parse(text: str, *, is_condition: bool = False) -> nodes.Template:
    """The tree of a template; of a condition with or without braces."""
    if is_condition and not is_template(text := text.strip()):
        text = f"{{{{ {text} }}}}"
    try:
        tree = ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{text!r} is not a valid template: {error.message}") from None
    check_known(tree, text, ENVIRONMENT.filters, ENVIRONMENT.tests)
    check_literals(tree, text)
    return tree


def only_hole(tree: nodes.Template) -> nodes.Expr | None:
    """The expression, if the text is exactly one hole."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return None
    parts = tree.body[0].nodes
    return parts[0] if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData) else None


def direct_pieces(tree: nodes.Template) -> tuple[str | Hole, ...] | None:
    """The texts and holes of a template, if all of them can be read without Jinja."""
    pieces: list[str | Hole] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            piece = node.data if isinstance(node, nodes.TemplateData) else hole_of(node)
            if piece is None:
                return None
            pieces.append(piece)
    return tuple(pieces)


def root_names(tree: nodes.Template, text: str) -> frozenset[str]:
    """The names that a tree reads from its scope, functions left out; TemplateError for a constant that fails."""
    try:
        return frozenset(find_undeclared_variables(tree)) - ENVIRONMENT.globals.keys()
    except Exception as error:  # Jinja evaluates constants here, too.
        raise translated(text, error) from error


def translated(text: str, error: Exception) -> TemplateError:
    """What Jinja or Python says of a template, as an error that shows its text."""
    return TemplateError(f"{text!r}: {getattr(error, 'message', None) or error}")


def names_in(text: str, condition: bool = False) -> frozenset[str]:
    """The root names that a template reads from its scope, functions left out; `condition`: braces are optional."""
    return root_names(parse(text, is_condition=condition), text)


def attributes_of(text: str, name: str, condition: bool = False) -> frozenset[str]:
    """The attributes of the root `name` that a template reads: `{{ user.a }}{{ user['b'] }}` reads a and b."""
    found = set()
    for node in parse(text, is_condition=condition).find_all((nodes.Getattr, nodes.Getitem)):
        match node:
            case nodes.Getattr(node=nodes.Name(name=root), attr=key) if root == name:
                found.add(key)
            case nodes.Getitem(node=nodes.Name(name=root), arg=nodes.Const(value=key)) if root == name:
                found.add(str(key))
    return frozenset(found)


def literal_keys(text: str) -> list[str]:
    """The keys of signatures that a text says itself; none where it is not a template that can be read."""
    try:
        return list(keys_in(ENVIRONMENT.parse(text)))
    except (TemplateSyntaxError, TypeError):
        return []


def sequences_of(text: str) -> list[str]:
    """The sequences that a template or a condition reads; none where it is neither."""
    if SEQUENCE not in text:
        return []
    try:
        return list(sequences_in(parse(text, is_condition=True)))
    except TemplateError:
        return []


def jwt_secrets(text: str) -> list[tuple[str, str]]:
    """The secrets that sign a JWT in a template, each with its algorithm; TemplateError for a mistake in it."""
    return list(secret_keys_in(parse(text)))


def static_pieces(text: str) -> list[str | None]:
    """The texts between the templates of a text, in order; None for each template. TemplateError for a mistake."""
    if not is_template(text):
        return [text]
    pieces: list[str | None] = []
    for node in parse(text).body:
        parts = node.nodes if isinstance(node, nodes.Output) else [node]
        pieces += [part.data if isinstance(part, nodes.TemplateData) else None for part in parts]
    return pieces
