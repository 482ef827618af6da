"""The interface between panels and layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from rich.text import Text

from gradual_master.reporting.monitor.state import MonitorState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Demand:
    """How many rows a panel asks for."""

    min_rows: int
    """With fewer rows it is not shown; 0: there is nothing to show."""
    ideal_rows: int
    """Enough to show everything once."""
    max_rows: int
    """More rows would stay blank."""
    firm_rows: int = 0
    """The panel gets these before any other panel gets more than its `min_rows`."""
    spare: bool = False
    """Whether the panel is shown only in rows that no other panel wants."""


class Panel(Protocol):
    """A part of the screen."""

    rank: int
    """A panel of a higher rank is dropped sooner, and gets more rows later."""

    def demand(self, state: MonitorState, width: int) -> Demand:
        """The rows that the panel asks for."""

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """At most `rows` lines; `rows` is at least `min_rows`. The layout cuts lines that are wider than `width`."""


def shown_of(entries: Sequence[T], rows: int) -> Sequence[T]:
    """The entries that fit in `rows` lines: all of them, or the first ones with one line left to sum up the others."""
    return entries if len(entries) <= rows else entries[: max(0, rows - 1)]


def listing(
    entries: Sequence[T], rows: int, line: Callable[[T], Text], rest: Callable[[Sequence[T], str], Text]
) -> list[Text]:
    """One line per entry; `rest` makes the last line for the entries that do not fit, from them and its first words."""
    shown = shown_of(entries, rows)
    others = entries[len(shown) :]
    prefix = f"and {len(others)} more" if shown else f"all {len(others)}"
    return [*map(line, shown), *([rest(others, prefix)] if others else [])]
