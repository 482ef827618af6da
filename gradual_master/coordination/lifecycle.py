"""The life cycle of a run as a table of states × events (docs/design/style.md, 2).

    waiting ──gathered──▶ provisioning ──provisioned──▶ readying ──confirmed──▶ running ──ended──▶ draining ─┐
       │                       │                           │                      │ stopped           │      │collected
       └────────stopped────────┴───────────────────────────┘                      ▼                   │      ▼
                   │                                                           stopping ◀──stopped────┘   finished
                   ▼                                                              │ stopped                  ▲
                finished                                                          ▼                          │
                                                                               cutting ──collected, stopped──┘

`failed` ends the run from every state except `finished`. Load is raised in `running` only.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from gradual_master.coordination.journal import Journal, StateTaken
from gradual_master.errors import IllegalTransitionError

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


class State(Enum):
    """The state of a run."""

    WAITING = "waiting"
    """Waits for the expected agents."""
    PROVISIONING = "provisioning"
    """The slots are assigned; agents receive the job and the rows of their slots."""
    READYING = "readying"
    """Every agent has its rows; agents receive orders with slots and without levels, and confirm them."""
    RUNNING = "running"
    """The schedule's time 0 is fixed: levels are in force."""
    DRAINING = "draining"
    """The schedule or the last slot has ended: users finish, and the last batches are collected."""
    STOPPING = "stopping"
    """As draining, after a first stop from outside."""
    CUTTING = "cutting"
    """After a second stop: users are interrupted, only the last batches are awaited."""
    FINISHED = "finished"
    """The run is over."""


class RunEvent(Enum):
    """What changes the state of a run."""

    GATHERED = "gathered"
    """All expected agents are here, and their slots are assigned."""
    PROVISIONED = "provisioned"
    """They have stored the job and the rows of their slots."""
    CONFIRMED = "confirmed"
    """They have confirmed their first orders."""
    ENDED = "ended"
    """The schedule is over, or no slot has anything left to do."""
    ABORTED = "aborted"
    """The plan asks to end the run: an objective, or a user."""
    STOPPED = "stopped"
    """A stop from outside: Ctrl-C or SIGTERM."""
    COLLECTED = "collected"
    """The last batches are merged, or not expected any more."""
    FAILED = "failed"
    """The run cannot be continued."""


_EVENT = RunEvent
# Before the load no user runs, so the first stop ends the run at once. After a second stop (cutting) a third one does.
_ENDS = {_EVENT.STOPPED: State.FINISHED, _EVENT.FAILED: State.FINISHED}
_COLLECTS = {_EVENT.COLLECTED: State.FINISHED, _EVENT.FAILED: State.FINISHED}

TABLE: dict[State, dict[RunEvent, State]] = {
    State.WAITING: {_EVENT.GATHERED: State.PROVISIONING, **_ENDS},
    State.PROVISIONING: {_EVENT.PROVISIONED: State.READYING, **_ENDS},
    State.READYING: {_EVENT.CONFIRMED: State.RUNNING, **_ENDS},
    # Under load even the first stop has to let users finish and to collect the last batches.
    State.RUNNING: {
        _EVENT.ENDED: State.DRAINING,
        _EVENT.ABORTED: State.DRAINING,
        _EVENT.STOPPED: State.STOPPING,
        _EVENT.FAILED: State.FINISHED,
    },
    State.DRAINING: {_EVENT.STOPPED: State.STOPPING, **_COLLECTS},
    State.STOPPING: {_EVENT.STOPPED: State.CUTTING, **_COLLECTS},
    State.CUTTING: {_EVENT.COLLECTED: State.FINISHED, **_ENDS},
    State.FINISHED: {},
}


def next_state(table: Mapping[S, Mapping[E, S]], state: S, event: E, who: str) -> S:
    """The state that follows; IllegalTransitionError if the table has no such transition (`who`: for its message)."""
    try:
        return table[state][event]
    except KeyError:
        raise IllegalTransitionError(f"{who} that is {state.value} cannot be {event.value}") from None


class LifeCycle:
    """The state of one run; it changes by `TABLE` only."""

    __slots__ = ("_journal", "state")

    def __init__(self, journal: Journal) -> None:
        self.state = State.WAITING
        self._journal = journal

    def take(self, event: RunEvent, now: int) -> State:
        """Enter the state that follows, and commit that; IllegalTransitionError if the table has no such transition."""
        self.state = next_state(TABLE, self.state, event, "a run")
        self._journal.commit([StateTaken(self.state.value, now)])
        return self.state

    @property
    def has_assigned(self) -> bool:
        """Whether the slots are assigned."""
        return self.state is not State.WAITING

    @property
    def is_preparing(self) -> bool:
        """Whether slots are assigned, and no level has been ordered yet."""
        return self.state in (State.PROVISIONING, State.READYING)

    @property
    def is_running(self) -> bool:
        """Whether levels are in force, so that slots may move."""
        return self.state is State.RUNNING

    @property
    def is_collecting(self) -> bool:
        """Whether target 0 is ordered, and the last batches are awaited."""
        return self.state in (State.DRAINING, State.STOPPING, State.CUTTING)

    @property
    def is_finished(self) -> bool:
        """Whether the run is over."""
        return self.state is State.FINISHED
