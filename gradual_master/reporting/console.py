"""The summary on standard output: the verdict and its reasons first, then what they rest on; fits 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradual_master.reporting.base import BaseReporter
from gradual_master.reporting.figures import (
    NO_DATA,
    show_count,
    show_health,
    show_instant,
    show_kinds,
    show_number,
    show_percent,
    show_percentiles,
    show_seconds,
    thinned,
)
from gradual_master.results.levels import LevelRow
from gradual_master.results.objectives import ObjectiveRow
from gradual_master.results.summary_sections import ActionRow, AgentRow, Summary, TotalsSection

MOST_LEVELS = 40
"""Rows of the level table; of a longer one every so-manieth is shown."""

NARROWEST = 10
"""Columns that a column of names keeps when the others need much."""

LEVEL_COLUMNS = ("from", "target", "users", "ok/s", "p50 ms", "p95 ms", "p99 ms", "failed", "")

NOTES = {"missing": "missing users", "saturated": "saturated", "unaccounted": "late"}
"""What the marks of a level are called; its failures have a column."""

STYLES = {"passed": "bold green", "failed": "bold red", "invalid": "bold red", "interrupted": "bold yellow"}


class ConsoleReporter(BaseReporter):
    """Prints the summary. Without a terminal, or with NO_COLOR, there are no escape codes (rich sees to both)."""

    def __init__(self, arg: str | None = None, console: Console | None = None) -> None:
        super().__init__(arg)
        self._console = console

    def on_test_complete(self, summary: Summary) -> None:
        """Print everything."""
        console = self._console or Console(highlight=False)
        for part in render_summary(summary):
            console.print(part)


def render_summary(summary: Summary) -> Iterator[RenderableType]:
    """The parts, top to bottom."""
    yield from _verdict(summary)
    yield _objectives(summary.verdict.objectives)
    yield from _totals(summary.totals)
    if summary.levels:
        yield from _levels(summary.levels)
    yield _actions(summary.actions)
    yield from _errors(summary.actions)
    if summary.agents:
        yield _agents(summary.agents)


def _verdict(summary: Summary) -> Iterator[RenderableType]:
    verdict, run = summary.verdict, summary.run
    yield Text.assemble(
        "\n",
        (verdict.status.upper(), STYLES[verdict.status]),
        f"  {run.name}  ({show_seconds(run.duration_s)}, run {run.id})",
    )
    for reason in verdict.reasons:
        yield _indented(f"- {reason}")
    for warning in verdict.warnings:
        yield _indented(f"! {warning}", "yellow")


def _indented(text: str, style: str = "") -> Padding:
    """A sentence that stays indented where it wraps."""
    return Padding(Text(text, style), (0, 0, 0, 2), expand=False)


def _table(title: str, *columns: str, flexible: int = 1) -> Table:
    """A table whose first `flexible` columns are text that may wrap, and the others numbers that never do.

    A column without a title holds remarks: they wrap.
    """
    table = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for number, column in enumerate(columns):
        if number < flexible:
            table.add_column(column, overflow="fold", min_width=NARROWEST)
        elif column:
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, min_width=NARROWEST)
    return table


def _objectives(objectives: Sequence[ObjectiveRow]) -> Table:
    table = _table("Objectives", "objective", "observed", "samples", "")
    for row in objectives:
        state, style = _state(row)
        observed = NO_DATA if row.observed is None else f"{show_number(row.observed, 2)}{_unit(row.unit)}"
        table.add_row(Text(row.name), observed, show_count(row.samples), Text(state, style))
    return table


def _state(row: ObjectiveRow) -> tuple[str, str]:
    if row.passed is None:
        return "no data", "yellow"
    if row.passed:
        return "passed", "green"
    return ("warning", "yellow") if row.severity == "warn" else ("FAILED", "red")


def _unit(unit: str) -> str:
    return " ms" if unit == "ms" else unit


def _totals(totals: TotalsSection) -> Iterator[Text]:
    times = totals.response_time_ms
    yield Text(
        f"\n{show_count(totals.requests)} requests, {show_count(totals.failures)} failed"
        f" ({show_percent(totals.error_rate)}), {show_number(totals.throughput_rps)} ok/s;"
        f" p50 {show_number(times.p50)} ms, p95 {show_number(times.p95)} ms, p99 {show_number(times.p99)} ms"
    )
    counts = {
        "sent": totals.sent,
        "of them while warming up": totals.warm_up_sent,
        "interrupted": totals.interrupted,
        "unsent": totals.unsent,
        "skipped": totals.skipped,
        "redirect hops": totals.hops,
    }
    yield Text(", ".join(f"{show_count(count)} {name}" for name, count in counts.items() if count))


def _levels(levels: Sequence[LevelRow]) -> Iterator[RenderableType]:
    shown = thinned(levels, MOST_LEVELS)
    phases = len({row.phase for row in levels}) > 1
    columns = ("phase",) if phases else ()
    table = _table(
        "Levels",
        *columns,
        "from",
        "target",
        "users",
        "ok/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "failed",
        "",
        flexible=len(columns),
    )
    for row in shown:
        failed = row.failures / row.requests if row.requests else None
        cells: list[RenderableType] = [
            show_instant(row.start_s),
            show_number(row.target),
            show_number(row.users_mean),
            show_number(row.throughput_rps),
            *show_percentiles(row.response_time_ms),
            show_percent(failed),
            Text(", ".join(_notes(row)), "yellow"),
        ]
        table.add_row(*((Text(row.phase),) if phases else ()), *cells)
    yield table
    if len(shown) < len(levels):
        yield Text(f"  {len(shown)} of {len(levels)} levels; the JSON summary has all of them", "dim")


def _notes(row: LevelRow) -> Iterator[str]:
    """What a row does not show by its figures."""
    if row.warm_up:
        yield "warm-up"
    yield from (text for mark, text in NOTES.items() if mark in row.marks)


def _actions(actions: Sequence[ActionRow]) -> Table:
    groups = len({row.group for row in actions}) > 1
    table = _table("Actions", "action", "requests", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms")
    for row in actions:
        name = f"{row.group} / {row.step}" if groups else row.step
        failed = show_percent(row.failures / row.requests) if row.requests else NO_DATA
        longest = show_number(row.response_time_ms.max)
        table.add_row(Text(name), show_count(row.requests), failed, *show_percentiles(row.response_time_ms), longest)
    return table


def _errors(actions: Sequence[ActionRow]) -> Iterator[RenderableType]:
    failing = [row for row in actions if row.errors]
    for row in failing:
        yield _indented(f"{row.group} / {row.step}: {show_kinds(row.errors)}", "red")


def _agents(agents: Sequence[AgentRow]) -> Table:
    table = _table("Agents", "agent", "requests", "cpu p95", "loop lag p99 ms", "start lag p99 ms", "")
    for row in agents:
        table.add_row(
            Text(row.name),
            show_count(row.requests),
            show_percent(row.cpu_p95),
            show_number(row.loop_lag_ms_p99, 2),
            show_number(row.start_lag_ms_p99, 2),
            Text(show_health(row), "red"),
        )
    return table
