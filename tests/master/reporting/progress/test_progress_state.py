"""What a live display remembers: where the run is, how fast of late, who is missing."""

from dataclasses import replace

import pytest
from progress_run import state_after


def test_it_knows_where_the_run_is_and_how_it_has_gone_of_late() -> None:
    state = state_after(8)
    assert (state.at_s, state.left_s, state.is_draining) == (8, 4, False)
    assert state.recent.ok == (4 + 5 + 6 + 7 + 8) / 5
    assert state.requests == 36 + 3
    assert state.failures == {"status": 3}
    assert state.recent.times.p50 == 10
    assert state.recent.times.p99 == pytest.approx(20, rel=0.0055)


def test_a_missing_part_of_one_user_is_not_shown() -> None:
    state = state_after(2)
    assert state.last is not None
    state.add(replace(state.last, target={"customer": 0.018}, users={"customer": 0.017}))
    assert state.missing == 0
    state.add(replace(state.last, target={"customer": 1}, users={"customer": 0}))
    assert state.missing == 1
