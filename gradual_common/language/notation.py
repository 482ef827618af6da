"""The ways in which a value of the plan may be written, for what reads it and for the JSON Schema alike.

Pydantic's own schema describes what a model holds, such as nanoseconds; these marks, put into `Annotated`, say what
people write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

Fragment = dict[str, Any]
"""A part of a JSON Schema."""

NAME: Fragment = {"type": "string", "minLength": 1}

VARIABLE: Fragment = {"type": "string", "pattern": r"\$\{"}
"""`${X}` is allowed instead of any scalar."""

_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True, eq=False)
class AlsoWritten:
    """The value may be written in these ways as well."""

    fragments: tuple[Fragment, ...]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Fragment:
        inner = handler(schema)
        return {"anyOf": [*self.fragments, *inner.get("anyOf", [inner])]}


@dataclass(frozen=True, slots=True, eq=False)
class ShortForm:
    """A text is a short form of the mapping {key: text}: `login` of {action: login}."""

    key: str

    def read(self, value: Any) -> Any:
        """The mapping, where a text is written."""
        return {self.key: value} if isinstance(value, str) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Fragment:
        return {"anyOf": [NAME, handler(schema)]}


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """The value is a mapping that one of several models reads: the one whose name is the value of `key`."""

    key: str
    models: Mapping[str, type[BaseModel]]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {name: handler.generate_schema(model) for name, model in self.models.items()}
        tagged = core_schema.tagged_union_schema(choices, discriminator=self.key)
        # Code may pass a model instead of a mapping: it is not validated again.
        return core_schema.no_info_wrap_validator_function(
            lambda value, read: value if isinstance(value, BaseModel) else read(value), tagged
        )


def by_name(key: str, *models: type[_M]) -> dict[str, type[_M]]:
    """The models by the word that each has under `key`."""
    return {get_args(model.model_fields[key].annotation)[0]: model for model in models}


def scalar(*fragments: Fragment) -> WithJsonSchema:
    """How a single value may be written: in one of these ways, or as a variable."""
    return WithJsonSchema({"anyOf": [*fragments, VARIABLE]})


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by their keys, as these are written."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def parts_of(annotation: Any) -> Iterator[Any]:
    """An annotation and everything that it is made of, marks included."""
    yield annotation
    for argument in get_args(annotation):
        yield from parts_of(argument)
