"""The history of a baseline in a terminal: a row of blocks per metric, and its change points in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradual_common.units import count
from gradual_master.analysis.change_points import ChangePoint
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.comparing.history import MetricHistory
from gradual_master.reporting.text.formatting import show_number
from gradual_master.store.runs import StoredRun

BLOCKS = "▁▂▃▄▅▆▇█"
CHANGE = "│"
MIN_RUNS = 10
"""With fewer no step is seldom enough among permutations: 4 + 5 runs have 126 divisions, and two of them are it."""

_TITLES = {metric.name: metric.title for metric in METRICS}


def history_lines(histories: Sequence[MetricHistory], runs: Sequence[StoredRun]) -> Iterator[str]:
    """The drawing and the sentences; `runs`: those of the values, the oldest first."""
    if len(runs) < MIN_RUNS:
        yield f"History: {count(len(runs), 'run')}; from {MIN_RUNS} on a change can be shown at 1 %."
        return
    yield f"History, the oldest first; {CHANGE} is where the level changed"
    for history in histories:
        yield f"  {_TITLES[history.metric]:<25} {draw(history)}"
    changes = [(history, point) for history in histories for point in history.change_points]
    yield from (f"- {sentence(history, point, runs)}" for history, point in changes)
    if not changes:
        yield "- No change of the level was found (E-divisive, 1 %)."


def draw(history: MetricHistory) -> str:
    """A block per run, from the smallest value to the largest, with a line before each change."""
    low, high = min(history.values), max(history.values)
    cuts = {point.index for point in history.change_points}
    blocks = [BLOCKS[_height(value, low, high)] for value in history.values]
    return "".join(f"{CHANGE if place in cuts else ''}{block}" for place, block in enumerate(blocks))


def _height(value: float, low: float, high: float) -> int:
    return 0 if high == low else round((value - low) / (high - low) * (len(BLOCKS) - 1))


def sentence(history: MetricHistory, point: ChangePoint, runs: Sequence[StoredRun]) -> str:
    """A change point in words."""
    before, after = (_value(history.metric, value) for value in (point.before, point.after))
    by = "" if point.change_percent is None else f" ({point.change_percent:+.1f} %)"
    return f"{_TITLES[history.metric]}: {before} before, {after}{by} from {runs[point.index].id} on (p = {point.p:g})."


def _value(metric: str, value: float) -> str:
    if metric == "error_rate":
        return f"{100 * value:.2f} %"
    return f"{show_number(value)}{'/s' if metric == 'throughput' else ' ms'}"
