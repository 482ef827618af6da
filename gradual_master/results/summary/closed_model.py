"""What response times of a closed model mean: N users who wait for each answer, and think for Z before they go on.

A user that waits sends nothing. So a stall of the system is in the times once for each user that met it, however long
it lasts; an open stream of requests would have met it many times more ("coordinated omission", G. Tene, 2013). Samples
that no user has sent are not made up (docs/design/results.md, "Analysis"). The label says under which load the times
were measured, and what the longest wait was.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradual_master.results.judging.littles_law import LittlesLaw
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class ClosedModel(Section):
    """Over the measured run, without warm-up."""

    users: float
    """N: active users, in the mean over time."""
    think_s: float
    """Z: what a user waits from an answer to its next request, by intent, in the mean over all requests."""
    longest_s: float
    """The longest response time: the longest stall that a user met."""


def closed_model_of(law: LittlesLaw, requests: int, longest_ms: float | None, measured_s: float) -> ClosedModel | None:
    """`longest_ms`: the longest response time. None without one."""
    if longest_ms is None or not requests or not measured_s:
        return None
    return ClosedModel(
        users=round(law.active_user_s / measured_s, 3),
        think_s=round(law.thinking_user_s / requests, 6),
        longest_s=round(longest_ms / 1000, 6),
    )
