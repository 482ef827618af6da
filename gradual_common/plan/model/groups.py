"""User groups: what each virtual user does, with which data."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from gradual_common.language.model import BareDuration, Count, Model, Name, PositiveCount, Share, short_form
from gradual_common.language.plan_view import name_steps
from gradual_common.plan.model.ramps import Ramped
from gradual_common.plan.model.think_time import Wait

Cookies: TypeAlias = Literal["per_user", "per_iteration"]
"""Whether a user's cookies outlive its iteration."""

Connections: TypeAlias = Literal["keep_alive", "per_iteration", "close"]
"""How long a user's connections live."""


class Step(Model):
    """An entry of a behaviour. `name` is unique within its group once the plan is loaded (`login`, `login#2`)."""

    action: Name
    name: Name | None = None
    think_time: Wait | None = None
    condition: str | None = None
    success_rate: Share | None = None
    on_failure: Literal["continue"] = "continue"


WrittenStep = Annotated[Step, BeforeValidator(short_form("action"))]


class DataSet(Model):
    """A data set; `pick: unique` ties a row to a slot over the whole fleet."""

    file: Annotated[str, Field(min_length=1)]
    pick: Literal["unique", "sequential", "random"] = "unique"
    per: Literal["user"] = "user"
    on_exhausted: Literal["stop", "recycle", "abort"] = "stop"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: str = "utf-8"


WrittenDataSet = Annotated[DataSet, BeforeValidator(short_form("file"))]


class UserGroup(Ramped):
    """An entry of `users:`."""

    name: Name
    concurrency: Count
    behavior: Annotated[tuple[WrittenStep, ...], Field(min_length=1)]
    on_start: tuple[WrittenStep, ...] = ()
    on_stop: tuple[WrittenStep, ...] = ()
    data: dict[Name, WrittenDataSet] = Field(default={})
    think_time: Wait | None = None
    pacing: BareDuration | None = None
    iterations: PositiveCount | None = None
    stop_at: Literal["request", "iteration"] = "request"
    cookies: Cookies | None = None
    connections: Connections | None = None

    @model_validator(mode="after")
    def _name_steps(self) -> UserGroup:
        sections = (self.on_start, self.behavior, self.on_stop)
        names = iter(name_steps([step.name or step.action for section in sections for step in section]))
        # Still being built, so not yet frozen for anybody.
        for key, section in zip(("on_start", "behavior", "on_stop"), sections, strict=True):
            self.__dict__[key] = tuple(step.model_copy(update={"name": next(names)}) for step in section)
        return self
