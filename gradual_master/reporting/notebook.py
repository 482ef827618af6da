"""A summary where a notebook shows it: the verdict, its reasons, and the level table, as HTML without any style."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from gradual_master.reporting.tables import LEVELS
from gradual_master.reporting.text.formatting import remarks_of
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.summary.sections import Summary

NUMBERS = LEVELS.choose("start_s target_users active_users throughput_rps p50_ms p95_ms p99_ms requests failures")
HEADINGS = ("from s", *(column.heading.lower() for column in NUMBERS[1:-1]), "failed", "notes")


def render_html(summary: Summary) -> str:
    """HTML with every text escaped."""
    verdict = summary.verdict
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in (*verdict.reasons, *verdict.warnings))
    rows = "".join(_row(_cells(level), "td") for level in summary.levels)
    return (
        f"<p><strong>{escape(verdict.status)}</strong> {escape(summary.run.name)}</p>"
        f"{f'<ul>{reasons}</ul>' if reasons else ''}"
        f"<table><thead>{_row(HEADINGS, 'th')}</thead><tbody>{rows}</tbody></table>"
    )


def _row(cells: Iterable[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _cells(level: LevelRow) -> list[str]:
    failures = ("failures",) if "failures" in level.marks else ()
    return [*(_number(column.read(level)) for column in NUMBERS), ", ".join((*remarks_of(level), *failures))]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.4g}" if isinstance(value, float) and abs(value) < 10_000 else f"{value:,.0f}"
