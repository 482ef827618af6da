"""What columns of histograms hold, one histogram after the other."""

import numpy as np

from gradual_common.histogram.columns import DenseHistograms, HistogramColumns
from gradual_common.histogram.histogram import Histogram, histogram_of_row


def unpack_histograms(columns: HistogramColumns) -> list[tuple[tuple[int, int], Histogram]]:
    """The (key, histogram) pairs of columns, in order."""
    dense = DenseHistograms(len(columns.keys))
    dense.add(columns, np.arange(len(columns.keys)))
    keys = [(int(cell), int(measure)) for cell, measure in columns.keys.tolist()]
    return [(key, histogram_of_row(dense, row)) for row, key in enumerate(keys)]
