"""User groups: what each virtual user does, with which data."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from gradual_common.language.forms import ShortForm
from gradual_common.language.model import BareDuration, Count, Model, Name, PositiveCount, Share
from gradual_common.language.plan_view import name_steps_of
from gradual_common.plan.model.ramped import Ramped
from gradual_common.think_times.written import Wait

Cookies: TypeAlias = Literal["per_user", "per_iteration"]
"""Whether a user's cookies outlive its iteration."""

Connections: TypeAlias = Literal["keep_alive", "per_iteration", "close"]
"""How long a user's connections live."""


class Step(Model):
    """An entry of a behaviour. `name` is unique within its group once the plan is loaded (`login`, `login#2`)."""

    action: Name
    """An entry of actions."""

    name: Name | None = None
    """What results call the step; the action's name unless said."""

    think_time: Wait | None = None
    """The wait after the action."""

    condition: str | None = None
    """An expression; the step is skipped where it is false."""

    success_rate: Share | None = None
    """An objective: the share of its samples that succeed."""

    on_failure: Literal["continue"] = "continue"
    """What a failure leads to."""


WrittenStep = Annotated[Step, ShortForm("action")]


class DataSet(Model):
    """A data set; `pick: unique` ties a row to a slot over the whole fleet."""

    file: Annotated[str, Field(min_length=1)]
    """CSV, JSON or JSON Lines; relative to the plan."""

    pick: Literal["unique", "sequential", "random"] = "unique"
    """Which row a slot gets; unique unless said."""

    per: Literal["user"] = "user"
    """How long a row is held."""

    on_exhausted: Literal["stop", "recycle", "abort"] = "stop"
    """What happens when the rows are used up."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """Of a CSV file; a comma unless said."""

    encoding: str = "utf-8"
    """utf-8 unless said."""


WrittenDataSet = Annotated[DataSet, ShortForm("file")]


class UserGroup(Ramped):
    """An entry of `users:`."""

    name: Name
    """Its name in results."""

    concurrency: Count
    """Users at the full ramp."""

    behavior: Annotated[tuple[WrittenStep, ...], Field(min_length=1)]
    """The steps of one iteration, repeated."""

    on_start: tuple[WrittenStep, ...] = ()
    """Steps when a user begins."""

    on_stop: tuple[WrittenStep, ...] = ()
    """Steps when a user is told to stop."""

    data: dict[Name, WrittenDataSet] = Field(default={})
    """Data sets by their name in templates."""

    think_time: Wait | None = None
    """After every step that says nothing else."""

    pacing: BareDuration | None = None
    """Starts iterations at this cadence."""

    iterations: PositiveCount | None = None
    """A slot ends for good after so many."""

    stop_at: Literal["request", "iteration"] = "request"
    """What a user that is told to stop may finish."""

    cookies: Cookies | None = None
    """Whether cookies outlive the iteration."""

    connections: Connections | None = None
    """How long a user's connections live."""

    @model_validator(mode="before")
    @classmethod
    def _name_steps(cls, group: Any) -> Any:
        return name_steps_of(group) if isinstance(group, dict) else group
