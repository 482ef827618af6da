"""The end of what is printed, made for the last 24 lines of a screen: totals, verdict, objectives, written reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gradual_common.units import count
from gradual_master.reporting.console.layout import below_a_blank, indented
from gradual_master.reporting.text.formatting import (
    NO_DATA,
    show_bytes,
    show_count,
    show_instant,
    show_number,
    show_percent,
    show_seconds,
    show_value,
)
from gradual_master.results.judging.objectives import ObjectiveRow
from gradual_master.results.judging.verdict import Verdict
from gradual_master.results.summary.sections import Summary, TotalsSection

STYLES = {"passed": "bold green", "failed": "bold red", "invalid": "bold red", "interrupted": "bold yellow"}


def _grid() -> Table:
    return Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))


def warnings(verdict: Verdict) -> Iterator[RenderableType]:
    """Above the verdict, which says that there are some: however many, they never push it off the screen."""
    if verdict.warnings:
        yield Text("\nWarnings", "bold")
        yield from (indented(f"! {warning}", "yellow") for warning in verdict.warnings)


def totals(summary: Summary) -> RenderableType:
    """The whole run in a few lines."""
    figures = summary.totals
    table = _grid()
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text("Totals", "bold not dim"), _requests(figures))
    table.add_row("", f"{count(figures.iterations, 'iteration')}; {_data(figures)}")
    table.add_row("time, ms", _times(figures))
    if counts := _counts(figures):
        table.add_row("messages", counts)
    return below_a_blank(table)


def _requests(totals: TotalsSection) -> Text:
    failed = f"{show_count(totals.failures)} failed ({show_percent(totals.error_rate)})"
    return Text.assemble(
        f"{count(totals.requests, 'request')}, {show_number(totals.request_rate_rps)} req/s,"
        f" {show_number(totals.throughput_rps)} ok/s; ",
        (failed, "red" if totals.failures else ""),
    )


def _data(totals: TotalsSection) -> str:
    return f"{show_bytes(totals.bytes_received)} received, {show_bytes(totals.bytes_sent)} sent"


def _times(totals: TotalsSection) -> str:
    times = totals.response_time_ms
    names = ("min", "mean", "p50", "p90", "p95", "p99", "max")
    return ", ".join(f"{name} {show_number(times[name])}" for name in names)


def _counts(totals: TotalsSection) -> str:
    """What became of messages; those that say nothing are left out."""
    counts: Mapping[str, int] = {
        "sent": totals.sent,
        "of them while warming up": totals.warm_up_sent,
        "interrupted": totals.interrupted,
        "unsent": totals.unsent,
        "skipped": totals.skipped,
        "redirect hops": totals.hops,
        "retried": totals.retried,
        "sent again": totals.resent,
    }
    return ", ".join(f"{show_count(number)} {name}" for name, number in counts.items() if number)


def verdict(summary: Summary) -> Iterator[RenderableType]:
    """The word, the run, and why."""
    judged, run = summary.verdict, summary.run
    yield Text.assemble(
        "\n",
        (judged.status.upper(), STYLES[judged.status]),
        (f", {count(len(judged.warnings), 'warning')}" if judged.warnings else "", "yellow"),
        f"  {run.name}  ({show_seconds(run.duration_s)}, run {run.id})",
    )
    yield from (indented(f"- {reason}") for reason in judged.reasons)


def objectives(rows: Sequence[ObjectiveRow]) -> RenderableType:
    """One line each, a sign before it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text("Objectives", "bold not dim"), overflow="fold")
    table.add_column("observed", justify="right", no_wrap=True)
    table.add_column("samples", justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        sign, style, note = _state(row)
        name = Text.assemble((f"{sign} ", style), row.name, (_rule(row), "dim"))
        table.add_row(name, Text(show_value(row.observed, row.unit), style), show_count(row.samples), Text(note, style))
    return below_a_blank(table)


def _rule(row: ObjectiveRow) -> str:
    """What a name of the user's own does not say; one made of the rule holds its limit."""
    limit = row.rule.split()[-1]
    return "" if limit in row.name else f"  {row.rule}"


def _state(row: ObjectiveRow) -> tuple[str, str, str]:
    """A sign, a style, and what is to be said beside the figures."""
    if row.passed is None:
        return NO_DATA, "yellow", row.without_judgement
    if row.passed:
        return "✓", "green", ""
    if row.observed is None:
        note = "no data"
    else:
        note = "" if row.first_failed_at_s is None else f"since {show_instant(row.first_failed_at_s)}"
    return ("!", "yellow", f"warning {note}".strip()) if row.severity == "warn" else ("✗", "red", note)


def reports(files: Sequence[Path]) -> Iterator[RenderableType]:
    """The very last: what was written, each path whole, to be copied."""
    if files:
        yield Text("\nReports", "bold")
        yield from (Text(f"  {path}") for path in files)
