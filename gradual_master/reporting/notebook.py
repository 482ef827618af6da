"""A summary where a notebook shows it: the verdict, its reasons, and the level table, as HTML without any style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from gradual_master.results.measures.levels import LevelRow
from gradual_master.results.summary.sections import Summary

COLUMNS = ("from s", "target", "users", "ok/s", "p50 ms", "p95 ms", "p99 ms", "requests", "failed", "marks")


def render_html(summary: Summary) -> str:
    """HTML with every text escaped."""
    verdict = summary.verdict
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in (*verdict.reasons, *verdict.warnings))
    return (
        f"<p><strong>{escape(verdict.status)}</strong> {escape(summary.run.name)}</p>"
        f"{f'<ul>{reasons}</ul>' if reasons else ''}{_table(summary.levels)}"
    )


def _table(levels: Sequence[LevelRow]) -> str:
    rows = "".join(_row(_cells(level), "td") for level in levels)
    return f"<table><thead>{_row(COLUMNS, 'th')}</thead><tbody>{rows}</tbody></table>"


def _row(cells: Iterable[object], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(_text(cell))}</{tag}>" for cell in cells) + "</tr>"


def _cells(level: LevelRow) -> tuple[object, ...]:
    times = level.response_time_ms
    marks = ", ".join((*(["warm-up"] if level.warm_up else []), *level.marks))
    return (
        level.start_s,
        level.target,
        level.users_mean,
        level.throughput_rps,
        times.p50,
        times.p95,
        times.p99,
        level.requests,
        level.failures,
        marks,
    )


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float) and abs(cell) < 10_000:
        return f"{cell:,.4g}"
    return f"{cell:,.0f}" if isinstance(cell, int | float) else str(cell)
