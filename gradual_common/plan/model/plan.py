"""The plan as frozen objects: the shape of PLAN.md, validated by pydantic.

The same model reads the YAML document at the master and the resolved document at the agent, and gives equal plans.
Times are integer nanoseconds once read. What needs more than one field, or the data, is checked in `checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from gradual_common.kinds.http.model import ActionSpec
from gradual_common.language.model import Model, Name, short_form
from gradual_common.plan.model.config import Config
from gradual_common.plan.model.groups import UserGroup, WrittenDataSet


class Threshold(Model):
    """An objective as written; parsed by the master's objectives."""

    rule: str
    name: Name | None = None
    severity: Literal["fail", "warn"] = "fail"


WrittenThreshold = Annotated[Threshold, BeforeValidator(short_form("rule"))]


class SecretSource(Model):
    """Where the master reads a secret: an environment variable or a file."""

    env: Name | None = None
    file: Name | None = None

    @model_validator(mode="after")
    def _check_one(self) -> SecretSource:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret is {env: NAME} or {file: path}")
        return self


class Plan(Model):
    """A whole plan. Groups keep their order in the file: it is the order of slots."""

    config: Config
    users: Annotated[tuple[UserGroup, ...], Field(min_length=1)]
    actions: dict[Name, ActionSpec] = Field(default={})
    data: dict[Name, WrittenDataSet] = Field(default={})
    thresholds: tuple[WrittenThreshold, ...] = ()
    secrets: dict[Name, SecretSource] = Field(default={})
    reporters: dict[Name, Annotated[str, Field(min_length=1)]] = Field(default={})
