"""From pydantic's errors to problems that a person can act on: where, what was found, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_origin

from pydantic import BaseModel, Discriminator, ValidationError
from pydantic_core import ErrorDetails

from gradual_common.errors import Problem
from gradual_common.kinds.assertions.parsing import place_assertions
from gradual_common.kinds.registry import ByKind, kind_of_action
from gradual_common.language.document import Document, Path, attempt, mapping_at
from gradual_common.language.model import OneOf, fields_of, parts_of
from gradual_common.language.wording import NO_CHARACTER, kind_of, listed, nearest
from gradual_common.plan.checks.foreign_keys import hint_for_key
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.steps import ONE_KIND, STEP_MODELS
from gradual_common.schedule.ramps.parsing import read_ramp

_MESSAGES = {
    "{key} is missing": "missing",
    "unknown key {key!r}": "extra_forbidden",
    "{found} is not allowed; allowed: {expected}": "literal_error",
    "{found} is not a whole number": "int_type int_parsing int_from_float",
    "{found} is too large a number": "int_parsing_size",
    "{found} is not a number": "float_type float_parsing finite_number",
    "{found} is neither true nor false": "bool_type bool_parsing",
    "text is expected; found {found}": "string_type",
    NO_CHARACTER: "string_unicode",
    "the text is empty": "string_too_short",
    "{found} is longer than {max_length}": "string_too_long",
    "at least {min_length} is needed; the list is empty": "too_short",
    "{found} must be above {gt}": "greater_than",
    "{found} must be at least {ge}": "greater_than_equal",
    "{found} must be below {lt}": "less_than",
    "{found} must be at most {le}": "less_than_equal",
    "a mapping is expected; found {found}": "model_type model_attributes_type dict_type",
    "a list is expected; found {found}": "tuple_type",
    "{error}": "value_error",
    "{message}": "ramp",
    ONE_KIND: "step_kind",
}
"""The message for each of pydantic's error types."""

MESSAGES = {kind: message for message, kinds in _MESSAGES.items() for kind in kinds.split()}

KEY_ERROR = "[key]"
SPACE_MISSING = "a space is missing after the colon: write `{0}: …`"

_MISSING = {
    "max": "the most passes, so that no user loops for ever, such as max: 20",
    "weight": "its share of the passes, such as weight: 70",
    "until": "the poll ends when this expression holds",
    "every": "the wait between two requests, such as every: 2s",
    "within": "the longest time of the poll, such as within: 60s",
    "users": "how many users go on together, such as users: 10",
    "timeout": "the longest wait for the others, such as timeout: 30s",
    "attempts": "how often the action is performed at most, such as attempts: 3",
}
"""What a required key of a step means."""

A_BRANCH = "branches are written choose: [{weight: 70, steps: […]}, {weight: 30, steps: […]}]"

_MAPPINGS = frozenset({"model_type", "model_attributes_type", "dict_type"})
_NO_SPACE = re.compile(r"([A-Za-z_][\w-]*):(?![\s/])")


def shape_problems(document: Document, error: ValidationError, only: str = "") -> Iterator[tuple[Path, Problem]]:
    """Each error of the validation as (path, problem); `only`: those of one of pydantic's types."""
    for details in error.errors(include_url=False):
        if only and details["type"] != only:
            continue
        if details["type"] == "too_short" and details["input"]:
            continue  # It has entries, and the mistakes in all of them are reported already.
        path = written_path(document, details["loc"], details)
        hint = _hint(document, details) if details["type"] == "extra_forbidden" else _shape_hint(details)
        owner = path[:-1] if details["type"] == "missing" else path
        yield path, document.problem(owner, _message(details), hint)


def _message(details: ErrorDetails) -> str:
    template = MESSAGES.get(details["type"])
    if template is None:
        return details["msg"]
    key = details["loc"][-1] if details["loc"] else ""
    return template.format(**{**details.get("ctx", {}), "found": kind_of(details["input"]), "key": key})


def _hint(document: Document, details: ErrorDetails) -> str:
    """For an unknown key: the key of ours that does its work, else the most similar key, else all allowed keys."""
    model, _ = read_location(document, details["loc"][:-1])
    if model is None:
        return ""
    key, keys = str(details["loc"][-1]), fields_of(model)
    if (match := _NO_SPACE.match(key)) is not None and match[1] in keys:
        return SPACE_MISSING.format(match[1])
    return hint_for_key(key, model) or nearest(key, keys) or f"allowed: {listed(keys)}"


def _shape_hint(details: ErrorDetails) -> str:
    """What a key that is missing means; where a mapping is expected, the space after a colon may be missing."""
    found = details["input"]
    if details["type"] == "missing":
        return _MISSING.get(str(details["loc"][-1]), "") if len(details["loc"]) > 1 else ""
    if details["type"] in {*_MAPPINGS, "tuple_type", "too_short"} and (hint := _form_of(details["loc"])):
        return hint
    if details["type"] not in _MAPPINGS or not isinstance(found, str):
        return ""
    if (match := _NO_SPACE.match(found)) is not None:
        return SPACE_MISSING.format(match[1])
    return "an entry is written `key: value`" if "=" in found else ""


def _form_of(location: Path) -> str:
    """How the value at a location, which is no list or mapping, is written."""
    if location == ("users",):
        return "groups are written users: [{name: guest, concurrency: 10, behavior: […]}]"
    if "choose" in location[-2:]:
        return A_BRANCH
    return "write {attempts: 3}" if location[-1:] == ("retry",) else ""


def read_location(document: Document, location: Path) -> tuple[type[BaseModel] | None, Path]:
    """The model at pydantic's location, and the location without the tags of alternatives."""
    # Pydantic's location has keys and indexes, and also the tag of the alternative that it chose:
    #     ("config", "ramp", "additive", "interval")   pydantic's location
    #     ("config", "ramp", "interval")               the path in the plan
    # A tag looks like a key, so its text cannot tell it. We walk the models along the location instead: the field says
    # whether a tag follows (`OneOf`), and whether the key or index of an entry does (a tuple or a dict).
    model: type[BaseModel] | None = Plan
    path: Path = ()
    parts = list(location)
    while parts:
        path = (*path, parts.pop(0))
        field = None if model is None else fields_of(model).get(str(path[-1]))
        model = None
        if field is None:
            continue
        inside = [*parts_of(field.annotation), *field.metadata]
        containers = sum(get_origin(part) in (tuple, dict) for part in inside)
        if parts and containers:
            path = (*path, parts.pop(0))
        if parts and containers > 1 and isinstance(parts[0], int):  # A list as an entry of a mapping: `multipart`.
            path = (*path, parts.pop(0))
        if any(isinstance(part, Discriminator) for part in inside):
            model = STEP_MODELS.get(str(parts.pop(0))) if parts else None
            continue
        choice = next((part for part in inside if isinstance(part, OneOf)), None)
        if any(isinstance(part, ByKind) for part in inside):
            kind = kind_of_action(mapping_at(document.root, *path))
            model = None if kind is None else kind.model
        elif choice is None:
            model = next((part for part in inside if isinstance(part, type) and issubclass(part, BaseModel)), None)
        elif parts:
            model = choice.models.get(str(parts.pop(0)))
    return model, path


def written_path(document: Document, location: Path, details: ErrorDetails) -> Path:
    """Pydantic's location as a path of the document: without tags, with the keys as the author wrote them."""
    _, read = read_location(document, tuple(part for part in location if part != KEY_ERROR))
    path: Path = ()
    for number, part in enumerate(read):
        may_ramp = path == ("config",) or path[:2] == ("config", "phases") or path[:1] == ("users",)
        if part == "ramp" and details["type"] != "ramp" and may_ramp:
            written = attempt(read_ramp, mapping_at(document.root, *path))
            path = (*path, "ramp_up" if written is None else written[1])
        elif part == "assertions" and number + 1 < len(read) and isinstance(entry := read[number + 1], int):
            # Assertions may be written as a mapping and are validated as a list: the index is one of that list.
            return (*path, part, *_assertion_path(document, path, entry))
        else:
            path = (*path, part)
    return (*path[:-1], details.get("ctx", {})["key"]) if details["type"] == "ramp" else path


def _assertion_path(document: Document, action: Path, number: int) -> Path:
    written = mapping_at(document.root, *action).get("assertions")
    placed = place_assertions(written) if isinstance(written, dict | list) else []
    return placed[number][0] if number < len(placed) else (number,)
