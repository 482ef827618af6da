"""Frames: stretches of one interval within one level, open while users are measured, closed when their end has come.

`boundary` is the instant (agent clock) at which the open frame ends. Whoever records a sample or moves a user compares
its own stamp with it first, so that a sample belongs to the frame in which it ended, whatever the loop was doing then.
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
    """The samples of one step with one outcome in one frame: how many, their times in ns, and by status code."""

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
    """User-ns by state, as `group_meter.STATES`."""
    iterations: array[int]
    """How long each iteration took, ns."""
    empty: int
    """How many of them neither sent nor waited."""


@dataclass(frozen=True, slots=True)
class ClosedFrame:
    """A frame that has ended."""

    interval: int
    level: int
    begin: int
    end: int
    """Begin and end are on the agent's clock, ns."""
    groups: list[GroupFrame]
    steps: list[StepFrame]
