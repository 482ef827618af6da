"""Small histograms of response times, as the geometry of SVGs: one per action, all on the same axis.

The axis is logarithmic, as the buckets are, so that equal distances are equal ratios and histograms can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.buckets import EDGE_ARRAY, Int64
from gradual_common.histogram.histogram import Histogram
from gradual_master.results.summary.sections import ActionRow

WIDTH, HEIGHT = 240, 32
BARS = 60
PERCENTILES = ("p50", "p95", "p99")


@dataclass(frozen=True, slots=True)
class PercentileTick:
    """A percentile in a histogram."""

    name: str

    x: float
    """Of `WIDTH`."""

    ms: float


@dataclass(frozen=True, slots=True)
class ActionHistogram:
    """One histogram."""

    path: str
    """The upper edge of its bars as an SVG path within `WIDTH` × `HEIGHT`."""

    ticks: tuple[PercentileTick, ...]


@dataclass(frozen=True, slots=True)
class ActionHistograms:
    """The histograms of some actions, and the ends of their axis."""

    low_ms: float
    high_ms: float

    rows: tuple[ActionHistogram | None, ...]
    """None for an action without a response."""


def histograms_of(actions: Sequence[ActionRow]) -> ActionHistograms | None:
    """Those of all actions on one axis, at most `BARS` bars each; None when none of them has a response."""
    counts = [Histogram.from_json(row.histogram).counts for row in actions]
    filled = np.flatnonzero(np.sum(counts, axis=0)) if counts else np.array([], dtype=np.int64)
    if not len(filled):
        return None
    first = int(filled[0])
    buckets = max(1, ceil((int(filled[-1]) + 1 - first) / BARS))
    end = min(len(EDGE_ARRAY) - 1, first + buckets * BARS)
    low_ms, high_ms = (float(EDGE_ARRAY[edge]) / NS_PER_MS for edge in (first, end))
    starts = range(0, end - first, buckets)
    rows = tuple(
        ActionHistogram(_bars(np.add.reduceat(each[first:end], starts)), _ticks(row, low_ms, high_ms))
        if each.any()
        else None
        for each, row in zip(counts, actions, strict=True)
    )
    return ActionHistograms(low_ms, high_ms, rows)


def _ticks(row: ActionRow, low_ms: float, high_ms: float) -> tuple[PercentileTick, ...]:
    def place(ms: float) -> float:
        return WIDTH * min(1.0, max(0.0, log(ms / low_ms) / log(high_ms / low_ms)))

    known = [(name, row.response_time_ms[name]) for name in PERCENTILES]
    return tuple(PercentileTick(name, round(place(ms), 1), ms) for name, ms in known if ms)


def _bars(bars: Int64) -> str:
    """Steps from the lower left corner to the lower right one; a bar that holds anything can be seen."""
    width, most = WIDTH / len(bars), int(bars.max())
    tops = [HEIGHT - (max(1.0, HEIGHT * count / most) if count else 0.0) for count in bars.tolist()]
    steps = "".join(f"V{top:.1f}h{width:.2f}" for top in tops)
    return f"M0 {HEIGHT}{steps}V{HEIGHT}Z"
