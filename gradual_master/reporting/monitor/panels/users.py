"""Users: actual and target of every group, as bars and numbers, with the number of missing users."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from gradual_master.reporting.monitor.lines import ALARM, BAR, QUIET, TITLE, bar, cell, heading
from gradual_master.reporting.monitor.panels.base import Demand
from gradual_master.reporting.monitor.state import GroupUsers, MonitorState
from gradual_master.reporting.text.formatting import show_number

MAX_NAME_COLUMNS = 24
MIN_NAME_COLUMNS = 8
MIN_BAR_COLUMNS = 4
MIN_COLUMNS_BESIDE_NOTE = 16
"""For name and bar; with fewer columns the note is left out."""


class UsersPanel:
    """A line for all users, then one per group. A full bar is the largest target of the group in the schedule."""

    rank = 1

    def demand(self, state: MonitorState, width: int) -> Demand:
        """A line per group, and one for the sum if there are several groups."""
        count = 1 + max(1, len(_rows(state)))
        return Demand(2, count, count)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The heading and the groups; if they do not all fit, groups with missing users are preferred."""
        entries = _rows(state)
        shown = _choose(entries, rows - 1)
        sizes = Sizes.of(shown, width)
        drawn = [heading("Users", width, "actual / target"), *(_line(entry, sizes) for entry in shown)]
        if not entries:
            drawn.append(Text("no data yet", QUIET))
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
    """The sum, and the groups with the most missing users, in the order of the plan; one row is left for the others."""
    if len(entries) <= rows:
        return entries
    by_missing = sorted(range(1, len(entries)), key=lambda index: (-entries[index].missing, index))
    return [entries[index] for index in sorted([0, *by_missing[: max(0, rows - 2)]])]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Columns for the name, the bar, the numbers and the note; 0 for what is left out."""

    name: int
    bar: int
    numbers: int
    note: int

    @classmethod
    def of(cls, shown: list[GroupUsers], width: int) -> Sizes:
        """Names and numbers are always shown; a narrow terminal has no notes, a very narrow one no bars."""
        numbers = max((len(_numbers(entry)) for entry in shown), default=0)
        note = max((len(_note(entry)) + 2 for entry in shown if _note(entry)), default=0)
        note = note if width - numbers - note >= MIN_COLUMNS_BESIDE_NOTE else 0
        longest = max((cell_len(entry.name) for entry in shown), default=0)
        name = min(MAX_NAME_COLUMNS, longest, max(MIN_NAME_COLUMNS, width // 3))
        columns = width - name - numbers - note - 2
        return cls(name, max(0, columns), numbers, note)


def _line(entry: GroupUsers, sizes: Sizes) -> Text:
    filled, wanted = bar(entry.users, entry.target, entry.peak, sizes.bar if sizes.bar >= MIN_BAR_COLUMNS else 0)
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
