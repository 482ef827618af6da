"""A small histogram of response times, as the geometry of an SVG: one strip per action, all on the same axis.

The axis is logarithmic, as the buckets are, so that equal distances are equal ratios and strips can be compared.
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
    """A percentile on a strip; `x` in units of its width."""

    name: str
    x: float
    ms: float


@dataclass(frozen=True, slots=True)
class ActionHistogram:
    """One histogram: the outline of its bars as an SVG path of `WIDTH` × `HEIGHT`, and its percentiles."""

    path: str
    ticks: tuple[PercentileTick, ...]


@dataclass(frozen=True, slots=True)
class ActionHistograms:
    """The strips of some actions (None for one without a response), and the ends of their axis in ms."""

    low_ms: float
    high_ms: float
    rows: tuple[ActionHistogram | None, ...]


def histograms_of(actions: Sequence[ActionRow]) -> ActionHistograms | None:
    """The strips of all actions on one axis; None when none of them has a response."""
    counts = [Histogram.from_json(row.histogram).counts for row in actions]
    filled = np.flatnonzero(np.sum(counts, axis=0)) if counts else np.array([], dtype=np.int64)
    if not len(filled):
        return None
    axis = _Axis.over(int(filled[0]), int(filled[-1]))
    strips = tuple(axis.strip(each, row) if each.any() else None for each, row in zip(counts, actions, strict=True))
    return ActionHistograms(axis.low_ms, axis.high_ms, strips)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Buckets `first` to `end` (exclusive), `each` of them a bar."""

    first: int
    end: int
    each: int

    @classmethod
    def over(cls, first: int, last: int) -> _Axis:
        each = max(1, ceil((last + 1 - first) / BARS))
        return cls(first, min(len(EDGE_ARRAY) - 1, first + each * BARS), each)

    @property
    def low_ms(self) -> float:
        return float(EDGE_ARRAY[self.first]) / NS_PER_MS

    @property
    def high_ms(self) -> float:
        return float(EDGE_ARRAY[self.end]) / NS_PER_MS

    def strip(self, counts: Int64, row: ActionRow) -> ActionHistogram:
        bars = np.add.reduceat(counts[self.first : self.end], range(0, self.end - self.first, self.each))
        return ActionHistogram(_outline(bars), tuple(self._ticks(row)))

    def _ticks(self, row: ActionRow) -> list[PercentileTick]:
        known = [(name, getattr(row.response_time_ms, name)) for name in PERCENTILES]
        return [PercentileTick(name, round(self._x(ms), 1), ms) for name, ms in known if ms]

    def _x(self, ms: float) -> float:
        place = log(ms / self.low_ms) / log(self.high_ms / self.low_ms)
        return WIDTH * min(1.0, max(0.0, place))


def _outline(bars: Int64) -> str:
    """Steps from the lower left corner to the lower right one; a bar that holds anything can be seen."""
    width, most = WIDTH / len(bars), int(bars.max())
    tops = [HEIGHT - (max(1.0, HEIGHT * count / most) if count else 0.0) for count in bars.tolist()]
    steps = "".join(f"V{top:.1f}h{width:.2f}" for top in tops)
    return f"M0 {HEIGHT}{steps}V{HEIGHT}Z"
