"""A frame is the part of one interval that lies within one level.

One frame is open; at its end it is closed, and the next is opened. `boundary` is the end of the open frame (agent
clock). The records of steps and groups compare their own stamp with it first. So a sample belongs to the frame in which
it ended, even if the loop was busy at the boundary.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol


class OpenFrame(Protocol):
    """The open frame, as the records of steps and groups see it."""

    boundary: int
    """Its end on the agent's clock, ns."""
    begun: int
    """Requests begun, over all frames."""

    def roll(self, now: int) -> None:
        """Close every frame that has ended by `now`."""
        ...


class Cell:
    """The samples of one step with one outcome in one frame: their number, times in ns, and number per status code."""

    __slots__ = ("connects", "count", "exchanges", "response_times", "statuses", "ttfbs")

    def __init__(self) -> None:
        self.count = 0
        self.response_times = array("q")
        self.exchanges = array("q")
        self.ttfbs = array("q")
        self.connects = array("q")
        self.statuses: defaultdict[int, int] = defaultdict(int)


@dataclass(frozen=True, slots=True)
class StepFrame:
    """One step in one closed frame."""

    number: int
    cells: list[tuple[int, Cell]]
    """(kind of outcome, its samples)."""
    counters: tuple[int, ...]
    """As `batch.COUNTERS`."""
    assertions: list[tuple[int, int, int]]
    """(number, passed, failed)."""


@dataclass(frozen=True, slots=True)
class GroupFrame:
    """One group in one closed frame."""

    times: list[int]
    """User-ns by state, in the order of `group_meter.STATES`."""
    iterations: array[int]
    """How long each iteration took, ns."""
    empty: int
    """Iterations of them that sent no request and did not wait."""
    paced: array[int]
    """Of a group with pacing: from when each iteration was due until it ended, ns."""


@dataclass(frozen=True, slots=True)
class ClosedFrame:
    """A frame that has ended."""

    interval: int
    level: int
    start: int
    end: int
    """On the agent's clock, ns, as `start`."""
    groups: list[GroupFrame]
    steps: list[StepFrame]
    transactions: list[tuple[int, int, array[int]]]
    """(series number, kind of outcome, how long each took in ns)."""
    metrics: list[tuple[int, int, int, array[int]]]
    """(series number, outcome, how many, values)."""
