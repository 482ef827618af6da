"""The base class of all parts of a summary: read by attribute or key, converted to JSON data or to one flat row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

Cell = str | int | float | bool | None


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


def flat_row(section: Section) -> dict[str, Cell]:
    """The section's fields in their order, as a data frame or a spreadsheet takes them: texts, numbers, flags and None.

    A distribution becomes a column per statistic (`response_time_ms` → `response_time_p95_ms`), counts or tags by
    name one text (`timeout=1;status=2`), a list of names likewise (`failures;missing`); what is a document of its own
    (a histogram, the assertions of a step) does not fit into a cell and is left out, as is a `nested` table.
    """
    nested = {field.name for field in fields(section) if field.metadata.get("nested")}  # type: ignore[arg-type]  # as above
    keys = [key for key in section.keys() if key not in nested]  # noqa: SIM118 - no mapping
    return {name: cell for key in keys for name, cell in _cells(key, section[key])}


def _cells(key: str, value: Any) -> Iterator[tuple[str, Cell]]:
    if isinstance(value, Section):
        name = key.removesuffix("_ms")
        for statistic in value.keys():  # noqa: SIM118 - a section is no mapping
            yield (f"{name}_count" if statistic == "count" else f"{name}_{statistic}_ms"), value[statistic]
    elif value is None or isinstance(value, str | int | float):
        yield key, value
    elif isinstance(value, tuple) and all(isinstance(entry, str) for entry in value):
        yield key, ";".join(value)
    elif isinstance(value, dict) and all(isinstance(entry, int | str) for entry in value.values()):
        yield key, ";".join(f"{name}={entry}" for name, entry in value.items())
