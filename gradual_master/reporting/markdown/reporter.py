"""The summary as Markdown for a pull request's comment or a job's page (`-o markdown=PATH`).

The verdict first, then what it rests on; what is seldom asked for is folded away. Whatever the run, it fits GitHub's
limit (`markdown_page`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradual_common.units import count
from gradual_master.reporting.interface.files import FileReporter
from gradual_master.reporting.markdown.page import LONGEST_SENTENCE, Block, MarkdownPage, bullets, escape, table
from gradual_master.reporting.text.failures import why
from gradual_master.reporting.text.formatting import (
    NO_DATA,
    show_count,
    show_health,
    show_instant,
    show_number,
    show_percent,
    show_percentiles,
    show_seconds,
    show_share,
    show_value,
    thinned,
)
from gradual_master.reporting.text.level_notes import notes_of
from gradual_master.results.judging.fleet import AgentRow
from gradual_master.results.judging.objectives import ObjectiveRow
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.levels import LevelRow
from gradual_master.results.section import plain
from gradual_master.results.summary.sections import ActionRow, Summary, TotalsSection

MOST_LEVELS = 20
MOST_FAILURES = 20
MOST_AGENTS = 20

VERDICTS = {
    "passed": ("✅", "passed"),
    "failed": ("❌", "failed"),
    "invalid": ("⚠️", "invalid: this run is no measurement to rely on"),
    "interrupted": ("⏹️", "interrupted: the run did not reach its end"),
}

DETAILS = "<details>\n<summary>Actions, single failures, phases, agents and the run itself</summary>\n\n"
END = "</details>\n"


class MarkdownReporter(FileReporter):
    """Writes the page when the run is judged."""

    option = "markdown"
    default = "summary.md"

    def render(self, summary: Summary) -> str:
        """The page."""
        return render_markdown(summary)


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


def _blocks(summary: Summary) -> Iterator[Block]:
    """What the verdict rests on."""
    yield bullets("", summary.verdict.reasons)
    yield _objectives(summary.verdict.objectives)
    yield _figures(summary.totals)
    yield _comparison(summary.comparison)
    yield _levels(summary.levels)
    yield _failures(summary.errors)
    yield _agents("Agents to look at", [row for row in summary.agents if row.lost or row.saturated])
    yield bullets("Warnings", summary.verdict.warnings)


def _details(summary: Summary) -> Iterator[Block]:
    yield _actions(summary.actions)
    yield _samples(summary.error_samples)
    yield _phases(summary)
    yield _agents("Agents", summary.agents)
    yield _run(summary)


def _heading(summary: Summary) -> str:
    verdict, run = summary.verdict, summary.run
    emoji, words = VERDICTS[verdict.status]
    facts = [show_seconds(run.duration_s), f"run {escape(run.id)}", f"exit code {verdict.code}"]
    return f"### {emoji} {escape(run.name)}: {words}{_extent(summary)}\n\n{', '.join(facts)}\n\n"


def _extent(summary: Summary) -> str:
    """How many objectives failed, or that there are warnings."""
    objectives, warnings = summary.verdict.objectives, len(summary.verdict.warnings)
    failed = sum(row.passed is False and row.severity == "fail" for row in objectives)
    if summary.verdict.status == "failed" and failed:
        return f" ({failed} of {count(len(objectives), 'objective')})"
    return f", with {count(warnings, 'warning')}" if summary.verdict.status == "passed" and warnings else ""


def _objectives(objectives: Sequence[ObjectiveRow]) -> Block:
    """Those that did not pass come first: they must not be what there is no room for."""
    ordered = sorted(objectives, key=_weight)
    rows = [
        (_state(row), escape(row.name), show_value(row.observed, row.unit), show_count(row.samples)) for row in ordered
    ]
    return table("Objectives", ("", "objective", "observed", "samples"), rows, texts=2)


def _weight(row: ObjectiveRow) -> int:
    """The lowest first: failed, warned, not judged, passed."""
    if row.passed is False:
        return 0 if row.severity == "fail" else 1
    return 2 if row.passed is None else 3


def _state(row: ObjectiveRow) -> str:
    if row.passed:
        return "✅ passed"
    if row.passed is None:
        return f"⚪ {row.without_judgement}"
    state = "no data" if row.observed is None else "failed"
    return f"❌ {state}" if row.severity == "fail" else f"⚠️ warning: {state}"


def _figures(totals: TotalsSection) -> Block:
    times = totals.response_time_ms
    row = (
        show_count(totals.requests),
        show_percent(totals.error_rate),
        show_number(totals.throughput_rps),
        *show_percentiles(times),
        show_number(times.max),
    )
    return table("Key figures", ("requests", "failed", "ok/s", *PERCENTILES, "max ms"), [row], texts=0)


PERCENTILES = ("p50 ms", "p95 ms", "p99 ms")


def _comparison(comparison: Mapping[str, Any] | None) -> Block:
    """Every figure of it by its path: what a comparison says is not settled by the summary's schema."""
    leaves = _leaves(comparison or {})
    rows = [(escape(path), escape(NO_DATA if value is None else str(value))) for path, value in leaves]
    return table("Compared with the baseline", ("", ""), rows, texts=2)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value, 1):
            yield from _leaves(entry, f"{path} {number}")
    else:
        yield path, value


def _levels(levels: Sequence[LevelRow]) -> Block:
    phases = len({row.phase for row in levels}) > 1
    shown = thinned(levels, MOST_LEVELS)
    columns = (*(("phase",) if phases else ()), "from", "target", "users", "ok/s", *PERCENTILES, "failed", "")
    rows = [(*((escape(row.phase),) if phases else ()), *_level(row)) for row in shown]
    note = f"{len(shown)} of {len(levels):,} levels, evenly chosen" if len(shown) < len(levels) else ""
    return table("Levels", columns, rows, texts=int(phases), note=note)


def _level(row: LevelRow) -> tuple[str, ...]:
    return (
        show_instant(round(row.start_s, 1)),
        show_number(row.target),
        show_number(row.users_mean),
        show_number(row.throughput_rps),
        *show_percentiles(row.response_time_ms),
        show_share(row.failures, row.requests),
        escape("; ".join(notes_of(row))),
    )


def _failures(errors: Sequence[ErrorRow]) -> Block:
    """The most frequent first."""
    rows = [
        (
            escape(row.label),
            _step(row),
            show_count(row.count),
            show_percent(row.share),
            show_instant(round(row.first_s, 1)),
            show_instant(round(row.last_s, 1)),
            escape(why(row), LONGEST_SENTENCE),
        )
        for row in errors
    ]
    columns = ("error", "action", "count", "of its requests", "first", "last", "first cause")
    return table("Errors", columns, rows, texts=2, most=MOST_FAILURES)


def _step(row: ActionRow | ErrorRow | Mapping[str, Any]) -> str:
    return escape(f"{row['group']} / {row['step']}")


def _actions(actions: Sequence[ActionRow]) -> Block:
    rows = [
        (
            _step(row),
            show_count(row.requests),
            show_share(row.failures, row.requests),
            *show_percentiles(row.response_time_ms),
            show_number(row.response_time_ms.max),
        )
        for row in actions
    ]
    return table("Actions", ("action", "requests", "failed", *PERCENTILES, "max ms"), rows)


def _samples(samples: Sequence[Any]) -> Block:
    """What single failures looked like, without what was sent and received: that is in the JSON summary."""
    rows = [
        (
            _step(sample),
            escape(sample["kind"]),
            show_instant(sample["at_s"]),
            str(sample["response"]["status_code"]) if sample["response"] is not None else NO_DATA,
            escape(sample["detail"] or "", LONGEST_SENTENCE),
        )
        for sample in map(plain, samples)
    ]
    return table("Single failures", ("action", "kind", "at", "status", ""), rows, texts=5, most=MOST_FAILURES)


def _phases(summary: Summary) -> Block:
    rows = [
        (
            escape(row.name),
            show_instant(row.start_s),
            show_instant(row.end_s),
            show_count(row.requests),
            show_percent(row.error_rate),
            show_number(row.throughput_rps),
            *show_percentiles(row.response_time_ms),
        )
        for row in summary.phases
    ]
    return table("Phases", ("phase", "from", "to", "requests", "failed", "ok/s", *PERCENTILES), rows)


def _agents(title: str, agents: Sequence[AgentRow]) -> Block:
    rows = [
        (
            escape(row.name),
            show_health(row),
            show_count(row.requests),
            show_percent(row.cpu_p95),
            show_number(row.loop_lag_ms_p99, 2),
            show_number(row.start_lag_ms_p99, 2),
        )
        for row in agents
    ]
    columns = ("agent", "", "requests", "cpu p95", "loop lag p99 ms", "start lag p99 ms")
    return table(title, columns, rows, texts=2, most=MOST_AGENTS)


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
        **{f"tag {name}": value for name, value in run.tags.items()},
    }
    rows = [(escape(name), escape(value, LONGEST_SENTENCE)) for name, value in facts.items() if value is not None]
    return table("Run", ("", ""), rows, texts=2)
