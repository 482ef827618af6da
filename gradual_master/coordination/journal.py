"""The journal: decisions are committed before they are acted on (docs/design/fleet.md, 4.7, 4.9).

It is in memory, and does not survive the process.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gradual_common.protocol.messages import SlotRun
from gradual_master.coordination.events import CloseInterval


@dataclass(frozen=True, slots=True)
class StateTaken:
    """The run has entered a state."""

    state: str
    at: int


@dataclass(frozen=True, slots=True)
class SlotsAssigned:
    """These slots, under these tenures, are assigned to `agent`, in addition to those that it has."""

    agent: str
    slots: tuple[SlotRun, ...]


@dataclass(frozen=True, slots=True)
class SlotsReleased:
    """The users of these slots have ended."""

    agent: str
    slots: tuple[SlotRun, ...]
    for_good: bool
    """Whether the slots have ended too: they get no new user."""


@dataclass(frozen=True, slots=True)
class AgentLost:
    """`agent` is lost: all its slots are free."""

    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrdersIssued:
    """A new version of the orders."""

    epoch: int
    version: int
    start: int
    """The schedule's time 0."""
    stopped_at: int | None
    """The instant at which the run was stopped; None if it was not."""


@dataclass(frozen=True, slots=True)
class LevelChosen:
    """A search has chosen the next level: `users` from `at` on."""

    number: int
    at: int
    users: int


@dataclass(frozen=True, slots=True)
class OnceBegun:
    """`agent` is to perform the set-up or the teardown: nobody begins it again."""

    section: str
    agent: str


@dataclass(frozen=True, slots=True)
class OnceEnded:
    """The set-up or the teardown is over. What a set-up extracted is not written: it is secret."""

    section: str
    failure: str | None


@dataclass(frozen=True, slots=True)
class RowsHandedOut:
    """`agent` gets these rows of a data set with `per: iteration`: nobody else gets them in this pass."""

    agent: str
    group: int
    name: str
    passes: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class BatchMerged:
    """Batch `number` of `agent` is in the aggregate."""

    agent: str
    number: int
    interval: int


Entry = (
    StateTaken
    | SlotsAssigned
    | SlotsReleased
    | AgentLost
    | OrdersIssued
    | LevelChosen
    | OnceBegun
    | OnceEnded
    | RowsHandedOut
    | BatchMerged
    | CloseInterval
)


class Journal:
    """Stores decisions before they are sent, and batch numbers before they are acknowledged.

    It keeps all decisions, but only the last numbers of batches and intervals: a run may be long.
    """

    def __init__(self) -> None:
        self.decisions: list[Entry] = []
        self.batches: dict[str, int] = {}
        self.closed = -1

    def commit(self, entries: Iterable[Entry]) -> None:
        """Write the entries in one transaction, in order."""
        for entry in entries:
            match entry:
                # A batch per agent and second would fill memory in a long run, and only the last number is ever needed.
                case BatchMerged(agent, number, _):
                    self.batches[agent] = max(number, self.batches.get(agent, 0))
                case CloseInterval(number):
                    self.closed = number
                case _:
                    self.decisions.append(entry)
