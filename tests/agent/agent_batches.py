"""Small batches for the tests of the agent's shells and decisions."""

import numpy as np

from gradual_common.histogram.columns import HistogramColumns
from gradual_common.protocol.batch import COUNTERS, Batch, Frame, Health


def batch(number: int, *, interval: int | None = None, last: bool = False, cells: int = 0) -> Batch:
    """An empty batch, or one whose only content is `cells` rows."""
    return Batch(
        number=number,
        interval=number - 1 if interval is None else interval,
        last=last,
        frames=(Frame(0, 0, 1),),
        users=np.zeros((1, 1, 4), np.int64),
        iterations=np.zeros((1, 1, 2), np.int64),
        cells=np.zeros((cells, 3), np.int32),
        requests=np.zeros(cells, np.int64),
        counters=np.zeros((0, 2 + len(COUNTERS)), np.int64),
        statuses=np.zeros((0, 5), np.int64),
        assertions=np.zeros((0, 5), np.int64),
        histograms=HistogramColumns(
            np.zeros((0, 2), np.int32),
            np.zeros((0, 6), np.int64),
            np.zeros(0, np.uint16),
            np.zeros(0, np.int16),
            np.zeros(0, np.uint32),
        ),
        health=Health(0.0, 0, 0, 0),
        applied=(),
    )
