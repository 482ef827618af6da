"""From a plan's ramp to a search that follows the run."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.schedule.ramps.find_capacity import FindCapacityRamp
from gradual_common.schedule.schedule import SearchedPhase
from gradual_common.units import format_duration
from gradual_master.analysis.capacity.settings import CapacitySettings, hold_for
from gradual_master.errors import OptionError
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.views import ViewTerms
from gradual_master.searching.follower import SearchFollower, steering

MS_PER_S = 1000


def begin_search(
    ramp: FindCapacityRamp, searched: SearchedPhase, objectives: Sequence[Objective], terms: ViewTerms
) -> SearchFollower:
    """The search of a ramp, as its phase is scheduled; OptionError if its trials are too short for the interval."""
    settings = CapacitySettings(
        initial=searched.climb[0],
        max_concurrency=searched.climb[-1],
        multiplier=ramp.factor,
        increment=ramp.increment,
        hold_s=ramp.hold / NS_PER_S,
        precision=ramp.precision,
        settle_s=ramp.settle / NS_PER_S,
    )
    _check_interval(settings, terms.interval)
    return SearchFollower(settings, steering(objectives), terms)


def _check_interval(settings: CapacitySettings, interval: int) -> None:
    """A level is judged by its intervals, of which there have to be some: `interval` in ns."""
    if interval / NS_PER_S <= settings.longest_interval_s:
        return
    longest = format_duration(int(settings.longest_interval_s * MS_PER_S) * NS_PER_MS)
    hold = format_duration(ceil(hold_for(interval / NS_PER_S)) * NS_PER_S)
    raise OptionError(
        f"--interval {format_duration(interval)}: find_capacity judges a level by its intervals, and a trial has too "
        f"few of them; it needs an `--interval` of at most {longest}, or a `hold` of at least {hold}"
    )
