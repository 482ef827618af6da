"""The base of every model of the plan language, and the types of its values as people write them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gradual_common.secrecy.excerpts import cut, shown
from gradual_common.units import read_bare_duration, read_duration, read_positive_duration, read_share


def short_form(key: str) -> Any:
    """A reader that takes a text for the mapping {key: text}: `login` for {action: login}."""

    def read(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return read


def read_name(value: Any) -> Any:
    """A name is text; `404` and `true` are told apart from "404" and "true"."""
    if isinstance(value, bool | int | float):
        raise ValueError(f'{shown(value)} is not text; quote it: "{cut(str(value))}"')
    return value


def read_whole(value: Any) -> Any:
    """A whole number is no boolean."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a whole number")
    return value


MOST_USERS = 10_000_000
"""More users than any fleet holds; a number beyond is a slip."""

Duration = Annotated[int, BeforeValidator(read_duration)]
"""Nanoseconds; written with a unit: `500ms`, `2s`, `1m30s`, `1h`."""

PositiveDuration = Annotated[int, BeforeValidator(read_positive_duration)]
"""Like `Duration`, and above 0."""

BareDuration = Annotated[int, BeforeValidator(read_bare_duration)]
"""Nanoseconds, above 0; a bare number is seconds."""

Share = Annotated[float, BeforeValidator(read_share)]
"""A share in (0, 1]; written `0.95` or `"95%"`."""

Name = Annotated[str, Field(min_length=1), BeforeValidator(read_name)]
"""Any non-empty text."""

Count = Annotated[int, Field(ge=0, le=MOST_USERS), BeforeValidator(read_whole)]
"""A number of users, or of other things that are counted."""

PositiveCount = Annotated[int, Field(gt=0, le=MOST_USERS), BeforeValidator(read_whole)]
"""Like `Count`, and above 0."""


class Model(BaseModel):
    """Frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)
