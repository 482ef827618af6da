"""Saturation: the generator, not the system, was the bottleneck.

An agent is saturated in intervals that belong to a run of `SUSTAINED` or longer in each of which it was strained
(`agent_health`): CPU ≥ 90 % of its core, or a loop-lag p99 above 100 ms. An interval in which any agent was saturated
is saturated: percentiles merge all agents, so one of them is enough to make the tail its own. A run with more than
`MAX_SATURATED_SHARE` of its measured intervals saturated is invalid; a level with more than that of its time is marked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Schedule

SUSTAINED = 5 * NS_PER_S
"""Shorter strain is not saturation: the start of a level is some work for the agents."""

MAX_SATURATED_SHARE = 0.05
"""Share of the measured intervals."""


def min_saturated_intervals(interval: int) -> int:
    """How many saturated intervals it takes to make a run invalid: a strain of `SUSTAINED` on end; `interval` in ns."""
    return -(-SUSTAINED // interval)


def sustained(intervals: Iterable[int], length: int) -> tuple[int, ...]:
    """Of these intervals, in any order, those that belong to a run of at least `length` consecutive ones; rising.

    >>> sustained([9, 4, 5, 3, 8], 3)
    (3, 4, 5)
    """
    rising = enumerate(sorted(set(intervals)))
    # Of consecutive intervals, number minus position in the sorted list is the same: that is the key of their run.
    runs = ([interval for _, interval in run] for _, run in groupby(rising, lambda entry: entry[1] - entry[0]))
    return tuple(interval for run in runs if len(run) >= length for interval in run)


def judged_intervals(schedule: Schedule, interval: int, end: int) -> list[range]:
    """The intervals that start before `end` in a phase other than warm-up, by phase; times in ns."""
    # `-(-a // b)` is a / b, rounded up: an interval that starts before its phase is not judged.
    return [
        range(-(-phase.start // interval), -(-min(phase.end, end) // interval))
        for phase in schedule.phases
        if not phase.warm_up
    ]


@dataclass(frozen=True, slots=True)
class Saturation:
    """Saturated intervals."""

    measured: int
    """The number of judged intervals."""
    by_agent: Mapping[str, tuple[int, ...]]
    """The judged intervals in which each agent was saturated."""
    intervals: tuple[int, ...]
    """All that are saturated, warm-up among them, rising."""
    interval: int
    """The length of one, ns."""

    @classmethod
    def of(cls, strained: Mapping[str, Iterable[int]], judged: Sequence[range], interval: int) -> Saturation:
        """From the intervals in which each agent was strained, wherever they lie and in any order."""
        by_agent = {agent: sustained(numbers, min_saturated_intervals(interval)) for agent, numbers in strained.items()}
        everywhere = sorted({number for numbers in by_agent.values() for number in numbers})
        measured = {
            agent: tuple(number for number in numbers if any(number in phase for phase in judged))
            for agent, numbers in by_agent.items()
        }
        return cls(sum(map(len, judged)), measured, tuple(everywhere), interval)

    @property
    def judged(self) -> int:
        """How many measured intervals are saturated."""
        return len({number for numbers in self.by_agent.values() for number in numbers})

    def marks(self, begin: int, end: int) -> bool:
        """Whether more than `MAX_SATURATED_SHARE` of [begin, end) is saturated; ns since the schedule's start."""
        first = bisect_left(self.intervals, begin // self.interval)
        last = bisect_left(self.intervals, -(-end // self.interval))
        overlaps = (
            min(end, (number + 1) * self.interval) - max(begin, number * self.interval)
            for number in self.intervals[first:last]
        )
        return sum(overlaps) > MAX_SATURATED_SHARE * (end - begin)
