"""The base of every model of the plan language, and how people write its values.

Pydantic's own schema describes what a model holds, such as nanoseconds. The marks here, put into `Annotated`, say what
people write: for what reads the value and for the JSON Schema alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from gradual_common.secrecy.quoting import quoted, shorten
from gradual_common.units import read_bare_duration, read_duration, read_positive_duration, read_share

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


def read_name(value: Any) -> Any:
    """Refuse numbers and booleans: YAML reads `404` and `true` without quotes as such, not as names."""
    if isinstance(value, bool | int | float):
        raise ValueError(f'{quoted(value)} is not text; quote it: "{shorten(str(value))}"')
    return value


def read_whole(value: Any) -> Any:
    """Refuse booleans, which are integers in Python."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a whole number")
    return value


MAX_USERS = 10_000_000
"""More users than any fleet holds; a number beyond is a mistake."""

DURATION: Fragment = {"type": "string", "pattern": r"^(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h)\s*)+$"}
SECONDS: Fragment = {"type": "number", "exclusiveMinimum": 0}
PERCENT: Fragment = {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}

Duration = Annotated[int, BeforeValidator(read_duration), scalar(DURATION)]
"""Nanoseconds; written with a unit: `500ms`, `2s`, `1m30s`, `1h`."""

PositiveDuration = Annotated[int, BeforeValidator(read_positive_duration), scalar(DURATION)]
"""Like `Duration`, and above 0."""

BareDuration = Annotated[int, BeforeValidator(read_bare_duration), scalar(SECONDS, DURATION)]
"""Nanoseconds, above 0; a bare number is seconds."""

Share = Annotated[
    float, BeforeValidator(read_share), scalar({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, PERCENT)
]
"""A share in (0, 1]; written `0.95` or `"95%"`."""

Name = Annotated[str, Field(min_length=1), BeforeValidator(read_name)]
"""Any non-empty text."""

Flag = Annotated[bool, scalar({"type": "boolean"})]

_COUNT = scalar({"type": "integer", "minimum": 0})
_POSITIVE_COUNT = scalar({"type": "integer", "minimum": 1})

Count = Annotated[int, Field(ge=0, le=MAX_USERS), BeforeValidator(read_whole), _COUNT]
"""A number of users, or of other things that are counted."""

PositiveCount = Annotated[int, Field(gt=0, le=MAX_USERS), BeforeValidator(read_whole), _POSITIVE_COUNT]
"""Like `Count`, and above 0."""

Seed = Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(read_whole), _COUNT]


class Model(BaseModel):
    """Frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)
