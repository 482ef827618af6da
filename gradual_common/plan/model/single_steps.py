"""The steps that have no steps in them: actions, polls, waits, variables and pools. Times are ns once read."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import (
    Field,
    field_validator,
)

from gradual_common.language.model import (
    Model,
    Name,
    PositiveCount,
    PositiveDuration,
    Share,
    ShortForm,
)
from gradual_common.language.steps import POP_WAIT
from gradual_common.plan.model.step_values import Expression, FlowModel, OnFailure, Retry
from gradual_common.think_times.parsing import Wait
from gradual_common.units import read_duration


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
