"""What repeated runs of one system differ by, per metric: the smallest change that a comparison could call one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import typer

from gradual_common.process.streams import is_utf8
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.runs import match_levels
from gradual_master.analysis.comparison.single_levels import least_effect
from gradual_master.comparing.reading import SummaryRun
from gradual_master.comparing.variation import mean_scores, variations_of
from gradual_master.reporting.text.shown_comparison import TITLES, show_change, show_metric
from gradual_master.results.section import Section

SCHEMA = "gradual.variation/1"
COLUMNS = ("metric", "mean", "variation", "a change counts from")


@dataclass(frozen=True, slots=True)
class MetricVariation(Section):
    """One metric over runs of the same system."""

    metric: str
    mean: float
    """Geometric over runs and levels; of the error rate the mean."""
    standard_deviation: float
    """Of one run: relative, of the error rate of shares."""
    min_change: float
    """The smallest change that a comparison with these runs calls better or worse."""


@dataclass(frozen=True, slots=True)
class RunVariation(Section):
    """Some runs of the same system."""

    schema: str
    runs: tuple[str, ...]
    levels: tuple[float, ...]
    metrics: tuple[MetricVariation, ...]
    """Empty for fewer than two runs."""


def find_variation(runs: Sequence[SummaryRun]) -> RunVariation:
    """The variation of each metric over the levels that all runs have."""
    compared = [one.run for one in runs]
    known, means = variations_of(compared), mean_scores(compared)
    metrics = tuple(
        MetricVariation(
            metric=metric.name,
            mean=metric.value(means[metric.name]),
            standard_deviation=known[metric.name].standard_deviation,
            min_change=metric.change(least_effect(metric, known[metric.name].standard_deviation)),
        )
        for metric in METRICS
        if metric.name in known
    )
    levels = tuple(target for target, _ in match_levels(compared)[0]) if compared else ()
    return RunVariation(SCHEMA, tuple(one.name for one in runs), levels, metrics)


def print_variation(found: RunVariation, *, as_json: bool) -> None:
    """As a table, or as JSON."""
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=not is_utf8(sys.stdout), allow_nan=False))
    else:
        typer.echo("\n".join(_lines(found)))


def _lines(found: RunVariation) -> Iterator[str]:
    if not found.metrics:
        yield f"{len(found.runs)} run(s) that can be compared: a variation needs two with levels in common."
        return
    rows = [COLUMNS, *map(_cells, found.metrics)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield f"Variation of {len(found.runs)} runs at {', '.join(f'{target:g}' for target in found.levels)} users"
    yield ""
    for row in rows:
        name, *numbers = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join([name, *(cell.strip().rjust(len(cell)) for cell in numbers)]).rstrip()


def _cells(metric: MetricVariation) -> tuple[str, ...]:
    return (
        TITLES[metric.metric],
        show_metric(metric.metric, metric.mean),
        show_change(metric.metric, metric.standard_deviation).lstrip("+"),
        show_change(metric.metric, metric.min_change).lstrip("+"),
    )
