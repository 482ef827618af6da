"""The kinds of actions: built-in ones, and those of other distributions.

A distribution registers a kind by an entry point of the group `gradual.actions`: `lines = "my_module:LINES"`, an
`ActionKind` under its name. (An entry point of this group may also be the coroutine function of a Python action, which
only agents load.) Entry points are searched only when a plan names a kind that is not built in, or for the
schema of all kinds; a kind is imported only when a plan names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from inspect import iscoroutinefunction
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from gradual_common.errors import ActionKindError
from gradual_common.kinds.assertions.assertion import AssertionKind
from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.kinds.http.kind import HttpKind
from gradual_common.kinds.kind import ActionKind, ActionSpec
from gradual_common.kinds.python.kind import PythonKind
from gradual_common.language.model import Fragment
from gradual_common.language.plan_view import kind_name_of
from gradual_common.language.wording import kind_of, listed, nearest

GROUP = "gradual.actions"
DEFAULT = "http"

_DEFAULT: ActionKind = HttpKind()

_known: dict[str, ActionKind] = {kind.name: kind for kind in (_DEFAULT, PythonKind())}
"""By name: the built-in kinds, and those that were imported."""


def kind_called(name: str) -> ActionKind:
    """The kind of this name; ActionKindError when it does not exist or cannot be used."""
    kind = _known.get(name)
    if kind is None:
        installed = _installed()
        if name not in installed:
            names = sorted({*_known, *installed})
            hint = nearest(name, names)
            text = f"there is no kind of action {name!r}; there are: {listed(names)}; {hint}"
            raise ActionKindError(text.rstrip("; "))
        kind = _known[name] = _load(installed[name])
    return kind


def kind_of_action(written: Any) -> ActionKind | None:
    """The kind of an action of a plan; None when it names none that can be used."""
    name = kind_name_of(written) if isinstance(written, Mapping) else DEFAULT
    try:
        return kind_called(name) if isinstance(name, str) else None
    except ActionKindError:
        return None


def kinds_named(actions: Iterable[Any]) -> list[ActionKind]:
    """The kinds of a plan's actions, and that of `config`'s requests; kinds that cannot be used are left out."""
    found = {kind.name: kind for action in actions if (kind := kind_of_action(action)) is not None}
    return list({DEFAULT: _DEFAULT, **found}.values())


def kinds_called(names: Iterable[str]) -> list[ActionKind]:
    """The kinds of these names, each once, in the order of their names."""
    return [kind_called(name) for name in sorted(set(names))]


def all_kinds() -> list[ActionKind]:
    """The built-in kinds, and those that are installed and can be used."""
    installed = [kind for name in sorted(_installed()) if (kind := kind_of_action({"kind": name})) is not None]
    return list({kind.name: kind for kind in [*_known.values(), *installed]}.values())


def failures_of(names: Iterable[str]) -> FailureKinds:
    """The outcomes that actions of these kinds may have."""
    others = [failure for kind in kinds_called(names) if kind.name != DEFAULT for failure in kind.failures]
    return FailureKinds(others) if others else BUILT_IN_KINDS


def known_failures() -> dict[str, FailureKind]:
    """By name: the built-in failure kinds, then those of the action kinds that this process has used."""
    return BUILT_IN_KINDS.by_name | {entry.name: entry for kind in _known.values() for entry in kind.failures}


def assertion_called(name: str) -> AssertionKind:
    """A kind of assertion, of an action kind that this process has used."""
    return next(kind.assertions[name] for kind in _known.values() if name in kind.assertions)


@dataclass(frozen=True, slots=True, eq=False)
class ByKind:
    """Marks a value as an action, which the model of its kind reads."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_read_action, handler.generate_schema(_DEFAULT.model))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Fragment:
        others = [handler(kind.model.__pydantic_core_schema__) for kind in all_kinds() if kind is not _DEFAULT]
        return {"anyOf": [handler(schema), *others]} if others else handler(schema)


def _read_action(written: Any, read_default: Callable[[Any], ActionSpec]) -> ActionSpec:
    """Read an action by the model of its kind; pydantic's errors keep their path in the plan."""
    if isinstance(written, ActionSpec):
        return written
    name = kind_name_of(written) if isinstance(written, Mapping) else DEFAULT
    try:
        if not isinstance(name, str):
            raise ActionKindError(f"a kind of action is text; found {kind_of(name)}")
        kind = kind_called(name)
    except ActionKindError as error:
        wrong = PydanticCustomError("value_error", "{error}", {"error": str(error)})
        mistake = InitErrorDetails(type=wrong, loc=("kind",), input=name)
        raise ValidationError.from_exception_data("action", [mistake]) from None
    return read_default(written) if kind is _DEFAULT else kind.model.model_validate(written)


def _installed() -> dict[str, EntryPoint]:
    # Not cached: to search the metadata of all distributions takes 2 ms, and only plans with other kinds need it.
    return {point.name: point for point in entry_points(group=GROUP)}


def _load(point: EntryPoint) -> ActionKind:
    """Import a kind; ActionKindError with the cause when that fails."""
    # Everything is caught: any exception while the module is imported is a bug in it, which its author wants to see.
    try:
        kind = point.load()
    except Exception as error:
        raise ActionKindError(f"the kind {point.name!r} cannot be imported: {type(error).__name__}: {error}") from error
    if iscoroutinefunction(kind):
        raise ActionKindError(f"{point.name!r} is a Python action, and no kind: write python: {point.name}")
    if not isinstance(kind, ActionKind) or kind.name != point.name:
        raise ActionKindError(f"{point.value} is not an ActionKind with the name {point.name!r}")
    # Failures are counted and shown by name, so a name must have one meaning over all kinds.
    if taken := [failure.name for failure in kind.failures if failure.name in known_failures()]:
        raise ActionKindError(f"the kind {point.name!r} names a failure that there is already: {listed(taken)}")
    return kind
