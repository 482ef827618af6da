"""Little's law as a check of the generator: did its users spend their time where the plan says?

J. D. C. Little, "A Proof for the Queuing Formula L = λW", Operations Research 9 (3), 1961: over any stretch of time,
the mean number in a system is the rate of arrivals times the mean stay. A user of a closed workload is always either
in a request or thinking, so N = X·(R + Z); written with time integrals, which hold over any window without a steady
state (S. Stidham 1974, "A Last Word on L = λW": sample paths),

    unaccounted = 1 − (in-request + thinking user-seconds) / ∫N dt

is 0 for a generator that takes no time of its own. What is counted in a request or as thinking while the agent did not
attend to its users (`attendance`) is neither: the generator was late. N are the active users that the same agents'
merged batches measured; users that were missing are judged apart. Integrals are clipped to the window, not summed over
whole stays.

A run is judged as a whole. Each agent is also looked at in windows of `WINDOW`, so that one that stood still for three
seconds is seen in a fleet of a hundred, and in an hour.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import Int64
from gradual_master.results.judging.least import PER_CHANGE
from gradual_master.results.section import Section

WINDOW = 10 * NS_PER_S
"""Long enough that time which a batch brings in the interval beside its own evens out."""

WARNED = 0.01
INVALID = 0.03
"""Shares of the users' time that may be unaccounted for (RESULTS.md, Analysis)."""

LEAST_JUDGED = NS_PER_S
"""User-ns. A window with less than one user-second says nothing: its users have come or gone."""

MOST_SHOWN = 100
"""Windows that the summary lists, the worst first."""


@dataclass(frozen=True, slots=True)
class LevelGap(Section):
    """One level; seconds since the schedule's begin. `unaccounted` None: no user was active in it."""

    phase: str
    start_s: float
    end_s: float
    unaccounted: float | None


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
    """The measured run, its levels, and the windows of single agents that went wrong. Shares of the users' time.

    `unattended_user_s`: what of `in_request_user_s` and `thinking_user_s` the agents were too late for. `windows`: how
    many were judged, of `window_s` each; `flagged`: how many of them are above 3 %; the worst of those are listed.
    """

    unaccounted: float | None
    active_user_s: float
    in_request_user_s: float
    thinking_user_s: float
    unattended_user_s: float
    levels: tuple[LevelGap, ...]
    window_s: float
    windows: int
    flagged: int
    worst: tuple[WindowGap, ...]


def unaccounted_share(users: Int64, unattended: int) -> float | None:
    """The share of active user time that is neither in a request nor thinking, in [0, 1]; None without any.

    `users` int64 (…, 4): active, in a request, thinking, stopping.
    """
    active, in_request, thinking, _ = users.reshape(-1, 4).sum(axis=0).tolist()
    return _share(active, active - in_request - thinking + unattended)


def _share(active: int, gap: int) -> float | None:
    """A stamp from before its frame lends some time to the next one: what lies outside [0, 1] is that."""
    return min(1.0, max(0.0, gap / active)) if active else None


def window_of(interval: int) -> int:
    """The length of a window, ns: as many whole intervals as `WINDOW` holds, one at least."""
    return max(1, WINDOW // interval) * interval


class UserTimes:
    """The user time of one agent by windows: active, unaccounted for, the most of a frame. 32 bytes a window."""

    def __init__(self, interval: int) -> None:
        self._interval = interval
        self._length = window_of(interval)
        self._windows = array("q")
        self._active = array("q")
        self._gaps = array("q")
        self._peaks = array("q")

    def add(self, interval: int, users: Sequence[int], unattended: int) -> None:
        """Add what a frame measured: `users` active, in a request, thinking, stopping. Most often to the last entry."""
        active, in_request, thinking, _ = users
        gap = active - in_request - thinking + unattended
        window = interval * self._interval // self._length
        if not (self._windows and self._windows[-1] == window):
            self._windows.append(window)
            self._active.append(0)
            self._gaps.append(0)
            self._peaks.append(0)
        self._active[-1] += active
        self._gaps[-1] += gap
        self._peaks[-1] = max(self._peaks[-1], active)

    def windows(self) -> list[tuple[int, int, float]]:
        """(begin in ns since the schedule's begin, active user-ns, share unaccounted for) of those worth judging."""
        numbers, places = np.unique(np.frombuffer(self._windows, dtype=np.int64), return_inverse=True)
        sums = np.zeros((2, len(numbers)), dtype=np.int64)
        for column, values in enumerate((self._active, self._gaps)):
            np.add.at(sums[column], places, np.frombuffer(values, dtype=np.int64))
        peaks = np.zeros(len(numbers), dtype=np.int64)
        np.maximum.at(peaks, places, np.frombuffer(self._peaks, dtype=np.int64))
        return [
            (number * self._length, active, self._judged_share(active, gap, peak))
            for number, active, gap, peak in zip(numbers.tolist(), *sums.tolist(), peaks.tolist(), strict=True)
            if active >= LEAST_JUDGED
        ]

    def _judged_share(self, active: int, gap: int, peak: int) -> float:
        """0 for a gap that every user of the window may have by coming once (`least`)."""
        is_enough = gap * self._interval > PER_CHANGE * peak
        return (_share(active, gap) or 0.0) if is_enough else 0.0
