"""Users: target and actual of every group, as bars and numbers; missing ones in words."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from gradual_master.reporting.monitor.lines import ALARM, BAR, QUIET, TITLE, bar, cell, heading
from gradual_master.reporting.monitor.panels.base import Demand
from gradual_master.reporting.monitor.state import GroupUsers, MonitorState
from gradual_master.reporting.text.formatting import show_number

LONGEST_NAME = 24
SHORTEST_NAME = 8
SHORTEST_BAR = 4
LEAST_BESIDE_NOTES = 16


class UsersPanel:
    """A line for all of them, then one per group. A bar's length is the most that the schedule wants of the group."""

    rank = 1

    def demand(self, state: MonitorState, width: int) -> Demand:
        """A line per group; the sum of them is only of interest when there are several."""
        count = 1 + max(1, len(_rows(state)))
        return Demand(2, count, count)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """Of many groups those with missing users go first."""
        entries = _rows(state)
        shown = _choose(entries, rows - 1)
        sizes = Sizes.of(shown, width)
        drawn = [heading("Users", width, "actual / target"), *(_line(entry, sizes) for entry in shown)]
        if not entries:
            drawn.append(Text("no figures yet", QUIET))
        elif rows > len(drawn) and len(shown) < len(entries):
            others = [entry for entry in entries if entry not in shown]
            missing = sum(entry.missing for entry in others)
            more = f", {show_number(missing)} missing" if missing else ""
            drawn.append(Text.assemble((f"and {len(others)} more groups", QUIET), (more, ALARM)))
        return drawn


def _rows(state: MonitorState) -> list[GroupUsers]:
    groups = state.groups()
    return [state.all_users(), *groups] if len(groups) > 1 else groups


def _choose(entries: list[GroupUsers], rows: int) -> list[GroupUsers]:
    """The sum, those that miss the most users, then the first ones, in the order of the plan; a row is kept free."""
    if len(entries) <= rows:
        return entries
    by_need = sorted(range(1, len(entries)), key=lambda place: (-entries[place].missing, place))
    return [entries[place] for place in sorted([0, *by_need[: max(0, rows - 2)]])]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Columns for the name, the bar, the numbers and the note; 0 for what is left out."""

    name: int
    bar: int
    numbers: int
    note: int

    @classmethod
    def of(cls, shown: list[GroupUsers], width: int) -> Sizes:
        """A narrow terminal keeps names and numbers, and gives up notes, then bars."""
        numbers = max((len(_numbers(entry)) for entry in shown), default=0)
        note = max((len(_note(entry)) + 2 for entry in shown if _note(entry)), default=0)
        note = note if width - numbers - note >= LEAST_BESIDE_NOTES else 0
        longest = max((cell_len(entry.name) for entry in shown), default=0)
        name = min(LONGEST_NAME, longest, max(SHORTEST_NAME, width // 3))
        columns = width - name - numbers - note - 2
        return cls(name, max(0, columns), numbers, note)


def _line(entry: GroupUsers, sizes: Sizes) -> Text:
    filled, wanted = bar(entry.users, entry.target, entry.peak, sizes.bar if sizes.bar >= SHORTEST_BAR else 0)
    drawn = Text.assemble((filled, BAR), (wanted, ALARM if entry.missing else QUIET))
    blank = Text(" " * (sizes.bar - drawn.cell_len))
    style = ALARM if entry.missing else ""
    name = cell(entry.name, sizes.name, TITLE if entry.name == "all" else "")
    note = Text(f", {_note(entry)}" if sizes.note and _note(entry) else "", style)
    return Text.assemble(name, " ", drawn, blank, " ", cell(_numbers(entry), sizes.numbers, style, right=True), note)


def _numbers(entry: GroupUsers) -> str:
    return f"{show_number(entry.users)} / {show_number(entry.target)}"


def _note(entry: GroupUsers) -> str:
    if entry.missing:
        return f"{show_number(entry.missing)} missing"
    return f"{show_number(entry.stopping)} stopping" if entry.stopping else ""
