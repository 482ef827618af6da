"""The life of a run as a table: states × events (STYLE, after h11).

    waiting ──gathered──▶ provisioning ──provisioned──▶ readying ──confirmed──▶ running ──ended──▶ draining ─┐
       │                       │                           │                      │ stopped           │      │collected
       └────────stopped────────┴───────────────────────────┘                      ▼                   │      ▼
                   │                                                           stopping ◀──stopped────┘   finished
                   ▼                                                              │ stopped                  ▲
                finished                                                          ▼                          │
                                                                               cutting ──collected, stopped──┘

From every state but `finished`, `failed` ends the run. Nothing but `running` raises load.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from gradual_master.coordination.journal import Journal, StateTaken
from gradual_master.errors import IllegalTransitionError

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


class State(Enum):
    """Where a run stands."""

    WAITING = "waiting"
    """Agents come."""
    PROVISIONING = "provisioning"
    """The slots are assigned; the job and the rows are on their way."""
    READYING = "readying"
    """Every agent has its rows; orders with slots and without levels are on their way."""
    RUNNING = "running"
    """The schedule has an origin: levels are in force."""
    DRAINING = "draining"
    """The schedule or the last slot has ended: users finish, last batches are collected."""
    STOPPING = "stopping"
    """The same, because the run was stopped from outside."""
    CUTTING = "cutting"
    """Stopped a second time: nothing is waited for but the last batches."""
    FINISHED = "finished"
    """Nothing follows."""


class RunStep(Enum):
    """What moves a run on."""

    GATHERED = "gathered"
    PROVISIONED = "provisioned"
    CONFIRMED = "confirmed"
    ENDED = "ended"
    STOPPED = "stopped"
    COLLECTED = "collected"
    FAILED = "failed"


_STEP = RunStep
_ENDS = {_STEP.STOPPED: State.FINISHED, _STEP.FAILED: State.FINISHED}
_COLLECTS = {_STEP.COLLECTED: State.FINISHED, _STEP.FAILED: State.FINISHED}

TABLE: dict[State, dict[RunStep, State]] = {
    State.WAITING: {_STEP.GATHERED: State.PROVISIONING, **_ENDS},
    State.PROVISIONING: {_STEP.PROVISIONED: State.READYING, **_ENDS},
    State.READYING: {_STEP.CONFIRMED: State.RUNNING, **_ENDS},
    State.RUNNING: {_STEP.ENDED: State.DRAINING, _STEP.STOPPED: State.STOPPING, _STEP.FAILED: State.FINISHED},
    State.DRAINING: {_STEP.STOPPED: State.STOPPING, **_COLLECTS},
    State.STOPPING: {_STEP.STOPPED: State.CUTTING, **_COLLECTS},
    State.CUTTING: {_STEP.COLLECTED: State.FINISHED, **_ENDS},
    State.FINISHED: {},
}


def next_state(table: Mapping[S, Mapping[E, S]], state: S, event: E, who: str) -> S:
    """Where `event` leads; IllegalTransitionError names who, state and event where the table has no such transition."""
    try:
        return table[state][event]
    except KeyError:
        raise IllegalTransitionError(f"{who} that is {state.value} cannot be {event.value}") from None


class LifeCycle:
    """The state of one run; it moves along `TABLE` only."""

    __slots__ = ("_journal", "state")

    def __init__(self, journal: Journal) -> None:
        self.state = State.WAITING
        self._journal = journal

    def take(self, step: RunStep, now: int) -> State:
        """Move on, and commit that; IllegalTransitionError names both where the table has no such transition."""
        self.state = next_state(TABLE, self.state, step, "a run")
        self._journal.commit([StateTaken(self.state.value, now)])
        return self.state

    @property
    def has_assigned(self) -> bool:
        """Whether the slots are assigned."""
        return self.state is not State.WAITING

    @property
    def is_preparing(self) -> bool:
        """Whether slots are assigned and no level has been ordered yet."""
        return self.state in (State.PROVISIONING, State.READYING)

    @property
    def is_running(self) -> bool:
        """Whether levels are in force, so that slots may move."""
        return self.state is State.RUNNING

    @property
    def is_collecting(self) -> bool:
        """Whether target 0 is ordered and the last batches are awaited."""
        return self.state in (State.DRAINING, State.STOPPING, State.CUTTING)

    @property
    def is_finished(self) -> bool:
        """Whether nothing follows."""
        return self.state is State.FINISHED
