"""The reasons of a verdict in words: numbers with their whole, agents by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradual_common.clock import NS_PER_MS
from gradual_common.units import count, percent
from gradual_master.results.judging.evidence import Evidence, Uncovered, Unforeseen
from gradual_master.results.judging.fleet import Loss
from gradual_master.results.judging.littles_law import WindowGap
from gradual_master.results.judging.think_times import WaitLateness

MOST_NAMED = 5
"""Agents that a reason names; the summary has all of them."""


def missing(evidence: Evidence) -> str:
    """How many users were not there."""
    return (
        f"{percent(evidence.missing_share)} of the scheduled user-seconds were missing "
        f"({evidence.fleet.missing_user_s:,.1f} of {evidence.fleet.scheduled_user_s:,.1f})"
    )


def loss(evidence: Evidence) -> str:
    """Requests begun and never reported, by agent: what a lost one began after its last ping nobody knows."""
    lost = evidence.fleet.begun - evidence.fleet.merged
    names = _listed(f"{entry.agent} {_gap(entry)}" for entry in evidence.losses)
    said = f"at least {lost:,} of {count(evidence.fleet.begun, 'request')} begun {_were(lost)} never reported"
    return f"{said} ({percent(evidence.lost_share)})" + (f": {names}" if names else "")


def unforeseen(entry: Unforeseen) -> str:
    """A step that failed by a mistake in Gradual."""
    why = f": {entry.detail}" if entry.detail else ""
    return (
        f"{entry.step} of {entry.group} failed by a mistake in Gradual (internal), "
        f"{count(entry.count, 'time')}{why}; the agent's log has the traceback"
    )


def lost_agents(evidence: Evidence) -> str:
    """Who was lost."""
    return f"{count(len(evidence.lost), 'agent')} lost: {', '.join(evidence.lost)}"


def saturation(evidence: Evidence) -> str:
    """In how many intervals the generator was the bottleneck, and which agents were."""
    how_many = f"{evidence.fleet.saturated_intervals:,} of {count(evidence.fleet.intervals, 'interval')}"
    share = percent(evidence.saturated_share)
    if len(evidence.saturated) == 1:
        return f"{evidence.saturated[0][0]} was saturated in {how_many} ({share})"
    names = _listed(f"{agent} {intervals:,}" for agent, intervals in evidence.saturated)
    return f"agents were saturated in {how_many} ({share}): {names}"


def unaccounted(evidence: Evidence) -> str:
    """Little's law over the run."""
    return (
        f"{percent(evidence.unaccounted)} of the users' time was neither in a request nor thinking: "
        "the agents were late for them (Little's law)"
    )


def window(worst: WindowGap, flagged: int) -> str:
    """Little's law over the worst window of a single agent."""
    more = f"; {count(flagged - 1, 'more window')} like it" if flagged > 1 else ""
    return (
        f"{worst.agent} was late for {percent(worst.unaccounted)} of its users' time "
        f"from {worst.start_s:g} s to {worst.end_s:g} s (Little's law){more}"
    )


def lateness(waits: WaitLateness) -> str:
    """Users that thought longer than the plan says."""
    return (
        f"users thought {waits.mean / NS_PER_MS:.3g} ms longer than the plan says on average, over "
        f"{count(waits.waits, 'wait')}; up to {waits.bound / NS_PER_MS:.2g} ms would be chance: "
        "the agents woke them late"
    )


def uncovered(step: Uncovered) -> str:
    """A step that failed more often than is healthy, and nobody judges it."""
    return (
        f"{step.step} of {step.group}: {step.failures:,} of {count(step.requests, 'request')} failed "
        f"({percent(step.failures / step.requests)}; {step.label}), and no objective of the plan covers that"
    )


def counted(evidence: Evidence) -> Iterator[str]:
    """What is said by its number, where there is any."""
    for number, one, many in (
        (evidence.late_levels, "level change was put in force late", "level changes were put in force late"),
        (evidence.fleet.late_starts, "user started late", "users started late"),
        (evidence.fleet.resent_batches, "batch was sent again", "batches were sent again"),
        (
            evidence.fleet.late_batches,
            "batch came after its interval was closed",
            "batches came after their interval was closed",
        ),
        (evidence.fleet.dropped_batches, "batch was dropped by its agent", "batches were dropped by their agents"),
    ):
        if number:
            yield f"{number:,} {one if number == 1 else many}"
    for group, number in evidence.empty.items():
        if number:
            yield f"{count(number, 'iteration')} of {group} neither sent nor waited: check its conditions"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _gap(entry: Loss) -> str:
    return f"{entry.count:,} (begun at least {entry.begun:,}, merged {entry.merged:,})"


def _listed(entries: Iterable[str]) -> str:
    everything = list(entries)
    more = len(everything) - MOST_NAMED
    return ", ".join(everything[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
