"""The life cycle of a run as a table of states × events (docs/design/style.md, 2).

    waiting ──gathered──▶ provisioning ──provisioned──▶ readying ──confirmed──▶ running ──ended──▶ draining ─┐
       │                       │                           │                      │ stopped           │      │collected
       └────────stopped────────┴───────────────────────────┘                      ▼                   │      ▼
                   │                                                           stopping ◀──stopped────┘   finished
                   ▼                                                              │ stopped                  ▲
                finished                                                          ▼                          │
                                                                               cutting ──collected, stopped──┘

`failed` ends the run from every state except `finished`. Load is raised in `running` only.

A plan with a set-up goes from provisioning to setting up and back: what it extracted is provided too. A plan with a
teardown goes through tearing down before it is finished: after the drain, and after everything else that ends a run
whose set-up has begun.

    provisioning ──setup due──▶ setting up ──set up──▶ provisioning
    draining, stopping, and provisioning to readying ──teardown due──▶ tearing down ──collected──▶ finished

Where the run ends while a set-up or teardown is going on, that is cut, and what it did until then is awaited:

    setting up, tearing down ──recalled──▶ recalling ──collected, stopped──▶ finished
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
    SETTING_UP = "setting up"
    """One agent performs the set-up."""
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
    TEARING_DOWN = "tearing down"
    """One agent performs the teardown."""
    RECALLING = "recalling"
    """The set-up or teardown was cut: only its report is awaited."""
    FINISHED = "finished"
    """The run is over."""


class RunEvent(Enum):
    """What changes the state of a run."""

    GATHERED = "gathered"
    """All expected agents are here, and their slots are assigned."""
    PROVISIONED = "provisioned"
    """They have stored the job and the rows of their slots."""
    SETUP_DUE = "set up first"
    """The same, and the set-up begins."""
    SET_UP = "set up"
    """The set-up has succeeded."""
    CONFIRMED = "confirmed"
    """They have confirmed their first orders."""
    ENDED = "ended"
    """The schedule is over, or no slot has anything left to do."""
    ABORTED = "aborted"
    """The plan asks to end the run: an objective, or a user."""
    STOPPED = "stopped"
    """A stop from outside: Ctrl-C or SIGTERM."""
    COLLECTED = "collected"
    """The last batches, or the teardown, are merged, or not expected any more."""
    TEARDOWN_DUE = "torn down"
    """Nothing but the teardown is left to do."""
    RECALLED = "recalled"
    """The run ends while the set-up or teardown is going on."""
    FAILED = "failed"
    """The run cannot be continued."""


_EVENT = RunEvent
# Before the load no user runs, so the first stop ends the run at once. After a second stop (cutting) a third one does.
_ENDS = {_EVENT.STOPPED: State.FINISHED, _EVENT.FAILED: State.FINISHED}
_TEARS_DOWN = {_EVENT.TEARDOWN_DUE: State.TEARING_DOWN}
_RECALLS = {_EVENT.RECALLED: State.RECALLING}
_COLLECTS = {_EVENT.COLLECTED: State.FINISHED, _EVENT.FAILED: State.FINISHED}

TABLE: dict[State, dict[RunEvent, State]] = {
    State.WAITING: {_EVENT.GATHERED: State.PROVISIONING, **_ENDS},
    State.PROVISIONING: {
        _EVENT.PROVISIONED: State.READYING,
        _EVENT.SETUP_DUE: State.SETTING_UP,
        **_TEARS_DOWN,
        **_ENDS,
    },
    State.SETTING_UP: {_EVENT.SET_UP: State.PROVISIONING, **_TEARS_DOWN, **_RECALLS, **_ENDS},
    State.READYING: {_EVENT.CONFIRMED: State.RUNNING, **_TEARS_DOWN, **_ENDS},
    # Under load even the first stop has to let users finish and to collect the last batches.
    State.RUNNING: {
        _EVENT.ENDED: State.DRAINING,
        _EVENT.ABORTED: State.DRAINING,
        _EVENT.STOPPED: State.STOPPING,
        _EVENT.FAILED: State.FINISHED,
    },
    State.DRAINING: {_EVENT.STOPPED: State.STOPPING, **_TEARS_DOWN, **_COLLECTS},
    State.STOPPING: {_EVENT.STOPPED: State.CUTTING, **_TEARS_DOWN, **_COLLECTS},
    # Who stops a run twice wants it to end: nothing is begun any more, and a third stop, or one while a report of what
    # was cut is awaited, waits for nothing.
    State.CUTTING: {_EVENT.COLLECTED: State.FINISHED, **_ENDS},
    State.TEARING_DOWN: {_EVENT.COLLECTED: State.FINISHED, **_RECALLS, **_ENDS},
    State.RECALLING: {_EVENT.COLLECTED: State.FINISHED, **_ENDS},
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
        return self.state in (State.PROVISIONING, State.SETTING_UP, State.READYING)

    @property
    def is_running(self) -> bool:
        """Whether levels are in force, so that slots may move."""
        return self.state is State.RUNNING

    @property
    def is_collecting(self) -> bool:
        """Whether target 0 is ordered, and the last batches are awaited."""
        return self.state in (State.DRAINING, State.STOPPING, State.CUTTING)

    @property
    def is_tearing_down(self) -> bool:
        """Whether nothing but the teardown is awaited."""
        return self.state is State.TEARING_DOWN

    @property
    def is_ending(self) -> bool:
        """Whether no new agent is needed any more."""
        return self.is_collecting or self.is_tearing_down or self.is_recalling or self.is_finished

    @property
    def is_recalling(self) -> bool:
        """Whether nothing but the report of a section that was cut is awaited."""
        return self.state is State.RECALLING

    @property
    def can_recall(self) -> bool:
        """Whether a set-up or teardown is going on that can be cut."""
        return RunEvent.RECALLED in TABLE[self.state]

    @property
    def can_tear_down(self) -> bool:
        """Whether the table has a way to the teardown."""
        return RunEvent.TEARDOWN_DUE in TABLE[self.state]

    @property
    def is_finished(self) -> bool:
        """Whether the run is over."""
        return self.state is State.FINISHED
