"""The page: what it shows, in its order, and the words that describe its charts to those who do not see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from gradual_common.clock import NS_PER_S
from gradual_common.kinds.failed_exchange import title_of_request, title_of_response
from gradual_master.reporting import tables
from gradual_master.reporting.charts.against_users import level_charts
from gradual_master.reporting.charts.comparison_intervals import interval_plots
from gradual_master.reporting.charts.events import marks_of
from gradual_master.reporting.charts.heat import heat_grid
from gradual_master.reporting.charts.limits import Limit, limits_of
from gradual_master.reporting.charts.over_time import time_charts
from gradual_master.reporting.charts.scalability import scalability_chart
from gradual_master.reporting.charts.time_series import OVER_TIME, failures_of, scheduled_users
from gradual_master.reporting.html import captions, embedding
from gradual_master.reporting.html.small_charts import HEIGHT, WIDTH, OverviewChart, histograms_of, overview_charts
from gradual_master.reporting.text import formatting
from gradual_master.reporting.text.closed_model_label import closed_model_label
from gradual_master.reporting.text.failures import kind_names
from gradual_master.reporting.text.once import once_of
from gradual_master.reporting.text.paced_groups import paced_sentences
from gradual_master.reporting.text.scalability_figures import scalability_figures
from gradual_master.reporting.text.shown_comparison import headline, remarks
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.searched_levels import NO_TRIALS
from gradual_master.results.measures.series import Point
from gradual_master.results.section import plain
from gradual_master.results.summary.history import History
from gradual_master.results.summary.sections import Summary

OPTIONAL = {"watches": "System", "metrics": "Metrics", "data": "Data"}
"""Sections that only some plans have, each with the key of the summary that it shows."""

SECTIONS = (
    ("verdict", "Verdict"),
    ("scalability", "Scalability"),
    ("comparison", "Comparison"),
    ("objectives", "Objectives"),
    ("figures", "Key figures"),
    ("levels", "Levels"),
    ("trials", "Trials"),
    ("over-time", "Over time"),
    ("actions", "Actions"),
    *OPTIONAL.items(),
    ("errors", "Errors"),
    ("fleet", "Fleet"),
    ("plan", "Plan"),
    ("facts", "About this run"),
)


@dataclass(frozen=True, slots=True)
class OverTime:
    """The parts of the page that need a history; empty without one."""

    history: History | None
    most_users: float | None
    charts: Sequence[captions.Captioned] = ()
    rows: Sequence[tuple[Point, Mapping[str, int]]] = ()
    """Neighbouring points, each with its failures by what they are called."""

    overview: Sequence[OverviewChart] = ()
    end_s: float = 0.0
    steps: Markup | None = None


def render_report(summary: Summary) -> str:
    """The whole page as text."""
    limits = limits_of(summary.verdict.objectives, summary.actions)
    drawn = charted(summary)
    levels = [captions.of_level_chart(chart, drawn) for chart in level_charts(drawn, limits)]
    scalability = _scalability(summary)
    names = kind_names(summary.errors)
    over_time = _over_time(summary, limits, names)
    absent = {name for name in OPTIONAL if not summary[name]} | (set() if scalability else {"scalability"})
    absent |= {"trials"} if summary.analysis.capacity is None else set()
    absent |= {"comparison"} if summary.comparison is None else set()
    charts = [entry.chart for entry in (*scalability, *levels, *over_time.charts)]
    ours = embedding.Script.of(embedding.package_text("report.js"))
    return _template().render(
        summary=summary,
        sections=[section for section in SECTIONS if section[0] not in absent],
        scalability=scalability[0] if scalability else None,
        level_charts=levels,
        watch_columns=tables.watch_columns(summary.watches),
        always_failing=formatting.always_failing(summary.levels),
        over_time=over_time,
        histograms=histograms_of(summary.actions),
        error_samples=plain(summary.error_samples),
        places={(row.group, row.step): place for place, row in enumerate(summary.actions)},
        kind_names=names,
        charts=embedding.charts_json(charts) if charts else None,
        css=Markup(embedding.package_text("report.css")),  # noqa: S704 - ours
        scripts=[embedding.bokeh_script(), ours] if charts else [ours],
    )


def charted(summary: Summary) -> Sequence[LevelRow]:
    """The levels of the charts against users: of a search its trials, by users, since it goes up and down."""
    if summary.analysis.capacity is None:
        return summary.levels
    tried = [row for row in summary.levels if not NO_TRIALS & set(row.marks)]
    return sorted(tried, key=lambda row: row.users_mean or 0.0)


def _scalability(summary: Summary) -> tuple[captions.Captioned, ...]:
    """The chart of the fitted law; none if nothing was fitted."""
    found = summary.analysis.scalability
    chart = scalability_chart(found)
    return (captions.of_scalability(chart, found),) if chart is not None and found is not None else ()


def _over_time(summary: Summary, limits: Sequence[Limit], names: Mapping[str, str]) -> OverTime:
    history = summary.history
    if history is None or not len(history.series):
        return OverTime(history, max((row.target for row in summary.levels), default=None))
    series, schedule = history.series, history.schedule
    until = float(series.end_s[-1])
    charts = time_charts(
        series,
        marks_of(schedule, history.news, until),
        heat_grid(series),
        limits=limits,
        targets=scheduled_users(schedule),
        kind_names=names,
        watches=history.watches,
    )
    labels = [names.get(kind, kind) for kind in series.failures.names]
    steps = embedding.steps_document(summary.actions, history.steps)
    return OverTime(
        history,
        max((change.target for change in schedule.changes if change.at < until * NS_PER_S), default=0),
        charts=[captions.of_time_chart(chart, series, summary.errors, history.watches) for chart in charts],
        rows=[(point, failures_of(point, labels)) for point in OVER_TIME.rows(series)],
        overview=overview_charts(series, schedule, limits),
        end_s=until,
        steps=embedding.as_json(steps) if steps else None,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("gradual_master.reporting.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {name.removeprefix("show_"): show for name, show in vars(formatting).items() if name.startswith("show_")}
    environment.filters.update(**filters, request_title=title_of_request, response_title=title_of_response)
    environment.globals.update(
        tables=tables,
        once_of=once_of,
        scalability_figures=scalability_figures,
        closed_model_label=closed_model_label,
        comparison_headline=headline,
        comparison_remarks=remarks,
        interval_plots=interval_plots,
        paced_sentences=paced_sentences,
        OVER_TIME=OVER_TIME,
        notes_of=formatting.notes_of,
        panel_size=(WIDTH, HEIGHT),
    )
    return environment.get_template("report.html.j2")
