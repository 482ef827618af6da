"""What a panel is to the layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from rich.text import Text

from gradual_master.reporting.monitor.state import MonitorState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Demand:
    """How many rows a panel can do with, would like, and could fill."""

    least: int
    ideal: int
    most: int
    firm: int = 0
    """Rows that it is given before any other grows."""
    spare: bool = False
    """Whether it is only shown in rows that are left over."""


class Panel(Protocol):
    """A part of the screen."""

    rank: int
    """The higher, the sooner it is dropped, and the later it grows."""

    def demand(self, state: MonitorState, width: int) -> Demand:
        """What it asks for."""

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """At most `rows` lines, none wider than `width`; `rows` is at least what it asked for as its least."""


def rest_of(left: int, shown: int) -> str:
    """How a line about those that are not shown begins."""
    return f"and {left} more" if shown else f"all {left}"


def fitting(entries: Sequence[T], rows: int) -> tuple[Sequence[T], int]:
    """(those that are shown in `rows` lines, how many are not): a line is kept for saying so."""
    if len(entries) <= rows:
        return entries, 0
    shown = max(0, rows - 1)
    return entries[:shown], len(entries) - shown
