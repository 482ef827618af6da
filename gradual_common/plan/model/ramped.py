"""What may carry a ramp: the config, a phase, a group."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from gradual_common.language.forms import Fragment
from gradual_common.language.model import Model
from gradual_common.schedule.ramps.written import RampMistakeError, WrittenRamp, read_ramp


def _same_as_ramp(schema: Fragment) -> None:
    """`ramp_up` looks as `ramp` does; `ramp_config` may leave the strategy to it, so it is no complete ramp."""
    keys = schema["properties"]
    keys["ramp_up"] |= keys["ramp"]
    keys["ramp_config"] |= {"type": ["object", "string"]}


class Ramped(Model):
    """`ramp` holds the ramp, whichever way it was written; the other two are as written."""

    model_config = ConfigDict(json_schema_extra=_same_as_ramp)

    ramp_up: Any = None
    """How the number of users rises: a strategy alone, or a mapping with it."""

    ramp_config: Any = None
    """The ramp as a mapping; its strategy must agree with ramp_up."""

    ramp: WrittenRamp | None = Field(default=None, validate_default=True)
    """Another name for ramp_up."""

    @field_validator("ramp", mode="before")
    @classmethod
    def _read_ramp(cls, value: Any, info: ValidationInfo) -> Any:
        """The fields before this one are read already, so that a mistake here hides none in the owner's other keys."""
        try:
            return read_ramp({**info.data, "ramp": value})[0]
        except RampMistakeError as mistake:
            context = {"message": str(mistake), "key": mistake.key}
            raise PydanticCustomError("ramp", "{message}", context) from mistake
