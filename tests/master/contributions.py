"""From a batch to what is made of it, without an aggregate: every level belongs to phase 0, which is measured."""

from histogram_samples import histogram_of

from gradual_common.histogram.histogram import Histogram
from gradual_common.protocol.batch import Batch
from gradual_master.results.merging.batches import ReadBatch, contribution_of, read_batch
from gradual_master.results.merging.layouts import Layouts
from gradual_master.results.merging.sums import OUTSIDE, Contribution, Shape

LEVELS = 10


def layouts(shape: Shape) -> Layouts:
    return Layouts(shape, {OUTSIDE: OUTSIDE, **dict.fromkeys(range(LEVELS), 0)}, {0})


def reading(batch: Batch, shape: Shape) -> ReadBatch:
    return read_batch("a", batch, layouts(shape))


def contribution(batch: Batch, shape: Shape) -> Contribution:
    return contribution_of(reading(batch, shape), shape)


def histogram(*values: int) -> Histogram:
    return histogram_of(values)
