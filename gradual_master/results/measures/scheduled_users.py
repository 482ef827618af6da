"""The number of scheduled users over time. Times are nanoseconds since the schedule's start."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import Int64
from gradual_common.schedule.schedule import Schedule
from gradual_master.results.facts import SlotsFinished

PER_CHANGE = NS_PER_S // 10
"""Missing user-ns that are tolerated for each slot that starts or ends: the agent needs a moment for it, in a short run
as in a long one. Only more missing time is judged. In a run of a minute this is less than 0.2 % of a user's time."""


class ScheduledUsers:
    """How many user-nanoseconds the schedule wants of each group, less the slots that ended for good."""

    def __init__(self, schedule: Schedule, finished: tuple[SlotsFinished, ...] = (), start: int = 0) -> None:
        changes = schedule.changes
        self._groups = len(schedule.groups)
        self._end = schedule.end
        self._at = [change.at for change in changes]
        self._users = np.array([change.users for change in changes], dtype=np.int64).reshape(-1, self._groups)
        self._ended = [(slots.at - start, slots.group, slots.count) for slots in finished]
        # How many slots each change starts or stops, summed from the first change on: the number in any stretch is the
        # difference of two entries.
        moved = np.abs(np.diff(self._users, axis=0, prepend=np.zeros((1, self._groups), dtype=np.int64))).sum(axis=1)
        self._moved: Int64 = np.concatenate(([0], np.cumsum(moved)))

    def between(self, begin: int, end: int) -> Int64:
        """The integral over [begin, end), int64 (groups,)."""
        area = np.zeros(self._groups, dtype=np.int64)
        for row, start, stop in self._stretches(begin, end):
            users = self._users[row].copy()
            area += users * (stop - start)
            area -= self._finished(users, start, stop)
        return area

    def allowance(self, begin: int, end: int) -> int:
        """Missing user-ns that are tolerated in [begin, end): `PER_CHANGE` for each slot that starts or ends."""
        first, last = bisect_left(self._at, begin), bisect_left(self._at, end)
        scheduled = int(self._moved[max(first, last)] - self._moved[first])
        return PER_CHANGE * (scheduled + sum(count for at, _, count in self._ended if begin <= at < end))

    def _stretches(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """(change, from, to) of every stretch of constant users within [begin, end)."""
        end = end if self._end is None else min(end, self._end)
        row = max(0, bisect_right(self._at, begin) - 1)
        while row < len(self._at) and self._at[row] < end:
            start = max(begin, self._at[row])
            stop = min(end, self._at[row + 1]) if row + 1 < len(self._at) else end
            if start < stop:
                yield row, start, stop
            row += 1

    def _finished(self, users: Int64, begin: int, end: int) -> Int64:
        """User-nanoseconds that are not wanted any more: a slot that has ended is taken out of the count."""
        area = np.zeros(self._groups, dtype=np.int64)
        for at, group, count in self._ended:
            area[group] += count * max(0, end - max(begin, at))
        # More slots may have ended than this stretch has users (it has fewer than an earlier one): less than none is
        # not wanted.
        return np.minimum(area, users * (end - begin))
