"""The summary as Markdown for a pull request's comment or a job's page (`-o markdown=PATH`).

The verdict first, then its reasons; details are folded. The page of any run is within GitHub's length
limit (`page`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from gradual_common.kinds.failed_exchange import title_of_response
from gradual_common.units import count
from gradual_master.reporting import tables
from gradual_master.reporting.interface.files import FileReporter
from gradual_master.reporting.markdown.comparison import comparison_blocks
from gradual_master.reporting.markdown.page import (
    MAX_CELL_CHARS,
    MAX_SENTENCE_CHARS,
    Block,
    MarkdownPage,
    bullets,
    escape,
    table,
)
from gradual_master.reporting.tables import STEP, Column, state_of
from gradual_master.reporting.text.closed_model_label import closed_model_label
from gradual_master.reporting.text.formatting import NO_DATA, show_instant, show_seconds, thinned
from gradual_master.reporting.text.once import once_of
from gradual_master.reporting.text.paced_groups import paced_sentences
from gradual_master.results.judging.fleet import AgentRow
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.measures.watches import WatchRow
from gradual_master.results.section import plain
from gradual_master.results.summary.sections import Summary

MAX_LEVEL_ROWS = 20
MAX_FAILURE_ROWS = 20
MAX_AGENT_ROWS = 20

KEY_FIGURES = "requests failed throughput_rps p50_ms p95_ms p99_ms max_ms"
LEVEL_COLUMNS = "phase start_s target_users active_users throughput_rps p50_ms p95_ms p99_ms failed notes"
ERROR_COLUMNS = "label group_and_step count requests_ratio first_s last_s why"
ACTION_COLUMNS = (
    "group_and_step requests failed response_time_p50_ms response_time_p95_ms response_time_p99_ms response_time_max_ms"
)
TRANSACTION_COLUMNS = (
    "group_and_transaction count failed duration_p50_ms duration_p95_ms duration_p99_ms duration_max_ms"
)
WATCH_COLUMNS = "name unit count gaps mean min p95 max failed_since_s"
TRIAL_COLUMNS = "target_users started_s purpose outcome why"
METRIC_COLUMNS = "name unit count sum rate mean p50 p95 p99 max missing"
DATA_COLUMNS = "name rows handed_out used lost exhausted"
PHASE_COLUMNS = "name start_s end_s requests failed throughput_rps p50_ms p95_ms p99_ms"

VERDICTS = {
    "passed": ("✅", "passed"),
    "failed": ("❌", "failed"),
    "invalid": ("⚠️", "invalid: do not rely on what this run measured"),
    "interrupted": ("⏹️", "interrupted: the run did not reach its end"),
}

DETAILS = "<details>\n<summary>Actions, single failures, phases, agents and the run itself</summary>\n\n"
END = "</details>\n"


def render_markdown(summary: Summary) -> str:
    """The page, ending in a newline."""
    page = MarkdownPage()
    page.write(_heading(summary))
    for block in _blocks(summary):
        page.add(block)
    details = MarkdownPage(page.room - len(DETAILS) - len(END))
    for block in _details(summary):
        details.add(block)
    page.enclose(details, DETAILS, END)
    return page.text()


class MarkdownReporter(FileReporter):
    """Writes the page when the run is judged."""

    option = "markdown"
    default = "summary.md"
    render = staticmethod(render_markdown)


def _blocks(summary: Summary) -> Iterator[Block]:
    """The reasons of the verdict."""
    yield bullets("", summary.verdict.reasons)
    yield _objectives(summary.verdict.objectives)
    yield _table("Key figures", tables.TOTALS.choose(KEY_FIGURES), [summary.totals], texts=0, note=_times_of(summary))
    yield bullets("Pacing", paced_sentences(summary.groups))
    if summary.comparison is not None:
        yield from comparison_blocks(summary.comparison)
    yield _levels(summary.levels, summary.watches)
    yield _table("Trials", tables.TRIALS.choose(TRIAL_COLUMNS), tuple(tables.TRIALS.rows(summary)), texts=0)
    yield _table("Metrics", tables.METRICS.choose(METRIC_COLUMNS), summary.metrics, texts=2)
    yield _table("System", tables.WATCHES.choose(WATCH_COLUMNS), summary.watches, texts=2)
    yield _table("Data sets", tables.DATA.choose(DATA_COLUMNS), summary.data)
    yield _table("Errors", tables.ERRORS.choose(ERROR_COLUMNS), summary.errors, texts=2, most=MAX_FAILURE_ROWS)
    yield _agents("Agents to look at", [row for row in summary.agents if row.lost or row.saturated])
    yield bullets("Warnings", summary.verdict.warnings)


def _details(summary: Summary) -> Iterator[Block]:
    yield _table("Actions", tables.ACTIONS.choose(ACTION_COLUMNS), summary.actions)
    yield _table("Transactions", tables.TRANSACTIONS.choose(TRANSACTION_COLUMNS), summary.transactions)
    samples = list(map(plain, summary.error_samples))
    yield _table("Single failures", SAMPLE_COLUMNS, samples, texts=5, most=MAX_FAILURE_ROWS)
    yield _table("Phases", tables.PHASES.choose(PHASE_COLUMNS), summary.phases)
    yield _agents("Agents", summary.agents)
    yield _run(summary)


def _heading(summary: Summary) -> str:
    verdict, run = summary.verdict, summary.run
    emoji, words = VERDICTS[verdict.status]
    facts = [show_seconds(run.duration_s), f"run {escape(run.id)}", f"exit code {run.exit_code}"]
    answer = "".join(f"{escape(sentence, MAX_SENTENCE_CHARS)} " for sentence in summary.analysis.answer).strip()
    paragraphs = (f"### {emoji} {escape(run.name)}: {words}{_extent(summary)}", answer, ", ".join(facts))
    return "".join(f"{paragraph}\n\n" for paragraph in paragraphs if paragraph)


def _extent(summary: Summary) -> str:
    """How many objectives failed, or that there are warnings."""
    objectives, warnings = summary.verdict.objectives, len(summary.verdict.warnings)
    failed = sum(state_of(row) == "failed" for row in objectives)
    if summary.verdict.status == "failed" and failed:
        return f" ({failed} of {count(len(objectives), 'objective')})"
    return f", with {count(warnings, 'warning')}" if summary.verdict.status == "passed" and warnings else ""


def _times_of(summary: Summary) -> str:
    label = closed_model_label(summary.analysis.closed_model)
    return f"Times are those of a {label}." if label else ""


def _objectives(objectives: Sequence[ObjectiveRow]) -> Block:
    """Objectives that did not pass come first, so that they are not cut off when the room is short."""
    ordered = sorted(objectives, key=lambda row: ("failed", "warning", "none", "passed").index(state_of(row)))
    return _table("Objectives", [STATE, *tables.OBJECTIVES.choose("name observed_in_unit samples")], ordered, texts=2)


def _state(row: ObjectiveRow) -> str:
    failing = "no data" if row.observed is None else "failed"
    return {
        "passed": "✅ passed",
        "none": f"⚪ {row.without_judgement}",
        "failed": f"❌ {failing}",
        "warning": f"⚠️ warning: {failing}",
    }[state_of(row)]


STATE = Column("state", "", _state)


def _title_of(response: Any) -> str:
    return NO_DATA if response is None else escape(title_of_response(response))


def _table(title: str, columns: Sequence[Column], rows: Sequence[Any], **layout: Any) -> Block:
    """As `table`: texts are escaped, numbers hold nothing that would have to be."""

    def cell(column: Column, row: Any) -> str:
        most = MAX_SENTENCE_CHARS if column.name == "why" else MAX_CELL_CHARS
        return escape(column.text(row), most) if column.is_text else column.text(row)

    cells = [[cell(column, row) for column in columns] for row in rows]
    return table(title, [column.heading.lower() for column in columns], cells, **layout)


SAMPLE_COLUMNS = (
    STEP,
    Column("kind", "Kind", itemgetter("kind"), is_text=True),
    Column("at_s", "At", itemgetter("at_s"), show_instant),
    Column("response", "Status", itemgetter("response"), _title_of),
    Column("why", "", lambda sample: sample["detail"] or "", is_text=True),
)
"""What single failures looked like, without what was sent and received: that is in the JSON summary."""


def _levels(levels: Sequence[LevelRow], watches: Sequence[WatchRow]) -> Block:
    columns = [*tables.LEVELS.choose(LEVEL_COLUMNS), *tables.watch_columns(watches)]
    phases = len({row.phase for row in levels}) > 1
    shown = thinned(levels, MAX_LEVEL_ROWS)
    note = f"{len(shown)} of {len(levels):,} levels, evenly chosen" if len(shown) < len(levels) else ""
    return _table("Levels", columns if phases else columns[1:], shown, texts=int(phases), note=note)


def _agents(title: str, agents: Sequence[AgentRow]) -> Block:
    columns = tables.AGENTS.choose("name health requests cpu_p95_ratio loop_lag_p99_ms start_lag_p99_ms")
    return _table(title, columns, agents, texts=2, most=MAX_AGENT_ROWS)


def _run(summary: Summary) -> Block:
    run = summary.run
    facts = {
        "started": run.started_at,
        "finished": run.finished_at,
        "command": run.command,
        "profile": run.profile,
        "plan": f"sha256 {run.plan_sha256}",
        "version": run.version,
        "seed": str(run.seed),
        **once_of(summary),
        **{f"tag {name}": value for name, value in run.tags.items()},
    }
    rows = [(escape(name), escape(value, MAX_SENTENCE_CHARS)) for name, value in facts.items() if value is not None]
    return table("Run", ("", ""), rows, texts=2)
