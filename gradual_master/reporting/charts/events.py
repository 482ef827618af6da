"""What happened when: phases, levels and news as marks in time, and the strip that shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bokeh.models import ColumnDataSource, Range1d

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.charts import parts
from gradual_master.reporting.charts.parts import Chart, Key, TimeAxis, compact, instants
from gradual_master.reporting.text.formatting import show_counted
from gradual_master.results.summary.history import News

MarkKind = Literal["phase", "level", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class TimeMark:
    """Something at an instant of the run, or (a phase, a level) a part of it that starts there."""

    at_s: float
    end_s: float
    kind: MarkKind
    text: str
    warm_up: bool = False


def marks_of(schedule: Schedule, news: Iterable[News], until_s: float) -> tuple[TimeMark, ...]:
    """Phases, levels and news, cut off where the run ended; in this order."""
    timed = [(min(entry.at_s, until_s), entry) for entry in news]
    return (*_scheduled(schedule, until_s), *(TimeMark(at_s, at_s, entry.level, entry.text) for at_s, entry in timed))


def _scheduled(schedule: Schedule, until_s: float) -> Iterator[TimeMark]:
    for phase in schedule.phases:
        if (start_s := phase.start / NS_PER_S) < until_s:
            yield TimeMark(start_s, min(phase.end / NS_PER_S, until_s), "phase", phase.name, phase.warm_up)
    for level in schedule.levels:
        if (start_s := level.start / NS_PER_S) < until_s:
            yield TimeMark(start_s, min(level.end / NS_PER_S, until_s), "level", show_counted(level.target, "user"))


def events_chart(time: TimeAxis, marks: Sequence[TimeMark]) -> Chart:
    """A strip: phases as bars, levels as ticks in them, news as signs above."""
    drawn = time.figure("events", 96, y_range=Range1d(start=0, end=3))
    drawn.yaxis.visible = drawn.ygrid.visible = False
    keys = []
    for kind, label, colour in (("phase", "phase", parts.TEAL), ("level", "level begins", parts.GREY)):
        if rows := [mark for mark in marks if mark.kind == kind]:
            source = ColumnDataSource(_bars(rows), name=f"event_{kind}")
            low, high = (0.35, 1.25) if kind == "phase" else (0.35, 0.6)
            right = "end" if kind == "phase" else "begin"
            bars = drawn.quad("begin", right, high, low, source=source, name=kind, line_color=colour, fill_color=colour)
            bars.glyph.fill_alpha = "alpha"
            keys.append(Key(label, colour, "solid", kind))
    for kind, label, colour, sign in (
        ("info", "news", parts.BLUE, "circle"),
        ("warning", "warning", parts.ORANGE, "triangle"),
        ("error", "error", parts.RED, "x"),
    ):
        if rows := [mark for mark in marks if mark.kind == kind]:
            source = ColumnDataSource(_bars(rows), name=f"event_{kind}")
            drawn.scatter("begin", 2.1, source=source, marker=sign, size=9, color=colour, line_width=2, name=kind)
            keys.append(Key(label, colour, "round", kind))
    parts.add_hover(drawn, {"at": parts.WHEN, "": "@text"}, mode="mouse")
    return Chart("events", drawn, tuple(keys))


def _bars(marks: Sequence[TimeMark]) -> dict[str, Any]:
    return {
        "begin": compact([mark.at_s for mark in marks]),
        "end": compact([mark.end_s for mark in marks]),
        "when": instants(mark.at_s for mark in marks),
        "text": [f"{mark.text} (warm-up)" if mark.warm_up else mark.text for mark in marks],
        "alpha": [0.1 if mark.warm_up else 0.3 for mark in marks],
    }
