"""A group's behaviour, as `compiling` makes it from the plan and its users perform it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from gradual_agent.kinds.kind import Action, Engine
from gradual_agent.recording.group_meter import GroupMeter
from gradual_agent.recording.step_record import StepRecord
from gradual_common.plan.model.plan import Connections, Cookies
from gradual_common.plan.model.step_values import OnFailure
from gradual_common.templates.templates import Condition
from gradual_common.think_times.think_time import WaitAt

CONTINUE, END_ITERATION, END_USER, ABORT_RUN = range(4)
"""What happens after a failed step; a higher number ends more."""

ROWS_USED_UP = 4
"""What ends when no row is left for an iteration: the slot, for good."""

TOLERATED = -1
"""After a failed request of a poll: the poll goes on, also in `on_start`."""

ON_FAILURE: dict[OnFailure, int] = {
    "continue": CONTINUE,
    "end_iteration": END_ITERATION,
    "end_user": END_USER,
    "abort_run": ABORT_RUN,
}


class BehaviourPart(Protocol):
    """A part of a behaviour (`flow.node`)."""

    def run(self, user: Any) -> Awaitable[bool]:
        """Perform it; whether the next part may follow."""

    def bind(self, user: Any) -> tuple[Callable[[Any], Awaitable[bool]], Any]:
        """A function and its argument that perform it, for a user that does so many times."""
        ...


class Actions(Protocol):
    """The actions of a plan by name, and their engines (`kinds.engines`)."""

    def engine_of(self, action: str) -> Engine:
        """The engine that performs an action."""
        ...

    def texts_of(self, action: str) -> list[str]:
        """Every text of an action that may be a template."""
        ...

    def compile(self, action: str, wants_headers: bool, wants_body: bool) -> Action:
        """Compile an action; templates read the headers or the body of its response, or not."""
        ...


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """One step: what it does, when, how long its user thinks after it, and where it is recorded."""

    name: str
    action: Action
    engine: Engine
    condition: Condition | None
    fixed_wait: int | None
    """The think time after it if that is constant, ns; the user then needs no random stream."""
    wait_at: WaitAt | None
    """The think time as a function of a random number; None without a think time."""
    record: StepRecord
    on_failure: int = CONTINUE


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the users of one group do. Times in ns."""

    number: int
    group: str
    """The group's name."""
    on_start: BehaviourPart | None
    body: BehaviourPart
    """One iteration."""
    on_stop: BehaviourPart | None
    some_record: StepRecord
    """Of one of its steps: under it a bug is recorded that happens outside of all steps."""
    pacing: int
    """The minimum from the start of an iteration to the start of the next; 0 without pacing."""
    iterations: int
    """After this many iterations a user has ended for good; 0 without a limit."""
    finishes_iteration: bool
    """A user that is asked to stop finishes its iteration."""
    cookies: Cookies
    connections: Connections
    keeps_response: bool
    """Some template reads `response` or `responses`."""
    starts_with: frozenset[str]
    """The variables that `on_start` may set; they are kept over iterations."""
    sets: frozenset[str]
    """The variables that an iteration may set; the next one must not see them."""
    ends_iterations: bool
    """A user's client drops connections or cookies after each iteration."""
    mixes_kinds: bool
    """Its users perform actions of several kinds, and have one client per kind."""
    meter: GroupMeter

    @property
    def variables(self) -> frozenset[str]:
        """Every variable that its steps may set."""
        return self.starts_with | self.sets
