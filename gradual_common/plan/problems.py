"""From pydantic's errors to problems that a person can act on: where, what was found, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gradual_common.errors import Problem
from gradual_common.kinds.http.assertions import place_assertions
from gradual_common.language.document import Document, Path, attempt, mapping_at
from gradual_common.language.model import Model
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.plan.checks.elsewhere import hint_elsewhere
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.ramps import read_ramp

NO_CHARACTER = "the text holds half of a surrogate pair, which is no character"

MESSAGES = {
    "missing": "{key} is missing",
    "extra_forbidden": "unknown key {key!r}",
    "literal_error": "{found} is not allowed; allowed: {expected}",
    "int_type": "{found} is not a whole number",
    "int_parsing": "{found} is not a whole number",
    "int_parsing_size": "{found} is too large a number",
    "int_from_float": "{found} is not a whole number",
    "float_type": "{found} is not a number",
    "float_parsing": "{found} is not a number",
    "finite_number": "{found} is not a number",
    "bool_type": "{found} is neither true nor false",
    "bool_parsing": "{found} is neither true nor false",
    "string_type": "text is expected; found {found}",
    "string_unicode": NO_CHARACTER,
    "string_too_short": "the text is empty",
    "string_too_long": "{found} is longer than {max_length}",
    "too_short": "at least {min_length} is needed; the list is empty",
    "greater_than": "{found} must be above {gt}",
    "greater_than_equal": "{found} must be at least {ge}",
    "less_than": "{found} must be below {lt}",
    "less_than_equal": "{found} must be at most {le}",
    "model_type": "a mapping is expected; found {found}",
    "model_attributes_type": "a mapping is expected; found {found}",
    "dict_type": "a mapping is expected; found {found}",
    "tuple_type": "a list is expected; found {found}",
    "value_error": "{error}",
    "ramp": "{message}",
}
"""By pydantic's type of error."""

KEY_ERROR = "[key]"

_MAPPINGS = frozenset({"model_type", "model_attributes_type", "dict_type"})
_NO_SPACE = re.compile(r"([A-Za-z_][\w-]*):(?![\s/])")


def shape_problems(document: Document, error: ValidationError) -> Iterator[tuple[Path, Problem]]:
    """Each error of the validation as (path, problem)."""
    for details in error.errors(include_url=False):
        if details["type"] == "too_short" and details["input"]:
            continue  # It has entries, and the mistakes in all of them are told already.
        path = written_path(document, details["loc"], details)
        message = _message(details)
        hint = _hint(details) if details["type"] == "extra_forbidden" else _shape_hint(details)
        owner = path[:-1] if details["type"] == "missing" else path
        yield path, document.problem(owner, message, hint)


def _message(details: ErrorDetails) -> str:
    template = MESSAGES.get(details["type"])
    if template is None:
        return details["msg"]
    context = {
        **details.get("ctx", {}),
        "found": kind_of(details["input"]),
        "key": details["loc"][-1:] and details["loc"][-1],
    }
    return template.format(**context)


def _hint(details: ErrorDetails) -> str:
    """What does the work of an unknown key; or the nearest key that would be known there, or all of them."""
    model = model_at(details["loc"][:-1])
    if model is None:
        return ""
    key, keys = str(details["loc"][-1]), keys_of(model)
    if (match := _NO_SPACE.match(key)) is not None and match[1] in keys:
        return f"a space is missing after the colon: write `{match[1]}: …`"
    return hint_elsewhere(key, model) or nearest(key, keys) or f"allowed: {listed(keys)}"


def _shape_hint(details: ErrorDetails) -> str:
    """A text where a mapping is expected may lack the space behind its colons."""
    found = details["input"]
    if details["type"] not in _MAPPINGS or not isinstance(found, str):
        return ""
    if (match := _NO_SPACE.match(found)) is not None:
        return f"a space is missing after the colon: write `{match[1]}: …`"
    return "an entry is written `key: value`" if "=" in found else ""


def keys_of(model: type[Model]) -> tuple[str, ...]:
    """The keys of a mapping that the model reads, as they are written."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def model_at(location: Path) -> type[Model] | None:
    """The model that reads what stands at pydantic's location."""
    model: type[Model] | None = Plan
    parts = list(location)
    while parts and model is not None:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        field = fields.get(str(parts.pop(0)))
        if field is None:
            return None
        models = list(_models_in(field.annotation))
        if parts and any(origin in (tuple, dict) for origin in _origins_in(field.annotation)):
            parts.pop(0)
        if len(models) > 1 and parts:
            tag = str(parts.pop(0)).capitalize()
            models = [known for known in models if known.__name__ == f"{tag}Ramp"]
        model = models[0] if models else None
    return model


def _models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _origins_in(annotation: Any) -> Iterator[Any]:
    yield get_origin(annotation)
    for argument in get_args(annotation):
        yield from _origins_in(argument)


def written_path(document: Document, location: tuple[int | str, ...], details: ErrorDetails) -> Path:
    """Pydantic's location as a path of the document: without tags, and with the keys that were written."""
    path: Path = ()
    parts = [part for part in location if part != KEY_ERROR]
    while parts:
        part = parts.pop(0)
        if part == "ramp" and parts and _is_tagged(path):
            path = (*path, _ramp_key(document, path))
            parts.pop(0)
        elif part == "assertions" and parts and isinstance(parts[0], int):
            return (*path, part, *_assertion_path(document, path, parts[0]))
        else:
            path = (*path, part)
    if details["type"] == "ramp":
        path = (*path[:-1], details.get("ctx", {})["key"])
    return path


def _is_tagged(path: Path) -> bool:
    """Whether what stands at the path may carry a ramp, whose location then names its strategy."""
    return path == ("config",) or path[:2] == ("config", "phases") or path[:1] == ("users",)


def _ramp_key(document: Document, owner: Path) -> str:
    read = attempt(read_ramp, mapping_at(document.root, *owner))
    return read[1] if read is not None else "ramp_up"


def _assertion_path(document: Document, action: Path, number: int) -> Path:
    written = mapping_at(document.root, *action).get("assertions")
    placed = place_assertions(written) if isinstance(written, dict | list) else []
    return placed[number][0] if number < len(placed) else (number,)
