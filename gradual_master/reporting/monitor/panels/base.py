"""What a panel is to the layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        """At most `rows` lines for `width`, which the layout cuts there; `rows` is at least what it asked for."""


def shown_of(entries: Sequence[T], rows: int) -> Sequence[T]:
    """Those that are shown in `rows` lines: all, or the first ones, and a line is kept for the others."""
    return entries if len(entries) <= rows else entries[: max(0, rows - 1)]


def listing(
    entries: Sequence[T], rows: int, line: Callable[[T], Text], rest: Callable[[Sequence[T], str], Text]
) -> list[Text]:
    """A line per entry; of those that have no room, what `rest` says: it gets them, and how such a line begins."""
    shown = shown_of(entries, rows)
    others = entries[len(shown) :]
    begin = f"and {len(others)} more" if shown else f"all {len(others)}"
    return [*map(line, shown), *([rest(others, begin)] if others else [])]
