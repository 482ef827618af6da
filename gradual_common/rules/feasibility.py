"""Whether a schedule has what an objective asks for: levels with its number of users, windows of its length."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common.rules.rule import CAPACITY, COUNTS, WATCH, Rule, TargetLevel
from gradual_common.schedule.schedule import Level, Schedule, SearchedPhase, joined
from gradual_common.units import count, format_duration

MOST_NAMED = 6
"""Targets that a message lists."""


def why_cannot_steer(rule: Rule) -> str | None:
    """Why a search for capacity cannot decide by a rule whether a level holds; None if it can."""
    if rule.series in ("agent", CAPACITY):
        return "give a limit for the system"
    if rule.series == WATCH:
        return (
            "the value of a watch comes after its interval is over; leave it out of `thresholds`, it is reported anyway"
        )
    return _why_not_of_level(rule)


def _why_not_of_level(rule: Rule) -> str | None:
    """Why a rule on what the system does says nothing of the level in force; None if it does."""
    if rule.at is not None or rule.window is not None:
        return "it judges the level in force: leave `at`, `for` and `over` out"
    if "phase" in rule.scope.dimensions:
        return "it judges the level in force, which is in the phase of the search: leave `phase` out"
    if rule.op == "==":
        return "use < or >"
    if rule.statistic in (*COUNTS, "min", "max", "sum"):
        return (
            "its value depends on how long a level lasts; use a percentile, mean, error_rate, success_rate, throughput "
            "or request_rate"
        )
    return None


def why_never_judged(rule: Rule, schedule: Schedule, *, steers: bool = False) -> str | None:
    """Why no run of this schedule has anything for the rule to judge, and what it has; None if it can be judged.

    `steers`: it is to decide whether a level of a search holds.
    """
    if rule.series == CAPACITY:
        return _why_no_capacity(rule, schedule)
    if steers and rule.series != "agent":
        reason = why_cannot_steer(rule)
        return f"it cannot decide a search for capacity: {reason}" if reason else None
    levels = [level for level in _measured_levels(schedule) if _is_about(rule, level, schedule)]
    if not levels and rule.at is not None:
        return f"no measured level has {rule.at} users; {_targets(schedule)}"
    if rule.window == "for":
        longest = max((end - start for start, end in joined(levels)), default=0)
        if rule.window_ns > longest:
            allowed = f"the longest stretch has {format_duration(longest)}"
            return f"nothing that it is about is measured for {format_duration(rule.window_ns)} on end; {allowed}"
    return None


def _why_no_capacity(rule: Rule, schedule: Schedule) -> str | None:
    if schedule.searched is None:
        return "no capacity is searched for; it needs `ramp_up: find_capacity`"
    if not rule.op.startswith(">"):
        return "a search says how many users it holds at least: use >= or >"
    greatest = schedule.searched.climb[-1]
    if not rule.holds(greatest):
        return f"the search goes up to {count(greatest, 'user')}: raise `max_concurrency`, or lower the limit"
    return None


def _measured_levels(schedule: Schedule) -> Iterator[Level]:
    """Without warm-up phases, and without the pauses before phases."""
    for level in schedule.levels:
        phase = schedule.phases[level.phase]
        if not phase.warm_up and phase.start <= level.start:
            yield level


def _is_about(rule: Rule, level: Level, schedule: Schedule) -> bool:
    """Whether a rule is about a level; of the phase of a search, about one that may be tried."""
    if rule.at is None or rule.at.includes(level.target):
        return True
    searched = schedule.searched
    return searched is not None and searched.number == level.phase and _may_be_tried(rule.at, searched)


def _may_be_tried(at: TargetLevel, searched: SearchedPhase) -> bool:
    """Whether a search may choose a level that is meant: it narrows down on any number between its first and last."""
    return searched.climb[0] <= at.users and (at.up_to or at.users <= searched.climb[-1])


def _targets(schedule: Schedule) -> str:
    searched = schedule.searched
    fixed = [level for level in _measured_levels(schedule) if searched is None or level.phase != searched.number]
    targets = [f"{target:g}" for target in dict.fromkeys(level.target for level in fixed)]
    more = len(targets) - MOST_NAMED
    listing = ", ".join(targets[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    found = [f"there are {listing}"] if targets or searched is None else []
    if searched is not None:
        found.append(f"the search tries {searched.climb[0]} to {count(searched.climb[-1], 'user')}")
    return ", and ".join(found)
