"""What waits in an open interval is all there when it is frozen, however many came and in whatever layouts."""

import numpy as np
import pytest
from contributions import histogram, layouts
from raw_run import MS, S, Stretch, batch_of, plan_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import RESPONSE_TIME
from gradual_master.results.merging.batches import read_batch
from gradual_master.results.merging.open_interval import AT_ONCE, OpenInterval
from gradual_master.results.merging.sums import Shape

SHAPE = Shape.of(SeriesIndex.of(plan_of()))


@pytest.mark.parametrize("batches", [0, 1, AT_ONCE - 1, AT_ONCE, 2 * AT_ONCE + 3])
def test_everything_that_came_is_in_it(batches: int) -> None:
    known, interval = layouts(SHAPE), OpenInterval(SHAPE, 1)
    values: list[int] = []
    for number in range(batches):
        steps = [(number % 3, "", (number + 1) * MS)] if number % 5 else [(0, "timeout", MS), (1, "", 7 * MS)]
        stretch = Stretch(number % 2, 0, S, steps, users=[(1, 1, 0, 0), (2, 1, 1, 0)])
        values += [ns for _, _, ns in steps]
        interval.add(read_batch(f"a{number}", batch_of(1, 0, stretch), known))
    frozen = interval.freeze()
    assert [health.agent for health in interval.health] == sorted(f"a{number}" for number in range(batches))
    assert sorted(frozen.places) == list(range(min(2, batches)))
    assert frozen.sums.requests.sum() == len(values)
    assert frozen.sums.users[:, 1, 0].sum() == 2 * S * batches
    assert np.all(frozen.histograms.codes % SHAPE.codes % 7 == RESPONSE_TIME)
    assert frozen.histograms.total(frozen.histograms.codes.tolist()) == histogram(*values)
