"""The base of every model of the plan language, and the types of its values as people write them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gradual_common.language.notation import Fragment, scalar
from gradual_common.secrecy.quoting import quoted, shorten
from gradual_common.units import read_bare_duration, read_duration, read_positive_duration, read_share


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
