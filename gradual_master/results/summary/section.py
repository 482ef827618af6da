"""What every part of a summary can do: be read by attribute and by key, and become plain JSON data."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


class Section:
    """A frozen dataclass whose fields are the keys of a JSON object."""

    __slots__ = ()

    def keys(self) -> tuple[str, ...]:
        """The names of the fields, in the order of the document; fields `aside` are not in it."""
        return tuple(field.name for field in fields(self) if not field.metadata.get("aside"))  # type: ignore[arg-type]  # every section is a dataclass

    def __getitem__(self, key: str) -> Any:
        if key not in self.keys():
            raise KeyError(f"{key!r}; there are {', '.join(self.keys())}")
        return getattr(self, key)

    def to_dict(self) -> dict[str, Any]:
        """The section as dicts, lists, texts, numbers, booleans and None."""
        return {key: plain(getattr(self, key)) for key in self.keys()}


def plain(value: Any) -> Any:
    """A value of a section without its sections and tuples."""
    if isinstance(value, Section):
        return value.to_dict()
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    return value
