"""The page: what it shows, in its order, and the words that describe its charts to those who do not see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from gradual_common.clock import NS_PER_S
from gradual_master.reporting import figures
from gradual_master.reporting.charts import course_charts, is_apart, level_charts
from gradual_master.reporting.course import Stretch, heat_grid, marks_of, stretches
from gradual_master.reporting.html import captions
from gradual_master.reporting.html.embedding import Script, bokeh_script, charts_json, package_text
from gradual_master.reporting.html.strips import strips_of
from gradual_master.results.chronicle import Chronicle
from gradual_master.results.levels import LevelRow
from gradual_master.results.section import plain
from gradual_master.results.summary_sections import Summary

SECTIONS = (
    ("verdict", "Verdict"),
    ("objectives", "Objectives"),
    ("figures", "Key figures"),
    ("levels", "Levels"),
    ("course", "Over time"),
    ("actions", "Actions"),
    ("errors", "Error samples"),
    ("fleet", "Fleet"),
    ("plan", "Plan"),
    ("facts", "About this run"),
)


@dataclass(frozen=True, slots=True)
class Course:
    """The parts of the page that need a chronicle; empty without one."""

    charts: tuple[captions.Captioned, ...] = ()
    table: tuple[Stretch, ...] = ()
    most_users: float | None = None
    chronicle: Chronicle | None = None


def render_report(summary: Summary) -> str:
    """The whole page as text."""
    levels = tuple(captions.of_level_chart(chart, summary.levels) for chart in level_charts(summary.levels))
    course = _course(summary)
    drawn = [entry.chart for entry in (*levels, *course.charts)]
    ours = Script.of(package_text("report.js"))
    return _template().render(
        summary=summary,
        sections=SECTIONS,
        level_charts=levels,
        course=course,
        strips=strips_of(summary.actions),
        error_samples=plain(summary.error_samples),
        charts=charts_json(drawn) if drawn else None,
        css=Markup(package_text("report.css")),  # noqa: S704 - ours
        scripts=[bokeh_script(), ours] if drawn else [ours],
    )


def _course(summary: Summary) -> Course:
    chronicle = summary.chronicle
    if chronicle is None or not len(chronicle.series):
        return Course(chronicle=chronicle, most_users=_highest_level(summary))
    series = chronicle.series
    until = float(series.end_s[-1])
    charts = course_charts(series, marks_of(chronicle.schedule, chronicle.news, until), heat_grid(series))
    return Course(
        charts=tuple(captions.of_course_chart(chart, series) for chart in charts),
        table=stretches(series),
        most_users=max(
            (change.target for change in chronicle.schedule.changes if change.at < until * NS_PER_S), default=0
        ),
        chronicle=chronicle,
    )


def _highest_level(summary: Summary) -> float | None:
    return max((row.target for row in summary.levels), default=None)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("gradual_master.reporting.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=show_count,
        number=figures.show_number,
        percent=figures.show_percent,
        clock=figures.show_seconds,
        instant=figures.show_instant,
        kinds=figures.show_kinds,
        bytes=figures.show_bytes,
        moment=show_moment,
    )
    environment.globals.update(is_apart=is_apart, notes_of=notes_of)
    return environment.get_template("report.html.j2")


def show_count(count: int | None) -> str:
    """A count, or "-" where there is none."""
    return figures.NO_DATA if count is None else figures.show_count(count)


def show_moment(instant: str) -> str:
    """An RFC 3339 instant without its fraction: `2026-01-02 03:04:05 UTC`."""
    return instant[:19].replace("T", " ") + (" UTC" if instant.endswith(("+00:00", "Z")) else instant[19:])


NOTES = {
    "failures": "many failures",
    "missing": "missing users",
    "saturated": "generator saturated",
    "unaccounted": "unaccounted time",
}


def notes_of(row: LevelRow) -> Iterator[str]:
    """What is to be said of a level."""
    if row.warm_up:
        yield "warm-up"
    yield from (NOTES.get(mark, mark) for mark in row.marks)
