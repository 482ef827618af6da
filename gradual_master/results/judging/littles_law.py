"""Little's law as a check of the generator: did its users spend their time where the plan says?

J. D. C. Little, "A Proof for the Queuing Formula L = λW", Operations Research 9 (3), 1961: over any stretch of time,
the mean number in a system is the rate of arrivals times the mean stay. A user of a closed workload is always either
in a request or thinking, so N = X·(R + Z); written with time integrals, which hold over any window without a steady
state (S. Stidham 1974, "A Last Word on L = λW": sample paths),

    unaccounted = 1 − (in-request + thinking user-seconds) / ∫N dt

is 0 for a generator that takes no time of its own. What is counted in a request or as thinking while the agent did not
attend to its users (`agent_health`) is neither: the generator was late. N are the active users that the same agents'
merged batches measured; users that were missing are judged apart. Integrals are clipped to the window, not summed over
whole stays.

A run is judged as a whole. Each agent is also looked at in windows of `WINDOW`, so that one that stood still for three
seconds is seen in a fleet of a hundred, and in an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradual_common.clock import NS_PER_S
from gradual_common.protocol.batch import ACTIVE, IN_REQUEST, THINKING
from gradual_master.results.measures.distribution import seconds
from gradual_master.results.measures.scheduled_users import PER_CHANGE
from gradual_master.results.merging.agent_totals import UserTimes, window_of
from gradual_master.results.merging.sums import Sums
from gradual_master.results.section import Section

UNACCOUNTED_WARNING_SHARE = 0.01
MAX_UNACCOUNTED_SHARE = 0.03
"""Shares of the users' time that may be unaccounted for (docs/design/results.md, "Analysis")."""

MIN_JUDGED_USER_NS = NS_PER_S
"""User-ns. A window with less active user time is not judged: its users had just started or were about to end."""

MAX_LISTED_WINDOWS = 100
"""Windows listed in the summary, the worst first."""


@dataclass(frozen=True, slots=True)
class LevelGap(Section):
    """One level; seconds since the schedule's start."""

    phase: str
    start_s: float
    end_s: float
    unaccounted: float | None
    """None: no user was active in it."""


@dataclass(frozen=True, slots=True)
class WindowGap(Section):
    """One agent over one window in which more than 3 % of its users' time is unaccounted for."""

    agent: str
    start_s: float
    end_s: float
    active_user_s: float
    unaccounted: float


@dataclass(frozen=True, slots=True)
class LittlesLaw(Section):
    """The measured run, its levels, and the windows of single agents that went wrong. Shares of the users' time."""

    unaccounted: float | None
    active_user_s: float
    in_request_user_s: float
    thinking_user_s: float
    unattended_user_s: float
    """Time counted as in a request or thinking while the agent did not attend to its users."""
    levels: tuple[LevelGap, ...]
    window_s: float
    windows: int
    """The number of judged windows."""
    flagged: int
    """The number of windows above 3 %."""
    worst: tuple[WindowGap, ...]
    """The worst windows above 3 %."""


def littles_law(
    measured: Sums, levels: Iterable[LevelGap], agents: Sequence[tuple[str, UserTimes]], interval: int
) -> LittlesLaw:
    """`measured`: the run without its warm-up; `agents`: by their names; `interval` in ns."""
    windows, flagged = judge_windows(agents, interval)
    share = unaccounted_share(measured)
    return LittlesLaw(
        unaccounted=None if share is None else round(share, 6),
        active_user_s=seconds(measured.users[:, ACTIVE].sum()),
        in_request_user_s=seconds(measured.users[:, IN_REQUEST].sum()),
        thinking_user_s=seconds(measured.users[:, THINKING].sum()),
        unattended_user_s=seconds(int(measured.unattended)),
        levels=tuple(levels),
        window_s=seconds(window_of(interval)),
        windows=windows,
        flagged=len(flagged),
        worst=tuple(flagged[:MAX_LISTED_WINDOWS]),
    )


def unaccounted_share(sums: Sums) -> float | None:
    """The share of active user time that is neither in a request nor thinking, in [0, 1]; None without any."""
    active, in_request, thinking, _ = sums.users.sum(axis=0).tolist()
    return _share(active, active - in_request - thinking + int(sums.unattended))


def _share(active: int, gap: int) -> float | None:
    """Clipped to [0, 1]: a timestamp from before its frame moves some time into the next frame, beyond the bounds."""
    return min(1.0, max(0.0, gap / active)) if active else None


def judge_windows(agents: Iterable[tuple[str, UserTimes]], interval: int) -> tuple[int, list[WindowGap]]:
    """How many windows of single agents were judged, and those with too much time unaccounted for, worst first."""
    judged = [
        (name, begin, active, _judged_share(active, gap, peak, interval))
        for name, times in agents
        for begin, active, gap, peak in times.windows()
        if active >= MIN_JUDGED_USER_NS
    ]
    flagged = [
        WindowGap(name, seconds(begin), seconds(begin + window_of(interval)), seconds(active), round(share, 6))
        for name, begin, active, share in judged
        if share > MAX_UNACCOUNTED_SHARE
    ]
    return len(judged), sorted(flagged, key=lambda gap: (-gap.unaccounted, gap.start_s, gap.agent))


def _judged_share(active: int, gap: int, peak: int, interval: int) -> float:
    """The share of a window's gap; 0 for a gap that is tolerated: each start of a user may leave one (`PER_CHANGE`)."""
    # `peak / interval` is the number of users in the fullest frame of the window; each of them may have started in it.
    # Written without a division: all are integers.
    is_enough = gap * interval > PER_CHANGE * peak
    return (_share(active, gap) or 0.0) if is_enough else 0.0
