"""The agents and their health: lost, silent and strained ones first, then the busiest; last those that have left."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gradual_master.reporting.monitor.agents import ABSENT, CONDITIONS, KnownAgent
from gradual_master.reporting.monitor.lines import ALARM, QUIET, WARNING, cell, clean, fit, heading
from gradual_master.reporting.monitor.panels.base import Demand, listing
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.text.formatting import show_count, show_number, show_seconds

COLUMNS = (("cpu", 5), ("lag ms", 7), ("users", 6), ("conns", 6))
"""Titles and widths. `cpu`: share of a core; `lag`: the largest lag of the event loop in the interval."""

NARROW, ROOMY = 36, 50
"""Widths. Below NARROW users and connections are left out. Below ROOMY connections are left out if an agent is
strained: the word needs their columns."""

MAX_NAME_COLUMNS = 30


class AgentsPanel:
    """One line per agent."""

    rank = 2

    def demand(self, state: MonitorState, width: int) -> Demand:
        """A line per agent."""
        count = 1 + max(1, len(state.agents))
        return Demand(2, count, count)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The heading and the agents, the worst first; a last line sums up those that do not fit."""
        entries = state.agents.worst_first()
        columns = COLUMNS[: 2 if width < NARROW else 3 if width < ROOMY and state.agents.count("strained") else 4]
        titles = "".join(f"{title:>{size}}" for title, size in columns)
        room = max(0, width - len(titles))
        lines = listing(entries, rows - 1, lambda entry: _line(entry, columns, room), _rest)
        counts = [f"{count} {what}" for what in CONDITIONS if what != "well" and (count := state.agents.count(what))]
        title = ", ".join([f"Agents {state.agents.present}", *counts])
        left = heading(title if len(title) + 4 <= room else "Agents", room)
        return [Text.assemble(left, (titles, QUIET)), *(lines or [Text("none has reported yet", QUIET)])]


def _line(entry: KnownAgent, columns: Sequence[tuple[str, int]], room: int) -> Text:
    health, name = entry.health, clean(entry.health.agent)
    if entry.condition in ABSENT:
        # There are no current numbers: the words are written into their columns.
        whole = room + sum(size for _, size in columns)
        phrase = {"silent": "silent since", "lost": "lost at", "left": "gone, left at"}[entry.condition]
        words = f" {phrase} {show_seconds(entry.seen_s if entry.condition == 'silent' else entry.since_s)}"
        style = QUIET if entry.condition == "left" else ALARM
        return Text.assemble(fit(Text(name), max(4, whole - len(words))), (words, style))
    word = " strained" if entry.condition == "strained" else ""
    style = WARNING if word else ""
    label = Text.assemble(fit(Text(name), min(MAX_NAME_COLUMNS, max(4, room - len(word)))), Text(word, WARNING))
    counts = map(show_count, (health.users, health.connections))
    texts = (f"{health.cpu:.0%}", show_number(health.loop_lag_ms_max), *counts)
    numbers = (cell(text, size, style, right=True) for text, (_, size) in zip(texts, columns, strict=False))
    return Text.assemble(fit(label, room), " " * max(0, room - label.cell_len), *numbers)


def _rest(entries: Sequence[KnownAgent], prefix: str) -> Text:
    """Sum up the agents that are not shown: how many are not well, and the largest value of each number."""
    conditions = [entry.condition for entry in entries]
    parts = [f"{conditions.count(name)} {name}" for name in CONDITIONS if name in conditions and name != "well"]
    if present := [entry.health for entry in entries if entry.condition not in ABSENT]:
        lags = [health.loop_lag_ms_max for health in present if health.loop_lag_ms_max is not None]
        lag = f", lag {show_number(max(lags))} ms" if lags else ""
        parts.append(f"at most cpu {max(health.cpu for health in present):.0%}{lag}")
    return Text(f"{prefix}: {', '.join(parts)}", QUIET if {"well", "left"}.issuperset(conditions) else WARNING)
