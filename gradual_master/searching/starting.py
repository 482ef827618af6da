"""From a plan's ramp to a search that follows the run."""

from __future__ import annotations

from collections.abc import Sequence

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.ramps.find_capacity import FindCapacityRamp
from gradual_common.schedule.schedule import SearchedPhase
from gradual_master.analysis.capacity.settings import CapacitySettings
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.views import ViewTerms
from gradual_master.searching.follower import SearchFollower, steering


def begin_search(
    ramp: FindCapacityRamp, searched: SearchedPhase, objectives: Sequence[Objective], terms: ViewTerms
) -> SearchFollower:
    """The search of a ramp, as its phase is scheduled."""
    settings = CapacitySettings(
        initial=searched.climb[0],
        max_concurrency=searched.climb[-1],
        multiplier=ramp.factor,
        increment=ramp.increment,
        hold_s=ramp.hold / NS_PER_S,
        precision=ramp.precision,
        settle_s=ramp.settle / NS_PER_S,
    )
    return SearchFollower(settings, steering(objectives), terms)
