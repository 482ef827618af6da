"""The parts of the printed summary: measurements (levels, actions, failures, agents), then the result.

All tables look alike, and have as many columns as there is room for. The end is made for the last 24 lines of a
screen: totals, verdict, objectives, written reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from gradual_common.units import count
from gradual_master.reporting.tables import (
    ACTIONS,
    AGENTS,
    LEVELS,
    METRICS,
    OBJECTIVES,
    TOTALS,
    TRANSACTIONS,
    TRIALS,
    WATCHES,
    Column,
    state_of,
    watch_columns,
)
from gradual_master.reporting.text.closed_model_label import closed_model_label
from gradual_master.reporting.text.failures import title_of, why
from gradual_master.reporting.text.formatting import (
    NO_DATA,
    show_bytes,
    show_count,
    show_instant,
    show_number,
    show_rate,
    show_seconds,
    thinned,
)
from gradual_master.reporting.text.once import once_of
from gradual_master.reporting.text.paced_groups import paced_sentences
from gradual_master.results.judging.fleet import AgentRow
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.judging.verdict import Verdict
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.metrics import MetricRow
from gradual_master.results.measures.watches import WatchRow
from gradual_master.results.summary.sections import DataRow, Summary, TransactionRow

MIN_TEXT_COLUMNS = 10
"""Columns that names and remarks keep when numbers need much."""

ROOMY = ("request_rate_rps", "p90_ms", "response_time_p90_ms", "host")
WIDE = ("in_request_users", "min_ms", "mean_ms", "max_ms", "response_time_min_ms", "response_time_mean_ms")
MIN_TERMINAL_COLUMNS = dict.fromkeys(ROOMY, 100) | dict.fromkeys(WIDE, 130)
"""The terminal width from which on a column is shown; columns that are not named here are always shown."""

MAX_LEVEL_ROWS = 40
"""Rows of the level table; of a longer one some are shown, evenly chosen."""

MAX_ERRORS = 10
"""Errors that are printed one by one, the most frequent first."""

LEVEL_COLUMNS = (
    "start_s users_of_target in_request_users requests request_rate_rps throughput_rps"
    " min_ms mean_ms p50_ms p90_ms p95_ms p99_ms max_ms failed remarks"
)
ACTION_TIMES = (
    "response_time_min_ms response_time_mean_ms response_time_p50_ms response_time_p90_ms response_time_p95_ms"
    " response_time_p99_ms response_time_max_ms failed"
)
TRANSACTION_COLUMNS = "count duration_p50_ms duration_p95_ms duration_p99_ms duration_max_ms failed"
METRIC_COLUMNS = "name unit count sum rate mean p50 p95 p99 max missing"
WATCH_COLUMNS = "name unit count gaps mean min p95 max failed_since_s"
AGENT_COLUMNS = "name requests cpu_p95_ratio loop_lag_p99_ms start_lag_p99_ms host health"

SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "warning": ("!", "yellow"), "none": (NO_DATA, "yellow")}
"""Of objectives, each with its style."""

STYLES = {"passed": "bold green", "failed": "bold red", "invalid": "bold red", "interrupted": "bold yellow"}


def levels(rows: Sequence[LevelRow], width: int, watches: Sequence[WatchRow] = ()) -> Iterator[RenderableType]:
    """One row a level: when, how many users, how much came of them, and what the system's own metrics said."""
    chosen = LEVELS.choose(LEVEL_COLUMNS)
    chosen[-1:-1] = watch_columns(watches)
    columns = fitting(chosen, width)
    if len({row.phase for row in rows}) > 1:
        columns.insert(0, LEVELS["phase"])
    shown = thinned(rows, MAX_LEVEL_ROWS)
    yield draw("Levels", columns, shown, width, lambda column, row: "yellow" if column.name == "remarks" else "")
    if len(shown) < len(rows):
        yield indented(f"{len(shown)} of {len(rows)} levels; the JSON summary has all of them", "dim")


def actions(summary: Summary, width: int) -> RenderableType:
    """One row a step."""
    seconds = summary.run.measured_s
    rate = Column("request_rate_rps", "req/s", lambda row: row.requests, lambda count: show_rate(count, seconds))
    has_groups = len({row.group for row in summary.actions}) > 1
    names = "group_and_step requests" if has_groups else "step requests"
    columns = fitting([*ACTIONS.choose(names), rate, *ACTIONS.choose(ACTION_TIMES)], width)
    return draw("Actions", columns, summary.actions, width, _mark_failed)


def transactions(rows: Sequence[TransactionRow], width: int) -> RenderableType:
    """One row a transaction, polls among them."""
    name = "group_and_transaction" if len({row.group for row in rows}) > 1 else "transaction"
    columns = fitting(TRANSACTIONS.choose(f"{name} {TRANSACTION_COLUMNS}"), width)
    return draw("Transactions", columns, rows, width, _mark_failed)


def trials(summary: Summary, width: int) -> RenderableType:
    """One row a level that a search for capacity has tried."""
    columns = fitting(TRIALS.choose("started_s target_users purpose outcome why"), width)
    rows = tuple(TRIALS.rows(summary))
    return draw("Trials", columns, rows, width, lambda column, row: "" if row.outcome == "passed" else "yellow")


def metrics(rows: Sequence[MetricRow], width: int) -> RenderableType:
    """One row a custom metric, in its own unit."""
    columns = fitting(METRICS.choose(METRIC_COLUMNS), width)
    return draw("Metrics", columns, rows, width, lambda column, row: "")


def watches(rows: Sequence[WatchRow], width: int) -> RenderableType:
    """One row a metric of the system itself."""
    columns = fitting(WATCHES.choose(WATCH_COLUMNS), width)
    return draw("System", columns, rows, width, lambda column, row: "yellow" if row.failed_since_s is not None else "")


def _mark_failed(column: Column, row: Any) -> str:
    return "red" if column.name == "failed" and row.failures else ""


def failures(rows: Sequence[ErrorRow]) -> Iterator[RenderableType]:
    """What failed, how often, where and when, and the first cause of each."""
    if not rows:
        return
    yield Text("\nErrors", "bold")
    for row in rows[:MAX_ERRORS]:
        yield indented(title_of(row), "red")
        if cause := why(row):
            yield indented(cause, "dim", by=4)
    if len(rows) > MAX_ERRORS:
        yield indented(f"and {len(rows) - MAX_ERRORS} more; the reports have all of them", "dim")


def agents(rows: Sequence[AgentRow], width: int) -> RenderableType:
    """One row an agent."""
    columns = fitting(AGENTS.choose(AGENT_COLUMNS), width)
    return draw("Agents", columns, rows, width, lambda column, row: "red" if column.name == "health" else "")


def warnings(verdict: Verdict) -> Iterator[RenderableType]:
    """The warnings, printed above the verdict, so that many warnings never push it off the screen."""
    if verdict.warnings:
        yield Text("\nWarnings", "bold")
        yield from (indented(f"! {warning}", "yellow") for warning in verdict.warnings)


def answer(summary: Summary) -> Iterator[RenderableType]:
    """What the run says of the system."""
    if sentences := summary.analysis.answer:
        yield below_a_blank(Padding(Text(" ".join(sentences)), 0, expand=False))


def totals(summary: Summary) -> RenderableType:
    """The whole run in a few lines."""
    whole = summary.totals
    table = RichTable(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    failed = f"{show_count(whole.failures)} failed ({TOTALS['failed'].text(whole)})"
    rates = f"{show_number(whole.request_rate_rps)} req/s, {show_number(whole.throughput_rps)} ok/s"
    requests = f"{count(whole.requests, 'request')}, {rates}; "
    table.add_row(Text("Totals", "bold not dim"), Text.assemble(requests, (failed, "red" if whole.failures else "")))
    data = f"{show_bytes(whole.bytes_received)} received, {show_bytes(whole.bytes_sent)} sent"
    table.add_row("", f"{count(whole.iterations, 'iteration')}; {data}")
    times = TOTALS.choose("min_ms mean_ms p50_ms p90_ms p95_ms p99_ms max_ms")
    table.add_row("time, ms", ", ".join(f"{each.heading.split()[0]} {each.text(whole)}" for each in times))
    if label := closed_model_label(summary.analysis.closed_model):
        table.add_row("", label)
    for sentence in paced_sentences(summary.groups):
        table.add_row("pacing", Text(sentence))
    # Counts of 0 are left out.
    messages = TOTALS.choose(
        "sent warm_up_sent setup_sent interrupted unsent skipped hops retried resent further auth_sent"
    )
    if counts := ", ".join(f"{each.text(whole)} {each.heading}" for each in messages if each.read(whole)):
        table.add_row("messages", counts)
    for row in summary.data:
        table.add_row("data", _describe_data(row))
    for name, ended in once_of(summary).items():
        table.add_row(name, Text(ended, "red" if ended.startswith("failed") else ""))
    return below_a_blank(table)


def _describe_data(row: DataRow) -> str:
    rows = f"{row.used:,} of {count(row.rows, 'row')} of {row.name} used, {row.handed_out:,} handed out"
    return rows + (f", {row.lost:,} lost" if row.lost else "") + ("; none is left" if row.exhausted else "")


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
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text("Objectives", "bold not dim"), overflow="fold")
    observed, samples = OBJECTIVES.choose("observed_in_unit samples")
    for column in (observed, samples):
        table.add_column(column.heading.lower(), justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        sign, style = SIGNS[state_of(row)]
        name = Text.assemble((f"{sign} ", style), row.name, (_rule(row), "dim"))
        table.add_row(name, Text(observed.text(row), style), samples.text(row), Text(_note(row), style))
    return below_a_blank(table)


def _rule(row: ObjectiveRow) -> str:
    """The rule, if the name does not contain its limit; a name that is made of the rule does."""
    limit = row.rule.split()[-1]
    return "" if limit in row.name else f"  {row.rule}"


def _note(row: ObjectiveRow) -> str:
    """The note beside the numbers of an objective that did not pass."""
    if row.passed is None:
        return row.without_judgement
    if row.passed:
        return ""
    since = "" if row.first_failed_at_s is None else f"since {show_instant(row.first_failed_at_s)}"
    note = "no data" if row.observed is None else since
    return f"warning {note}".strip() if row.severity == "warn" else note


def reports(files: Sequence[Path]) -> Iterator[RenderableType]:
    """The last part: the written files, each path on one line, so that it can be copied."""
    if files:
        yield Text("\nReports", "bold")
        yield from (Text(f"  {path}") for path in files)


def fitting(columns: Iterable[Column], width: int) -> list[Column]:
    """The columns that a terminal has room for."""
    return [column for column in columns if MIN_TERMINAL_COLUMNS.get(column.name, 0) <= width]


def draw(
    title: str, columns: Sequence[Column], rows: Sequence[Any], width: int, style: Callable[[Column, Any], str]
) -> RenderableType:
    """A table below a blank line. The heading of its first column says what it is about.

    Texts wrap; numbers never wrap, and are aligned right. `style`: of a column's cell in a row.
    """
    headings = [title, *(column.heading.lower() for column in columns[1:])]
    cells = [[Text(column.text(row), style(column, row)) for column in columns] for row in rows]
    table = RichTable(box=None, pad_edge=False, padding=(0, _gap(headings, cells, width), 0, 0), header_style="dim")
    for number, (heading, column) in enumerate(zip(headings, columns, strict=True)):
        header = Text(heading, "" if number else "bold not dim")
        if column.is_text:
            table.add_column(header, overflow="fold", min_width=MIN_TEXT_COLUMNS)
        else:
            table.add_column(header, justify="right" if number else "left", no_wrap=True)
    for row in cells:
        table.add_row(*row)
    return below_a_blank(table)


def _gap(headings: Sequence[str], cells: Sequence[Sequence[Text]], width: int) -> int:
    """Two blanks between columns where that leaves everything on one line, else one."""
    longest = (max([len(heading), *(row[index].cell_len for row in cells)]) for index, heading in enumerate(headings))
    return 2 if sum(longest) + 2 * len(headings) <= width else 1


def below_a_blank(part: RenderableType) -> RenderableType:
    """The part with a blank line above it."""
    return Group("", part)


def indented(text: str, style: str = "", by: int = 2) -> Padding:
    """A line that stays indented where it wraps."""
    return Padding(Text(text, style), (0, 0, 0, by), expand=False)
