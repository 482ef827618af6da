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
    Discriminator,
    Field,
    Tag,
    field_validator,
)

from gradual_common.language.document import texts_in
from gradual_common.language.model import (
    Model,
    Name,
    ShortForm,
    read_whole,
)
from gradual_common.language.steps import FLOW, as_mapping, kind_of_step
from gradual_common.language.wording import listed
from gradual_common.plan.model.single_steps import Poll, Pop, Push, Rendezvous, SetVariables, Sleep, Step
from gradual_common.plan.model.step_values import MAX_CONNECTIONS, MAX_PASSES, Expression, FlowModel, Passes
from gradual_common.think_times.parsing import Wait


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
