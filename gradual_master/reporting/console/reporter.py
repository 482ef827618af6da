"""Prints the summary on standard output, after all other reporters have written what they write."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from gradual_master.reporting.console import parts
from gradual_master.reporting.console.comparison import comparison
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.results.summary.sections import Summary

SIGNS_IN_ASCII = {ord("✓"): "+", ord("✗"): "x", ord("×"): "x", ord("…"): "~"}
"""For a terminal or a file whose encoding has no such signs."""

MIN_COLUMNS = 60
"""Columns below which the text is not squeezed: a pipe's reader has a screen of its own."""


class ConsoleReporter(Reporter):
    """Prints the summary. Without a terminal, or with NO_COLOR, rich writes no escape codes."""

    ends_last = True

    def __init__(self, arg: str | None = None, console: Console | None = None) -> None:
        super().__init__(arg)
        self._console = console
        self._files: tuple[Path, ...] = ()

    def receive_files(self, files: Sequence[Path]) -> None:
        """What the other reporters wrote."""
        self._files = tuple(files)

    def on_test_complete(self, summary: Summary) -> None:
        """Print everything."""
        _print(summary, self._console or Console(highlight=False), self._files)


def render_text(summary: Summary, width: int | None = None) -> str:
    """What the console shows, as plain text without escape codes; `width` in columns, else the terminal's."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, highlight=False, color_system=None, force_terminal=False, force_jupyter=False
    )
    _print(summary, console, ())
    return out.getvalue().strip("\n")


def _print(summary: Summary, console: Console, files: Sequence[Path]) -> None:
    """Part by part; in a file or a pipe without blanks at the ends of lines and without signs that it cannot encode."""
    is_ascii = console.options.ascii_only
    for part in render_summary(summary, max(MIN_COLUMNS, console.width), files):
        with console.capture() as captured:
            # A single line is left to the terminal to wrap, so that a path can be copied.
            console.print(part, soft_wrap=isinstance(part, Text))
        text = captured.get()
        if is_ascii or not console.is_terminal:
            text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        console.file.write(text.translate(SIGNS_IN_ASCII) if is_ascii else text)


def render_summary(summary: Summary, width: int, files: Sequence[Path] = ()) -> Iterator[RenderableType]:
    """The parts, top to bottom; the wider the terminal, the more columns."""
    if summary.levels:
        yield from parts.levels(summary.levels, width, summary.watches)
    if summary.analysis.capacity is not None:
        yield parts.trials(summary, width)
    yield parts.actions(summary, width)
    if summary.transactions:
        yield parts.transactions(summary.transactions, width)
    if summary.metrics:
        yield parts.metrics(summary.metrics, width)
    if summary.watches:
        yield parts.watches(summary.watches, width)
    yield from parts.failures(summary.errors)
    if summary.agents:
        yield parts.agents(summary.agents, width)
    if summary.comparison is not None:
        yield from comparison(summary.comparison, width)
    yield from parts.warnings(summary.verdict)
    yield from parts.answer(summary)
    yield parts.totals(summary)
    yield from parts.verdict(summary)
    yield parts.objectives(summary.verdict.objectives)
    yield from parts.reports(files)
