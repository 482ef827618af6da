"""The plan as frozen objects: the shape of PLAN.md, validated by pydantic.

The same model reads the YAML document at the master and the resolved document at the agent. Times are integer
nanoseconds once read. What needs more than one field, or the data, is checked in `checks`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from gradual_common.units import read_bare_duration, read_duration, read_share

DURATION_PATTERN = r"^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$"

Duration = Annotated[
    int, BeforeValidator(read_duration), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
"""Nanoseconds; written with a unit: `500ms`, `2s`, `1m30s`, `1h`."""

BareDuration = Annotated[
    int,
    BeforeValidator(read_bare_duration),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}]}),
]
"""Nanoseconds; a bare number is seconds."""

Share = Annotated[
    float,
    BeforeValidator(read_share),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^\d+(\.\d+)?%$"}]}),
]
"""A share in (0, 1]; written `0.95` or `"95%"`."""


class Model(BaseModel):
    """Frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


# ── Ramps ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class AdditiveRamp(Model):
    """`min(max, initial + increment·k)`, k = ⌊t/interval⌋."""

    strategy: Literal["additive"]
    initial: Annotated[int, Field(ge=0)] | None = None
    increment: Annotated[int, Field(gt=0)]
    interval: BareDuration
    max_concurrency: Annotated[int, Field(gt=0)] | None = None


class MultiplicativeRamp(Model):
    """`min(max, round_half_up(initial·multiplier^k))`, k = ⌊t/interval⌋."""

    strategy: Literal["multiplicative"]
    initial: Annotated[int, Field(gt=0)] | None = None
    multiplier: Annotated[float, Field(gt=1)]
    interval: BareDuration
    max_concurrency: Annotated[int, Field(gt=0)] | None = None


class LinearRamp(Model):
    """`initial + round_half_up((max − initial)·min(1, t/over))`, changing at most once a second."""

    strategy: Literal["linear"]
    initial: Annotated[int, Field(ge=0)] | None = None
    over: BareDuration | None = None
    max_concurrency: Annotated[int, Field(ge=0)] | None = None


class RampLevel(Model):
    """A stretch of constant concurrency; the last one holds to the end, with or without `for`."""

    concurrency: Annotated[int, Field(ge=0)]
    for_: BareDuration | None = Field(default=None, alias="for")


class LevelsRamp(Model):
    """Given levels, up or down."""

    strategy: Literal["levels"]
    levels: Annotated[tuple[RampLevel, ...], Field(min_length=1)]


class ShorthandRamp(Model):
    """`"additive"` or `"multiplicative"` alone: ten equal steps, or doublings over half the phase."""

    strategy: Literal["additive", "multiplicative"]


Ramp = AdditiveRamp | MultiplicativeRamp | LinearRamp | LevelsRamp | ShorthandRamp

# ── Behaviour ──────────────────────────────────────────────────────────────────────────────────────────────────────


class ThinkTime(Model):
    """A wait after an action; times in ns. `uniform` uses low and high; the others mean, stddev and max (a cap)."""

    distribution: Literal["constant", "uniform", "exponential", "normal", "lognormal"]
    low: int = 0
    high: int = 0
    mean: int = 0
    stddev: int = 0
    max: int | None = None


class Step(Model):
    """An entry of a behaviour. `name` is unique within its group once the plan is loaded (`login`, `login#2`)."""

    action: str
    name: str | None = None
    think_time: ThinkTime | None = None
    condition: str | None = None
    success_rate: Share | None = None



class DataSet(Model):
    """A data set; `pick: unique` ties a row to a slot over the whole fleet."""

    file: str
    pick: Literal["unique", "sequential", "random"] = "unique"
    per: Literal["user"] = "user"
    on_exhausted: Literal["stop", "recycle", "abort"] = "stop"
    delimiter: str | None = None
    encoding: str = "utf-8"


class UserGroup(Model):
    """An entry of `users:`."""

    name: str
    concurrency: Annotated[int, Field(gt=0)]
    behavior: Annotated[tuple[Step, ...], Field(min_length=1)]
    on_start: tuple[Step, ...] = ()
    on_stop: tuple[Step, ...] = ()
    data: dict[str, DataSet] = {}
    think_time: ThinkTime | None = None
    pacing: BareDuration | None = None
    iterations: Annotated[int, Field(gt=0)] | None = None
    stop_at: Literal["request", "iteration"] = "request"
    ramp_up: Any = None
    ramp_config: Any = None
    ramp: Ramp | None = None
    cookies: Literal["per_user", "per_iteration"] | None = None
    connections: Literal["keep_alive", "per_iteration", "close"] | None = None


# ── Actions ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Tls(Model):
    """TLS of a connection. `ca`, `cert`, `key` are paths that the master reads once (the job's `assets`)."""

    verify: bool = True
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None


class Assertion(Model):
    """One assertion, normalised.

    ============== =============== ======================== ==========================================
    check          subject         op                       expected
    ============== =============== ======================== ==========================================
    status_code                    in                       tuple of inclusive (low, high) pairs
    response_time                  < <= > >= ==             nanoseconds
    header         header name     exists == != contains …  text, may be a template
    body_contains                  contains                 text, may be a template
    body_matches                   matches                  regular expression
    json           JMESPath        exists == != < <= > >= … any JSON value; a text may be a template
    body_size                      < <= > >= == !=          bytes
    ============== =============== ======================== ==========================================

    `contains`, `matches` and `in` are allowed for header and json too.
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

    method: str = "GET"
    url: str
    query: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    body: Any = None
    form: dict[str, Any] | None = None
    timeout: Duration | None = None
    connect_timeout: Duration | None = None
    follow_redirects: Annotated[int, Field(ge=0)] | None = None
    tls: Tls | None = None
    assertions: tuple[Assertion, ...] = ()
    extract: dict[str, Extraction] = {}
    max_body: int | None = None


# ── Run ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Phase(Model):
    """A stretch of the run with its own duration and ramp."""

    name: str
    duration: BareDuration
    ramp_up: Any = None
    ramp_config: Any = None
    ramp: Ramp | None = None
    pause_before: BareDuration | None = None
    warm_up: bool = False
    users: dict[str, Annotated[int, Field(ge=0)]] = {}


class Config(Model):
    """`config:`. `ramp` holds the ramp once the plan is loaded, whichever way it was written."""

    name: str = "unnamed"
    base_url: str | None = None
    duration: BareDuration | None = None
    phases: tuple[Phase, ...] = ()
    ramp_up: Any = None
    ramp_config: Any = None
    ramp: Ramp | None = None
    graceful_stop: Duration = 30_000_000_000
    seed: int | None = None
    think_time: ThinkTime | None = None
    headers: dict[str, Any] = {}
    timeout: Duration = 30_000_000_000
    connect_timeout: Duration = 10_000_000_000
    follow_redirects: Annotated[int, Field(ge=0)] = 10
    tls: Tls = Tls()
    cookies: Literal["per_user", "per_iteration"] = "per_user"
    connections: Literal["keep_alive", "per_iteration", "close"] = "keep_alive"


class Threshold(Model):
    """An objective as written; parsed by the master's objectives."""

    rule: str
    name: str | None = None
    severity: Literal["fail", "warn"] = "fail"


class Plan(Model):
    """A whole plan. Groups keep their order in the file: it is the order of slots."""

    config: Config
    users: Annotated[tuple[UserGroup, ...], Field(min_length=1)]
    actions: dict[str, ActionSpec] = {}
    data: dict[str, DataSet] = {}
    thresholds: tuple[Threshold, ...] = ()
    secrets: dict[str, Any] = {}
