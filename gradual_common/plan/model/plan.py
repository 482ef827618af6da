"""The plan as frozen objects: the shape of PLAN.md, validated by pydantic.

The same model reads the YAML document at the master and the resolved document at the agent, and gives equal plans.
Times are integer nanoseconds once read. What needs more than one field, or the data, is checked in `checks`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from gradual_common.kinds.http.assertions import read_assertion, read_extraction, spread_assertions
from gradual_common.plan.model.short_forms import (
    check_header_value,
    fold_ramp,
    name_steps,
    raise_mistake,
    ramp_kind,
    read_method,
    read_name,
    read_think_time,
    read_whole,
    short_form,
)
from gradual_common.units import read_bare_duration, read_duration, read_positive_duration, read_share

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

HeaderValue = Annotated[Any, AfterValidator(check_header_value)]
"""A text, which may be a template, or a number or boolean."""


class Model(BaseModel):
    """Frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


# ── Ramps ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class AdditiveRamp(Model):
    """`min(max, initial + increment·k)`, k = ⌊t/interval⌋."""

    strategy: Literal["additive"]
    initial: Count | None = None
    increment: PositiveCount
    interval: BareDuration
    max_concurrency: PositiveCount | None = None


class MultiplicativeRamp(Model):
    """`min(max, round_half_up(initial·multiplier^k))`, k = ⌊t/interval⌋."""

    strategy: Literal["multiplicative"]
    initial: PositiveCount | None = None
    multiplier: Annotated[float, Field(gt=1), BeforeValidator(read_whole)]
    interval: BareDuration
    max_concurrency: PositiveCount | None = None


class LinearRamp(Model):
    """`initial + round_half_up((max − initial)·min(1, t/over))`, changing at most once a second."""

    strategy: Literal["linear"]
    initial: Count | None = None
    over: BareDuration | None = None
    max_concurrency: Count | None = None


class RampLevel(Model):
    """A stretch of constant concurrency; the last one holds to the end, with or without `for`."""

    concurrency: Count
    for_: BareDuration | None = Field(default=None, alias="for")


class LevelsRamp(Model):
    """Given levels, up or down."""

    strategy: Literal["levels"]
    levels: Annotated[tuple[RampLevel, ...], Field(min_length=1)]

    @field_validator("levels")
    @classmethod
    def _check_lengths(cls, levels: tuple[RampLevel, ...]) -> tuple[RampLevel, ...]:
        for number, level in enumerate(levels[:-1], start=1):
            if level.for_ is None:
                raise ValueError(f"level {number} of {len(levels)} needs `for`: only the last may hold to the end")
        return levels


class ShorthandRamp(Model):
    """`"additive"` or `"multiplicative"` alone: ten equal steps, or doublings over half the phase."""

    strategy: Literal["additive", "multiplicative"]

    @model_validator(mode="before")
    @classmethod
    def _read_name(cls, value: Any) -> Any:
        return short_form("strategy")(value)


Ramp: TypeAlias = AdditiveRamp | MultiplicativeRamp | LinearRamp | LevelsRamp | ShorthandRamp

WrittenRamp = Annotated[
    Annotated[AdditiveRamp, Tag("additive")]
    | Annotated[MultiplicativeRamp, Tag("multiplicative")]
    | Annotated[LinearRamp, Tag("linear")]
    | Annotated[LevelsRamp, Tag("levels")]
    | Annotated[ShorthandRamp, Tag("shorthand")],
    Discriminator(ramp_kind),
    BeforeValidator(raise_mistake),
]
"""A ramp, read by the model of its strategy alone, so that a mistake is told once."""


class Ramped(Model):
    """What may carry a ramp. `ramp` holds it, whichever way it was written; the other two are as written."""

    ramp_up: Any = None
    ramp_config: Any = None
    ramp: WrittenRamp | None = None

    @model_validator(mode="before")
    @classmethod
    def _fold_ramp(cls, value: Any) -> Any:
        return fold_ramp(value)


# ── Behaviour ──────────────────────────────────────────────────────────────────────────────────────────────────────


class ThinkTime(Model):
    """A wait; times in ns. `constant` uses mean, `uniform` low and high; the others mean, stddev and max (a cap)."""

    distribution: Literal["constant", "uniform", "exponential", "normal", "lognormal"]
    low: int = 0
    high: int = 0
    mean: int = 0
    stddev: int = 0
    max: int | None = None


Wait = Annotated[ThinkTime, BeforeValidator(read_think_time)]
"""A think time as people write it: `"3s"`, `"2-5s"`, or a distribution."""


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
    data: dict[Name, WrittenDataSet] = {}
    think_time: Wait | None = None
    pacing: BareDuration | None = None
    iterations: PositiveCount | None = None
    stop_at: Literal["request", "iteration"] = "request"
    cookies: Literal["per_user", "per_iteration"] | None = None
    connections: Literal["keep_alive", "per_iteration", "close"] | None = None

    @model_validator(mode="after")
    def _name_steps(self) -> UserGroup:
        sections = (self.on_start, self.behavior, self.on_stop)
        names = iter(name_steps([step.name or step.action for section in sections for step in section]))
        # Still being built, so not yet frozen for anybody.
        for key, section in zip(("on_start", "behavior", "on_stop"), sections, strict=True):
            self.__dict__[key] = tuple(step.model_copy(update={"name": next(names)}) for step in section)
        return self


# ── Actions ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Tls(Model):
    """TLS of a connection. `ca`, `cert`, `key` are paths that the master reads once (the job's `assets`).

    `passphrase` opens the key; the master does that, so that agents get the key without one.
    """

    verify: bool = True
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    passphrase: str | None = None
    server_name: str | None = None

    @model_validator(mode="after")
    def _check_pair(self) -> Tls:
        if self.key is not None and self.cert is None:
            raise ValueError("key needs a cert beside it")
        return self


class Assertion(Model):
    """One assertion, normalised.

    ============== =============== ======================== ==========================================
    check          subject         op                       expected
    ============== =============== ======================== ==========================================
    status_code                    in                       tuple of inclusive (low, high) pairs
    response_time                  < <= > >= == !=          nanoseconds
    header         header name     exists == != contains …  text, may be a template
    body_contains                  contains                 text, may be a template
    body_matches                   matches                  regular expression
    json           JMESPath        exists == != < <= > >= … any JSON value; a text may be a template
    body_size                      < <= > >= == !=          bytes
    ============== =============== ======================== ==========================================

    `contains`, `matches` and `in` are allowed for header and json too; `in` expects a list.
    """

    check: Literal["status_code", "response_time", "header", "body_contains", "body_matches", "json", "body_size"]
    subject: str = ""
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "contains", "matches", "exists"]
    expected: Any = None
    text: str = ""
    """As written, for messages."""


class Extraction(Model):
    """`name: "json: data.token"`, or {from, default}."""

    source: Literal["json", "regex", "header", "cookie"]
    expression: str
    default: Any = None
    has_default: bool = False


class ActionSpec(Model):
    """An entry of `actions:`: one HTTP request and what is asserted of its response."""

    method: Annotated[str, BeforeValidator(read_method)] = "GET"
    url: Annotated[str, Field(min_length=1)]
    query: dict[str, Any] = {}
    headers: dict[str, HeaderValue] = {}
    body: Any = None
    form: dict[str, Any] | None = None
    timeout: PositiveDuration | None = None
    connect_timeout: PositiveDuration | None = None
    follow_redirects: Count | None = None
    tls: Tls | None = None
    assertions: Annotated[
        tuple[Annotated[Assertion, BeforeValidator(read_assertion)], ...], BeforeValidator(spread_assertions)
    ] = ()
    extract: dict[Name, Annotated[Extraction, BeforeValidator(read_extraction)]] = {}
    max_body: PositiveCount | None = None


# ── Run ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Phase(Ramped):
    """A stretch of the run with its own duration and ramp."""

    name: Name
    duration: BareDuration
    pause_before: BareDuration | None = None
    warm_up: bool = False
    users: dict[Name, Count] = {}


class Config(Ramped):
    """`config:`. `ramp` holds the ramp once the plan is loaded, whichever way it was written."""

    name: Name = "unnamed"
    base_url: str | None = None
    duration: BareDuration | None = None
    phases: tuple[Phase, ...] = ()
    graceful_stop: Duration = 30_000_000_000
    seed: Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(read_whole)] | None = None
    think_time: Wait | None = None
    headers: dict[str, HeaderValue] = {}
    timeout: PositiveDuration = 30_000_000_000
    connect_timeout: PositiveDuration = 10_000_000_000
    follow_redirects: Count = 10
    tls: Tls = Tls()
    cookies: Literal["per_user", "per_iteration"] = "per_user"
    connections: Literal["keep_alive", "per_iteration", "close"] = "keep_alive"


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
    actions: dict[Name, ActionSpec] = {}
    data: dict[Name, WrittenDataSet] = {}
    thresholds: tuple[WrittenThreshold, ...] = ()
    secrets: dict[Name, SecretSource] = {}
    reporters: dict[Name, Annotated[str, Field(min_length=1)]] = {}
