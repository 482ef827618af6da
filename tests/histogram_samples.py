"""Histograms of given times, and the histograms in columns."""

from collections.abc import Iterable

import numpy as np

from gradual_common.histogram.columns import DenseHistograms, HistogramColumns
from gradual_common.histogram.histogram import Histogram, histogram_of_row


def histogram_of(values: Iterable[int]) -> Histogram:
    """The histogram of these times in ns."""
    histogram = Histogram()
    histogram.add_many(np.array(list(values), dtype=np.int64))
    return histogram


def unpack_histograms(columns: HistogramColumns) -> list[tuple[tuple[int, int], Histogram]]:
    """The (key, histogram) pairs of columns, in order."""
    dense = DenseHistograms(len(columns.keys))
    dense.add(columns, np.arange(len(columns.keys)))
    keys = [(int(cell), int(measure)) for cell, measure in columns.keys.tolist()]
    return [(key, histogram_of_row(dense, row)) for row, key in enumerate(keys)]
