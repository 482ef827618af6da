"""The plan as frozen objects: the shape of PLAN.md, validated by pydantic.

The same model reads the YAML document at the master and the resolved document at the agent, and gives equal plans.
Times are integer nanoseconds once read. What needs more than one field, or the data, is checked in `checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gradual_common.kinds.model import ActionSpec
from gradual_common.kinds.registry import ByKind
from gradual_common.language.forms import ShortForm
from gradual_common.language.model import Model, Name
from gradual_common.plan.model.config import Config
from gradual_common.plan.model.groups import UserGroup, WrittenDataSet


class Threshold(Model):
    """An objective as written; parsed by the master's objectives."""

    rule: str
    """stat(scope) op limit."""

    name: Name | None = None
    """Its name in results."""

    severity: Literal["fail", "warn"] = "fail"
    """Whether the run fails by it."""


WrittenThreshold = Annotated[Threshold, ShortForm("rule")]


class SecretSource(Model):
    """Where the master reads a secret: an environment variable or a file."""

    env: Name | None = None
    """An environment variable."""

    file: Name | None = None
    """A file."""

    @model_validator(mode="after")
    def _check_one(self) -> SecretSource:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret is {env: NAME} or {file: path}")
        return self


class Plan(Model):
    """A whole plan. Groups keep their order in the file: it is the order of slots."""

    config: Config
    """What the run is."""

    users: Annotated[tuple[UserGroup, ...], Field(min_length=1)]
    """The user groups; their order is that of the slots."""

    actions: dict[Name, Annotated[ActionSpec, ByKind()]] = Field(default={})
    """What is sent and asserted, by name."""

    data: dict[Name, WrittenDataSet] = Field(default={})
    """Data sets for all groups, by the name in templates."""

    thresholds: tuple[WrittenThreshold, ...] = ()
    """Objectives, such as "p95(login) < 500ms"."""

    secrets: dict[Name, SecretSource] = Field(default={})
    """Read by the master, masked everywhere."""

    reporters: dict[Name, Annotated[str, Field(min_length=1)]] = Field(default={})
    """Names for reporters of your own, file.py:Class or package.module:Class, to be chosen with -o NAME."""
