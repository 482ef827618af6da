"""The limits that a plan sets, for the charts that show what they limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bokeh.models import LogScale
from bokeh.plotting import figure

from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import RATES, TAG, TIMES, Scope
from gradual_master.reporting.charts.parts import GREY, Key
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.summary.sections import ActionRow

MAX_LIMIT_TO_PEAK, MAX_LIMIT_TO_PEAK_LOG = 3.0, 10.0
"""A limit is drawn up to this multiple of the largest value: a higher one would press the lines flat."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal line."""

    chart: Literal["latency", "throughput"]
    text: str

    value: float
    """Milliseconds, or requests per second."""

    steps: tuple[int, ...] | None
    """The rows of actions that it is about; None: all of them."""


def limits_of(objectives: Iterable[ObjectiveRow], actions: Sequence[ActionRow]) -> tuple[Limit, ...]:
    """The limits of response times and of rates."""
    limits = []
    for row in objectives:
        rule = parse_rule(row.rule)
        is_time = rule.quantile is not None or rule.statistic in TIMES
        if rule.series == "" and (is_time or rule.statistic in RATES):
            # A rule with a `*` names no steps; its row does.
            scope = parse_rule(f"count({row.scope}) > 0").scope if rule.scope.starred else rule.scope
            limits.append(Limit("latency" if is_time else "throughput", row.name, row.limit, _steps_of(scope, actions)))
    return tuple(limits)


def _steps_of(scope: Scope, actions: Sequence[ActionRow]) -> tuple[int, ...] | None:
    dimensions = [name for name in scope.dimensions if name not in ("phase", "kind") and scope.names(name)]
    if not dimensions:
        return None
    return tuple(
        index
        for index, row in enumerate(actions)
        if all(_name_of(row, dimension) in scope.names(dimension) for dimension in dimensions)
    )


def _name_of(row: ActionRow, dimension: str) -> str | None:
    """The name that a row has in a dimension; None if it has none."""
    name: str | None = (
        row.tags.get(dimension.removeprefix(TAG)) if dimension.startswith(TAG) else getattr(row, dimension, None)
    )
    return name


def draw_limits(
    drawn: figure, chart: str, limits: Iterable[Limit], ends: tuple[float, float], peak: float
) -> tuple[Key, ...]:
    """A line of dots and dashes for each limit of `chart`, from end to end; those of single actions are hidden.

    `peak`: the largest value that is drawn.
    """
    farthest = peak * (MAX_LIMIT_TO_PEAK_LOG if isinstance(drawn.y_scale, LogScale) else MAX_LIMIT_TO_PEAK)
    keys = []
    for number, limit in enumerate(limit for limit in limits if limit.chart == chart):
        is_near = limit.value <= farthest  # False without measurements: then the peak is NaN
        if not is_near:
            keys.append(Key(f"{limit.text} (above)", GREY, "dotdash", "", True, limit.steps))
            continue
        name = f"limit_{number}"
        line = drawn.line(list(ends), [limit.value] * 2, name=name, line_color=GREY, line_dash="dotdash", line_width=2)
        line.visible = limit.steps is None
        keys.append(Key(limit.text, GREY, "dotdash", name, True, limit.steps))
    return tuple(keys)
