"""The plan as frozen objects: the shape of docs/design/plan_language.md, validated by pydantic.

The same model reads the YAML document at the master and the resolved document at the agent, and gives equal plans.
Times are integer nanoseconds once read. What needs more than one field, or the data, is checked in `checks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gradual_common.kinds.http.settings import HttpService, inherit
from gradual_common.kinds.kind import ActionSpec
from gradual_common.kinds.registry import ByKind
from gradual_common.language.document import Section
from gradual_common.language.model import (
    BareDuration,
    Count,
    Duration,
    Flag,
    Fragment,
    Model,
    Name,
    PositiveCount,
    Seed,
    ShortForm,
)
from gradual_common.language.step_names import name_once_of, name_steps_of
from gradual_common.plan.model.baselines import BaselineName
from gradual_common.plan.model.steps import AnyStep, SomeStep, Steps, walk_steps
from gradual_common.plan.model.watches import WatchedMetric
from gradual_common.schedule.ramps.find_capacity import FindCapacityRamp
from gradual_common.schedule.ramps.parsing import RampMistakeError, WrittenRamp, read_ramp
from gradual_common.think_times.parsing import Wait

Cookies: TypeAlias = Literal["per_user", "per_iteration"]
"""Whether a user's cookies outlive its iteration."""

Connections: TypeAlias = Literal["keep_alive", "per_iteration", "close"]
"""How long a user's connections live."""


def _same_as_ramp(schema: Fragment) -> None:
    """`ramp_up` looks as `ramp` does; `ramp_config` may leave the strategy to it, so it may be incomplete."""
    keys = schema["properties"]
    keys["ramp_up"] |= keys["ramp"]
    keys["ramp_config"] |= {"type": ["object", "string"]}


class Ramped(Model):
    """`ramp` holds the ramp, whichever way it was written; the other two are as written."""

    model_config = ConfigDict(json_schema_extra=_same_as_ramp)

    ramp_up: Any = None
    """How the number of users rises: the name of a strategy, or a mapping with its settings."""

    ramp_config: Any = None
    """The ramp as a mapping; its strategy must agree with ramp_up."""

    ramp: WrittenRamp | None = Field(default=None, validate_default=True)
    """Another name for ramp_up."""

    @field_validator("ramp", mode="before")
    @classmethod
    def _read_ramp(cls, value: Any, info: ValidationInfo) -> Any:
        """The ramp of all three keys."""
        # `ramp` is the last of the three fields, so the others are in `info.data` by now. A validator after the
        # whole model would not run where any other key is wrong, and one before it that raises keeps pydantic from
        # looking at the other keys: either way one mistake would hide another.
        try:
            return read_ramp({**info.data, "ramp": value})[0]
        except RampMistakeError as mistake:
            context = {"message": str(mistake), "key": mistake.key}
            raise PydanticCustomError("ramp", "{message}", context) from mistake


class Phase(Ramped):
    """A part of the run with its own duration and ramp."""

    name: Name
    """Its name in results."""

    duration: BareDuration
    """Its length; a bare number is seconds."""

    pause_before: BareDuration | None = None
    """A time without users before the phase."""

    warm_up: Flag = False
    """Keeps the phase out of totals and objectives."""

    users: dict[Name, Count] = Field(default={})
    """Users by group in this phase; default: the concurrency of each group."""


class Config(Ramped, HttpService):
    """The run: base URL, duration, ramp, defaults. In a loaded plan `ramp` holds the ramp of all three keys."""

    name: Name = "unnamed"
    """What the results call the run."""

    duration: BareDuration | None = None
    """From the first user to the last; a bare number is seconds."""

    phases: tuple[Phase, ...] = Field(default=(), json_schema_extra={"minItems": 1})
    """Parts of the run, each with a duration and a ramp of its own."""

    graceful_stop: Duration = 30_000_000_000
    """How long a request in flight may take at the end; default: 30s."""

    seed: Seed | None = None
    """The seed of all random numbers; default: a new one for each run."""

    think_time: Wait | None = None
    """The wait after each step that has no think_time of its own."""

    cookies: Cookies = "per_user"
    """Whether cookies are kept for the next iteration."""

    connections: Connections = "keep_alive"
    """How long a user's connections live."""

    baseline: BaselineName | None = None
    """The baseline of the store that each run is compared with."""


class DataSet(Model):
    """A data set; `pick: unique` ties a row to a slot over the whole fleet."""

    file: Annotated[str, Field(min_length=1)]
    """CSV, JSON or JSON Lines; relative to the plan. With *, ? or [ ] all files that match, sorted by name."""

    pick: Literal["unique", "sequential", "random"] = "unique"
    """Which row a slot gets; default: unique."""

    per: Literal["user", "iteration"] = "user"
    """What a row belongs to: a user, or one iteration, which uses it up; default: user."""

    on_exhausted: Literal["stop", "recycle", "abort"] = "stop"
    """When the rows are used up: the slot ends for good, they are used again, or the run ends; default: stop."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """The delimiter of a CSV file; default: a comma."""

    encoding: str = "utf-8"
    """The encoding of the file; default: utf-8."""

    @model_validator(mode="after")
    def _check_pick(self) -> DataSet:
        if self.per == "iteration" and self.pick != "unique":
            raise ValueError("with per: iteration, rows are used in the order of the file; leave pick out")
        return self


WrittenDataSet = Annotated[DataSet, ShortForm("file")]


class UserGroup(Ramped):
    """An entry of `users:`."""

    name: Name
    """Its name in results."""

    concurrency: Count
    """Users of the group when the ramp is at its maximum."""

    behavior: Steps
    """The steps of one iteration."""

    on_start: tuple[AnyStep, ...] = ()
    """Steps that run once when a user starts."""

    on_stop: tuple[AnyStep, ...] = ()
    """Steps that run once when a user is asked to stop."""

    data: dict[Name, WrittenDataSet] = Field(default={})
    """Data sets by their name in templates."""

    think_time: Wait | None = None
    """The wait after each step that has no think_time of its own."""

    pacing: BareDuration | None = None
    """The time between the starts of two iterations."""

    iterations: PositiveCount | None = None
    """After this many iterations the slot ends for good."""

    stop_at: Literal["request", "iteration"] = "request"
    """What a user that is asked to stop finishes: its request or its iteration."""

    cookies: Cookies | None = None
    """Whether cookies are kept for the next iteration."""

    connections: Connections | None = None
    """How long a user's connections live."""

    @model_validator(mode="before")
    @classmethod
    def _name_steps(cls, group: Any) -> Any:
        return name_steps_of(group) if isinstance(group, dict) else group

    def sections(self) -> Iterator[tuple[Section, tuple[SomeStep, ...]]]:
        """Its lists of steps by their names."""
        yield "on_start", self.on_start
        yield "behavior", self.behavior
        yield "on_stop", self.on_stop

    def all_steps(self) -> Iterator[SomeStep]:
        """Every step of every section, in order, each before what is below it."""
        for _, steps in self.sections():
            yield from walk_steps(steps)


class Threshold(Model):
    """An objective."""

    rule: str
    """A statistic, a scope, an operator and a limit, such as "p95(login) < 500ms"."""

    name: Name | None = None
    """Its name in results."""

    severity: Literal["fail", "warn"] = "fail"
    """Whether a violation fails the run or only warns."""

    abort: Flag = False
    """Ends the run early when the run so far violates the rule, at the end of any interval."""

    after: Duration | None = None
    """With abort: how long the measured run lasts before the rule can end it; default: 0s."""


WrittenThreshold = Annotated[Threshold, ShortForm("rule")]


class SecretSource(Model):
    """Where the master reads a secret: from an environment variable or a file."""

    env: Name | None = None
    """The name of the environment variable."""

    file: Name | None = None
    """The path of the file."""

    @model_validator(mode="after")
    def _check_one(self) -> SecretSource:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret is {env: NAME} or {file: path}")
        return self


Profile = Annotated[dict[Name, Any], WithJsonSchema({"type": "object"})]
"""Any part of a plan. It is in the plan as it is written; when a plan is loaded, the chosen one is merged into it."""


class Plan(Model):
    """A whole plan."""

    config: Config
    """What the run is."""

    users: Annotated[tuple[UserGroup, ...], Field(min_length=1)]
    """The user groups; their order is that of the slots."""

    actions: dict[Name, Annotated[ActionSpec, ByKind()]] = Field(default={})
    """What is sent and asserted, by name."""

    include: tuple[Name, ...] = ()
    """Files with actions, services and data for this plan; relative to it."""

    profiles: dict[Name, Profile] = Field(default={})
    """Changes of the plan by name; --profile NAME merges one of them into it."""

    services: dict[Name, HttpService] = Field(default={})
    """The systems that actions go to, by name, where they are several."""

    setup: Steps = ()
    """Steps that run once per run, on one agent, before the load; all users read what they extract."""

    teardown: Steps = ()
    """Steps that run once per run, on one agent, after the load; a failure fails the run."""

    data: dict[Name, WrittenDataSet] = Field(default={})
    """Data sets for all groups, by the name in templates."""

    thresholds: tuple[WrittenThreshold, ...] = ()
    """Objectives, such as "p95(login) < 500ms"."""

    watch: dict[Name, WatchedMetric] = Field(default={})
    """Metrics of the system itself, by name: the master reads them while the load runs."""

    secrets: dict[Name, SecretSource] = Field(default={})
    """Secrets by name: read by the master, masked in everything that is written."""

    reporters: dict[Name, Annotated[str, Field(min_length=1)]] = Field(default={})
    """Reporters of your own by name, each file.py:Class or package.module:Class; -o NAME chooses one."""

    @model_validator(mode="before")
    @classmethod
    def _name_once(cls, plan: Any) -> Any:
        return name_once_of(plan) if isinstance(plan, dict) else plan

    @property
    def search(self) -> FindCapacityRamp | None:
        """The ramp that chooses its levels during the run: that of the config, or of the last phase."""
        ramp = (self.config.phases or (self.config,))[-1].ramp
        return ramp if isinstance(ramp, FindCapacityRamp) else None

    def config_of(self, action: ActionSpec) -> Config:
        """`config` for one action: with the settings of its service."""
        return inherit(self.config, self.services.get(action.service_name or ""))
