"""What waits in an open interval is all there when it is frozen, however many came and in whatever layouts."""

import numpy as np
import pytest
from contributions import histogram, layouts
from raw_run import MS, S, Stretch, batch_of, plan_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import RESPONSE_TIME
from gradual_master.results.merging.batches import read_batch
from gradual_master.results.merging.histogram_rows import FrozenRows
from gradual_master.results.merging.measurements import Shape
from gradual_master.results.merging.open_interval import AT_ONCE, OpenInterval

SHAPE = Shape.of(SeriesIndex.of(plan_of()))


@pytest.mark.parametrize("batches", [0, 1, AT_ONCE - 1, AT_ONCE, 2 * AT_ONCE + 3])
def test_everything_that_came_is_in_it(batches: int) -> None:
    known, interval = layouts(SHAPE), OpenInterval(SHAPE, 1)
    values: list[int] = []
    for number in range(batches):
        steps = [(number % 3, "", (number + 1) * MS)] if number % 5 else [(0, "timeout", MS), (1, "", 7 * MS)]
        stretch = Stretch(number % 2, 0, S, steps, users=[(1, 1, 0, 0), (2, 1, 1, 0)])
        values += [ns for _, _, ns in steps]
        interval.add(f"a{number}", read_batch(batch_of(1, 0, stretch), known))
    frozen = interval.freeze()
    assert [health.agent for health in interval.health] == sorted(f"a{number}" for number in range(batches))
    assert sorted(frozen.places) == list(range(min(2, batches)))
    assert frozen.requests.sum() == len(values)
    assert frozen.users[:, 1, 0].sum() == 2 * S * batches
    assert np.all(frozen.codes % SHAPE.codes % 7 == RESPONSE_TIME)
    assert FrozenRows(frozen.codes, frozen.columns).total(frozen.codes.tolist()) == histogram(*values)
