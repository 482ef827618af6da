"""The steps of a behaviour: actions, and the flow around them. The key that a step has says what it is.

    {action: login}      {repeat: 5, steps: […]}      {if: expression, steps: […], else: […]}      …

A bare string is a step with that action. Times are integer nanoseconds once read. `language.steps` has the same kinds
for steps that are not validated yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, Union, get_args

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from gradual_common.language.document import texts_in
from gradual_common.language.model import Duration as Delay
from gradual_common.language.model import (
    Fragment,
    Model,
    Name,
    PositiveCount,
    PositiveDuration,
    Share,
    ShortForm,
    read_whole,
    scalar,
)
from gradual_common.language.steps import FLOW, POP_WAIT, RANGE, as_mapping, kind_of_step
from gradual_common.language.wording import kind_of, listed
from gradual_common.secrecy.quoting import quoted
from gradual_common.think_times.parsing import Wait
from gradual_common.units import read_duration

MAX_PASSES = 1_000_000
"""Of one loop. More is a mistake: the ramp says how long a user repeats its iteration."""

MAX_ATTEMPTS = 100

MAX_CONNECTIONS = 64
"""Of one user to one server in a `parallel` step; browsers open 6."""

OnFailure: TypeAlias = Literal["continue", "end_iteration", "end_user", "abort_run"]
"""What happens when a step has failed."""

EXPRESSION: Fragment = {"type": "string", "minLength": 1}


def _read_expression(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return value


Expression = Annotated[str, Field(min_length=1), BeforeValidator(_read_expression), scalar(EXPRESSION)]
"""A Jinja expression, with or without braces."""


def _read_passes(value: Any) -> Any:
    """A number of passes, a range as (low, high), or an expression."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{kind_of(value)} is no number of passes; {PASSES}")
    if isinstance(value, str) and (match := RANGE.fullmatch(value.strip())):
        low, high = int(match[1]), int(match[2])
        if low > high:
            raise ValueError(f"{quoted(value)}: the lower number comes first")
        return (_limited(low), _limited(high))
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    return _limited(value) if isinstance(value, int) else value


def _limited(passes: int) -> int:
    if not 0 <= passes <= MAX_PASSES:
        raise ValueError(f"{passes} is not from 0 to {MAX_PASSES:,}")
    return passes


PASSES = 'write 5, "2-5", or an expression such as "{{ user.orders }}"'

Passes = Annotated[
    int | tuple[int, int] | str,
    BeforeValidator(_read_passes),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0, "maximum": MAX_PASSES}, EXPRESSION]}),
]
"""How often steps are repeated: a number, a range as (low, high), or an expression."""


class FlowModel(Model):
    """A step of the flow. Its fields have the names of keys only: `condition` beside `while` is unknown."""

    model_config = ConfigDict(populate_by_name=False)


class Retry(Model):
    """When and how often a failed action is performed again, as a part of the same sample."""

    attempts: Annotated[int, Field(ge=2, le=MAX_ATTEMPTS), BeforeValidator(read_whole)]
    """How often the action is performed at most, the first time included."""

    delay: Delay = 0
    """The wait before the second attempt."""

    backoff: Annotated[float, Field(ge=1, le=100)] = 1.0
    """Each wait is this many times as long as the one before."""

    on: Annotated[tuple[Name, ...], Field(min_length=1)] = ("connect", "timeout", "5xx")
    """Which failures: names of failure kinds, and status codes such as 503 or "5xx"."""

    @model_validator(mode="before")
    @classmethod
    def _read_codes(cls, value: Any) -> Any:
        """Status codes may be written as numbers."""
        if not isinstance(value, dict) or not isinstance(value.get("on"), list):
            return value
        is_number = [isinstance(entry, int) and not isinstance(entry, bool) for entry in value["on"]]
        return {**value, "on": [str(e) if number else e for e, number in zip(value["on"], is_number, strict=True)]}


class Step(Model):
    """A step that performs an action. `name` is set once the plan is loaded (`login`, `login#2`)."""

    kind: ClassVar[str] = "action"

    action: Name
    """An entry of actions."""

    name: Name | None = None
    """The step's name in results; default: the action's name. Steps with the same name are one row."""

    think_time: Wait | None = None
    """The wait after the action."""

    condition: str | None = None
    """An expression; when it is false, the step is skipped."""

    success_rate: Share | None = None
    """An objective: the share of its samples that succeed."""

    retry: Retry | None = None
    """Performs a failed action again."""

    on_failure: OnFailure = "continue"
    """What happens after a failure."""


class Repeat(FlowModel):
    """Steps that are performed several times."""

    kind: ClassVar[str] = "repeat"

    repeat: Passes
    """How often: a number, a range such as "2-5", or an expression."""

    steps: Steps
    """What is repeated."""

    name: Name | None = None
    """Its name in errors; default: repeat."""


class While(FlowModel):
    """Steps that are performed as long as an expression holds."""

    kind: ClassVar[str] = "while"

    condition: Expression = Field(alias="while")
    """Evaluated before each pass."""

    max: Annotated[int, Field(ge=1, le=MAX_PASSES), BeforeValidator(read_whole)]
    """The most passes; required, so that no user loops for ever."""

    steps: Steps
    """What is repeated."""

    name: Name | None = None
    """Its name in errors; default: while."""


class If(FlowModel):
    """Steps that are performed if an expression holds."""

    kind: ClassVar[str] = "if"

    condition: Expression = Field(alias="if")
    """The expression."""

    steps: Steps
    """What is performed if it holds."""

    otherwise: tuple[AnyStep, ...] = Field(default=(), alias="else")
    """What is performed if it does not hold."""

    name: Name | None = None
    """Its name in errors; default: if."""


class Branch(Model):
    """One of the branches of a choice."""

    weight: Annotated[float, Field(ge=0, le=1e9)]
    """Its share of the passes, in relation to the other weights."""

    steps: tuple[AnyStep, ...]
    """What is performed; may be empty."""


class Choose(FlowModel):
    """One of several branches, by weight."""

    kind: ClassVar[str] = "choose"

    choose: Annotated[tuple[Branch, ...], Field(min_length=1)]
    """The branches."""

    by: Literal["random", "round"] = "random"
    """Drawn by chance, or dealt in turn; default: random."""

    @field_validator("choose")
    @classmethod
    def _check_weights(cls, branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
        if not any(branch.weight for branch in branches):
            raise ValueError("every weight is 0, so no branch is ever chosen; give one of them a weight above 0")
        return branches


class Transaction(FlowModel):
    """Steps that are timed as a whole, without the deliberate waits in them."""

    kind: ClassVar[str] = "transaction"

    transaction: Name
    """Its name in results."""

    steps: Steps
    """What belongs to it; it fails if one of them fails."""


class Parallel(FlowModel):
    """Steps that one user performs at the same time."""

    kind: ClassVar[str] = "parallel"

    parallel: Steps
    """The steps."""

    connections: Annotated[int, Field(ge=1, le=MAX_CONNECTIONS), BeforeValidator(read_whole)] = 6
    """How many of them at most at one time, each on a connection of its own; default: 6."""

    think_time: Wait | None = None
    """The wait after all of them."""


class Asked(Model):
    """What a poll asks again and again."""

    action: Name
    """An entry of actions."""


class Poll(FlowModel):
    """An action that is performed until a condition holds: a transaction of its own."""

    kind: ClassVar[str] = "poll"

    poll: Annotated[Asked, ShortForm("action")]
    """The action."""

    until: Expression
    """Evaluated after each response; the poll is over when it holds."""

    every: PositiveDuration
    """The wait after a response, before the next request."""

    within: PositiveDuration
    """The poll fails if the condition does not hold by then."""

    name: Name | None = None
    """The name of step and transaction in results; default: the action's name."""

    think_time: Wait | None = None
    """The wait after the poll."""

    success_rate: Share | None = None
    """An objective: the share of its requests that succeed."""

    on_failure: OnFailure = "continue"
    """What happens after a poll that failed."""

    @property
    def action(self) -> str:
        """The name of the action."""
        return self.poll.action


class Rendezvous(FlowModel):
    """A place where users wait for each other, over the whole fleet."""

    kind: ClassVar[str] = "rendezvous"

    rendezvous: Name
    """The name of the place."""

    users: PositiveCount
    """How many users go on together."""

    timeout: PositiveDuration
    """The longest wait."""


class Sleep(FlowModel):
    """A deliberate wait."""

    kind: ClassVar[str] = "sleep"

    sleep: Wait
    """How long; written as a think time."""


class SetVariables(FlowModel):
    """Variables that are computed."""

    kind: ClassVar[str] = "set"

    variables: Annotated[dict[Name, Any], Field(min_length=1)] = Field(alias="set")
    """Values by name; each may hold templates, which see the ones before it."""

    name: Name | None = None
    """Its name in errors; default: set."""


class Push(FlowModel):
    """Values that are put into pools, for any user of the same agent."""

    kind: ClassVar[str] = "push"

    push: Annotated[dict[Name, Any], Field(min_length=1)]
    """Values by the name of the pool; each may hold templates."""

    name: Name | None = None
    """Its name in errors; default: push."""


class Pop(FlowModel):
    """A value that is taken out of a pool."""

    kind: ClassVar[str] = "pop"

    pop: dict[Name, Name]
    """The variable and its pool, and `wait`: how long to wait for a value; default: 0s."""

    name: Name | None = None
    """Its name in results; default: pop."""

    @field_validator("pop")
    @classmethod
    def _check(cls, pop: dict[str, str]) -> dict[str, str]:
        if len([name for name in pop if name != POP_WAIT]) != 1:
            raise ValueError("pop has one variable and its pool, such as {order: orders, wait: 5s}")
        read_duration(pop.get(POP_WAIT, "0s"))
        return pop

    @property
    def variable(self) -> str:
        """What is set."""
        return next(name for name in self.pop if name != POP_WAIT)

    @property
    def pool(self) -> str:
        """The pool's name."""
        return self.pop[self.variable]

    @property
    def wait(self) -> int:
        """How long to wait for a value, ns."""
        return read_duration(self.pop.get(POP_WAIT, "0s"))


FlowStep: TypeAlias = (
    Repeat | While | If | Choose | Transaction | Parallel | Poll | Rendezvous | Sleep | SetVariables | Push | Pop
)
"""A step that is no plain action."""

SomeStep: TypeAlias = Step | FlowStep

STEP_MODELS: dict[str, type[SomeStep]] = {model.kind: model for model in (Step, *get_args(FlowStep))}
"""By the key that says what a step is."""

ONE_KIND = f"a step is the name of an action or has exactly one of these keys: action, {listed(FLOW)}"


def _tag_of(value: Any) -> str | None:
    return value.kind if isinstance(value, get_args(SomeStep)) else kind_of_step(value) or _likely_kind(value)


def _likely_kind(value: Any) -> str | None:
    """`action` for a mapping without any key that says what it is: then the message is that `action` is missing."""
    step = as_mapping(value)
    return "action" if step and not any(key in step for key in ("action", *FLOW)) else None


AnyStep = Annotated[
    Union[  # noqa: UP007 - one kind of step per line
        Annotated[Step, ShortForm("action"), Tag("action")],
        Annotated[Repeat, Tag("repeat")],
        Annotated[While, Tag("while")],
        Annotated[If, Tag("if")],
        Annotated[Choose, Tag("choose")],
        Annotated[Transaction, Tag("transaction")],
        Annotated[Parallel, Tag("parallel")],
        Annotated[Poll, Tag("poll")],
        Annotated[Rendezvous, Tag("rendezvous")],
        Annotated[Sleep, Tag("sleep")],
        Annotated[SetVariables, Tag("set")],
        Annotated[Push, Tag("push")],
        Annotated[Pop, Tag("pop")],
    ],
    Discriminator(_tag_of, custom_error_type="step_kind", custom_error_message=ONE_KIND),
]
"""A step as written."""

Steps = Annotated[tuple[AnyStep, ...], Field(min_length=1)]
"""Steps in order; at least one."""

Branch.model_rebuild()
for _model in STEP_MODELS.values():
    _model.model_rebuild()


def inner_steps(step: SomeStep) -> tuple[SomeStep, ...]:
    """The steps right below a step, in the order of `language.steps.walk`."""
    match step:
        case Repeat() | While() | Transaction():
            return step.steps
        case If():
            return (*step.steps, *step.otherwise)
        case Parallel():
            return step.parallel
        case Choose():
            return tuple(inner for branch in step.choose for inner in branch.steps)
    return ()


def walk_steps(steps: Iterable[SomeStep]) -> Iterator[SomeStep]:
    """Every step and every step below, each before what is below it."""
    for step in steps:
        yield step
        yield from walk_steps(inner_steps(step))


def changed_steps(steps: Iterable[SomeStep], change: Callable[[SomeStep], SomeStep]) -> tuple[SomeStep, ...]:
    """Copies of the steps and of every step below, each after `change`."""
    return tuple(_with_changed_inner(change(step), change) for step in steps)


def _with_changed_inner(step: SomeStep, change: Callable[[SomeStep], SomeStep]) -> SomeStep:
    updates: dict[str, Any] = {}
    match step:
        case Repeat() | While() | Transaction():
            updates = {"steps": changed_steps(step.steps, change)}
        case If():
            updates = {key: changed_steps(getattr(step, key), change) for key in ("steps", "otherwise")}
        case Parallel():
            updates = {"parallel": changed_steps(step.parallel, change)}
        case Choose():
            branches = [b.model_copy(update={"steps": changed_steps(b.steps, change)}) for b in step.choose]
            updates = {"choose": tuple(branches)}
    return step.model_copy(update=updates) if updates else step


def expressions_of(step: SomeStep) -> Iterator[str]:
    """The expressions of a step."""
    match step:
        case Step(condition=str(text)) | While(condition=text) | If(condition=text) | Poll(until=text):
            yield text
        case Repeat(repeat=str(text)):
            yield text


def templates_of(step: SomeStep) -> Iterator[str]:
    """The texts of a step that may be templates."""
    if isinstance(step, SetVariables):
        yield from (text for _, text in texts_in(step.variables))
    elif isinstance(step, Push):
        yield from (text for _, text in texts_in(step.push))
