"""Compiled values: what a plan's value has become, with templates anywhere in its mappings and lists.

A value without names and calls is a `Literal`: it is the same in every scope. The one that reads is a `Template`
(`templates`), whether alone or within a `MappingValue` or a `ListValue`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from jinja2.exceptions import TemplateRuntimeError

from gradual_common.errors import TemplateError
from gradual_common.templates.direct.holes import Hole, UnexpectedError
from gradual_common.templates.functions import FUNCTIONS

Scope = Mapping[str, Any]


class Compiled(ABC):
    """A compiled value."""

    __slots__ = ()

    names: frozenset[str] = frozenset()
    """The root names that it reads from its scope; functions are not among them."""

    is_static = False
    """Whether it is the same in every scope."""

    @abstractmethod
    def render(self, scope: Scope) -> Any:
        """The value in `scope`; raises TemplateError."""

    def render_text(self, scope: Scope) -> str:
        """The value as text; raises TemplateError."""
        return as_text(self.render(scope))

    @abstractmethod
    def marked(self, marks: Marks) -> Any:
        """The value with marks in the place of its holes; UnexpectedError if it has others than `direct` reads."""

    def marked_text(self, marks: Marks) -> str:
        """The value as text, with marks."""
        return as_text(self.marked(marks))


class Marks:
    """Marks that stand for holes in a value: `SPELLING0value`, or `SPELLING1text` for a hole within a text."""

    def __init__(self, spelling: str) -> None:
        self._spelling = spelling
        self.holes: list[Hole] = []

    def add(self, hole: Hole, place: str) -> str:
        """The mark of one more hole."""
        self.holes.append(hole)
        return f"{self._spelling}{len(self.holes) - 1}{place}"


class Literal(Compiled):
    """A value without any hole."""

    __slots__ = ("value",)

    is_static = True

    def __init__(self, value: Any) -> None:
        self.value = value

    def render(self, scope: Scope) -> Any:
        """The value."""
        return self.value

    def marked(self, marks: Marks) -> Any:
        """The value."""
        return self.value


class MappingValue(Compiled):
    """A mapping; its keys may be templates too."""

    __slots__ = ("_entries", "names")

    def __init__(self, entries: list[tuple[Compiled, Compiled]]) -> None:
        self.names = frozenset().union(*(part.names for entry in entries for part in entry))
        self._entries = entries

    def render(self, scope: Scope) -> dict[str, Any]:
        """Every entry rendered, in order."""
        return {
            key.value if isinstance(key, Literal) else key.render_text(scope): value.render(scope)
            for key, value in self._entries
        }

    def marked(self, marks: Marks) -> dict[str, Any]:
        """Every entry marked, in order."""
        # Two keys may have the same text, and then the mapping has one entry less.
        if len(self._entries) > 1 and not all(isinstance(key, Literal) for key, _ in self._entries):
            raise UnexpectedError
        return {
            key.value if isinstance(key, Literal) else key.marked_text(marks): value.marked(marks)
            for key, value in self._entries
        }


class ListValue(Compiled):
    """A list."""

    __slots__ = ("_items", "names")

    def __init__(self, items: list[Compiled]) -> None:
        self.names = frozenset().union(*(item.names for item in items))
        self._items = items

    def render(self, scope: Scope) -> list[Any]:
        """Every item rendered, in order."""
        return [item.render(scope) for item in self._items]

    def marked(self, marks: Marks) -> list[Any]:
        """Every item marked, in order."""
        return [item.marked(marks) for item in self._items]


def as_text(value: Any) -> str:
    """A value as text: true, false and nothing as YAML writes them, mappings and lists as JSON.

    TemplateError for what cannot be written so: a number of too many digits, a list of something else than JSON, a name
    within a list that is not there or that the sandbox keeps.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(FUNCTIONS["tojson"](value)) if isinstance(value, Mapping | list | tuple) else str(value)
    except (TypeError, ValueError, RecursionError, TemplateRuntimeError) as error:
        raise TemplateError(f"this value cannot be written as text: {error}") from error
