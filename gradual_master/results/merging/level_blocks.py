"""A level in blocks of about 10 s: how much its values vary within a run.

A comparison of few runs draws blocks anew (`analysis.comparison.bootstrap`): within 10 s the samples keep their
autocorrelation, and half a minute of a level has three of them. Blocks give the spread only; what is compared are the
values of the level. So a late batch, which comes when the level is closed, is in the level's values and in no block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.columns import DenseHistograms
from gradual_common.histogram.histogram import Histogram, histogram_of_row
from gradual_common.kinds.failures import OK
from gradual_common.protocol.batch import MEASURES, RESPONSE_TIME
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.merging.sums import BEGIN, END, Contribution, Shape

BLOCK_NS = 10 * NS_PER_S
TOLERANCE_NS = NS_PER_S // 2
"""An interval at the edge of a level is a little shorter than the others."""

Chunk = Sequence[Contribution]
"""What was measured at the same time."""


@dataclass(frozen=True, slots=True)
class MeasuredBlock:
    """One block; `begin` and `end` in run time, ns."""

    begin: int
    end: int
    requests: int
    failures: int
    response_times: Distribution
    """Of all of them together, without their histogram: a ramp may have thousands of levels."""


def divide(shape: Shape, chunks: Iterable[Chunk]) -> list[MeasuredBlock]:
    """Neighbouring chunks, in order, put together until they last 10 s; longer ones are a block each.

    A rest of less than 5 s belongs to the block before it, so that no block is too short for its percentiles.
    """
    blocks: list[list[Contribution]] = []
    for chunk in chunks:
        if not blocks or _length(blocks[-1]) >= BLOCK_NS - TOLERANCE_NS:
            blocks.append([])
        blocks[-1].extend(chunk)
    if len(blocks) > 1 and _length(blocks[-1]) < BLOCK_NS // 2:
        rest = blocks.pop()
        blocks[-1].extend(rest)
    return [_block_of(shape, parts) for parts in blocks]


def _length(parts: Chunk) -> int:
    begin, end = _extent(parts)
    return end - begin


def _extent(parts: Chunk) -> tuple[int, int]:
    begins, ends = zip(*((part.extents[:, BEGIN].min(), part.extents[:, END].max()) for part in parts), strict=True)
    return int(min(begins)), int(max(ends))


def _block_of(shape: Shape, parts: Chunk) -> MeasuredBlock:
    by_kind = sum(part.sums.requests[:, : shape.steps].sum(axis=(0, 1)) for part in parts)
    requests, ok = int(np.sum(by_kind)), int(np.asarray(by_kind)[OK])
    return MeasuredBlock(*_extent(parts), requests, requests - ok, Distribution.of(_response_times(shape, parts)))


def _response_times(shape: Shape, parts: Chunk) -> Histogram:
    dense = DenseHistograms(1)
    for part in parts:
        codes = part.histograms.codes
        series = codes // (shape.kinds * len(MEASURES)) % shape.series
        chosen = part.histograms.select((codes % len(MEASURES) == RESPONSE_TIME) & (series < shape.steps))
        dense.add(chosen.columns, np.zeros(len(chosen.codes), dtype=np.intp))
    return histogram_of_row(dense, 0)
