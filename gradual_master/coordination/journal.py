"""What is committed before it is acted on (DESIGN 4.7, 4.9): the interface, and the journal in memory.

`commit` writes its entries in one transaction, in order; when it returns they are as durable as the journal makes
them. In memory nothing survives the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from gradual_common.protocol.messages import SlotRun
from gradual_master.coordination.events import CloseInterval


@dataclass(frozen=True, slots=True)
class StateTaken:
    """The run's life cycle moved on."""

    state: str
    at: int


@dataclass(frozen=True, slots=True)
class SlotsAssigned:
    """These slots, under these tenures, belong to `agent` too from here on."""

    agent: str
    slots: tuple[SlotRun, ...]


@dataclass(frozen=True, slots=True)
class SlotsReleased:
    """These slots' users have ended."""

    agent: str
    slots: tuple[SlotRun, ...]
    for_good: bool
    """They will have no successor."""


@dataclass(frozen=True, slots=True)
class AgentLost:
    """What `agent` held belongs to nobody."""

    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrdersIssued:
    """A version of the orders."""

    epoch: int
    version: int
    start: int
    """From when the schedule counts."""
    stopped_at: int | None
    """When it was stopped, if it was."""


@dataclass(frozen=True, slots=True)
class BatchMerged:
    """Batch `number` of `agent` is in the totals."""

    agent: str
    number: int
    interval: int


Entry = StateTaken | SlotsAssigned | SlotsReleased | AgentLost | OrdersIssued | BatchMerged | CloseInterval


class Journal(Protocol):
    """Commits decisions before they are sent, and batch numbers before they are acknowledged."""

    def commit(self, entries: Iterable[Entry]) -> None:
        """Write the entries in one transaction, in order."""
        ...


class MemoryJournal:
    """Keeps decisions as they were made, and of batches and intervals only the last numbers: a run may be long."""

    def __init__(self) -> None:
        self.decisions: list[Entry] = []
        self.batches: dict[str, int] = {}
        self.closed = -1

    def commit(self, entries: Iterable[Entry]) -> None:
        """Keep the entries."""
        for entry in entries:
            match entry:
                case BatchMerged(agent, number, _):
                    self.batches[agent] = max(number, self.batches.get(agent, 0))
                case CloseInterval(number):
                    self.closed = number
                case _:
                    self.decisions.append(entry)
