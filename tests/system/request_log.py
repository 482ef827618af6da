"""The target's requests as a log: which users were there at which time, and in what order.

What a target can prove: a user that sent a request at one time and another one later was there in between. So the
users that were certainly there at a time are those whose first request had arrived and whose last request had not
ended yet. A slot, (group, number), has one user after the other: `tenure` counts them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from fleet_processes import TargetRecords

SECOND = 1_000_000_000
AFTER_CHANGE = SECOND
"""How late users may start and stop at a change of level on a loaded machine."""

BEFORE_CHANGE = SECOND * 15 // 100
"""How much the estimated start of the schedule may be late."""

Slot = tuple[str, int]
User = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    group: str
    number: int
    tenure: int
    arrived: int
    """ns of CLOCK_BOOTTIME, like `ended`."""

    ended: int
    host: str
    """The address of the sender, with `port`."""

    port: int

    @classmethod
    def of(cls, user: str, arrived: int, ended: int, peer: str) -> Request:
        group, number, tenure = user.split("/")
        host, _, port = peer.rpartition(":")
        return cls(group, int(number), int(tenure), arrived, ended or arrived, host, int(port))

    @property
    def slot(self) -> Slot:
        return self.group, self.number

    @property
    def user(self) -> User:
        return self.group, self.number, self.tenure


@dataclass(frozen=True)
class RequestLog:
    """Requests in the order of their arrival."""

    requests: tuple[Request, ...]

    @classmethod
    def of(cls, records: TargetRecords) -> RequestLog:
        """Every request that names its user."""
        return cls(tuple(Request.of(user, *rest) for _, user, _, *rest in records.requests if user))

    @property
    def last_arrival(self) -> int:
        """When the last request arrived."""
        return self.requests[-1].arrived

    @cached_property
    def slots(self) -> set[Slot]:
        """The slots that sent a request."""
        return {request.slot for request in self.requests}

    def between(self, start: int, end: int) -> RequestLog:
        """The requests that arrived in [start, end)."""
        return RequestLog(tuple(request for request in self.requests if start <= request.arrived < end))

    def since(self, start: int) -> RequestLog:
        """The requests that arrived at `start` or later."""
        return RequestLog(tuple(request for request in self.requests if start <= request.arrived))

    def by_level(self, levels: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], RequestLog]]:
        """Each level of a report with its requests, except for those near the changes at its start and end."""
        schedule_start = self._schedule_start(levels)
        for level in levels:
            start, end = (schedule_start + int(level[key] * SECOND) for key in ("start_s", "end_s"))
            yield level, self.between(start + AFTER_CHANGE, end - BEFORE_CHANGE)

    def _schedule_start(self, levels: list[dict[str, Any]]) -> int:
        """An estimate of the start of the schedule, by the target's clock.

        A level that is higher than all before it has new slots. The first request of a new slot arrives at the start
        of its level or later, so each of these levels gives an upper bound. The lowest bound is the best estimate.
        """
        firsts = sorted(requests[0].arrived for requests in self._by_slot.values())
        estimates, highest = [], 0
        for level in levels:
            if level["target"] > highest:
                estimates.append(firsts[highest] - int(level["start_s"] * SECOND))
                highest = int(level["target"])
        return min(estimates)

    def without(self, others: Iterable[Request]) -> RequestLog:
        """All requests but these."""
        excluded = set(others)
        return RequestLog(tuple(request for request in self.requests if request not in excluded))

    def lateness_s(self) -> float:
        """The sum over all slots of the time from the very first request to the slot's first request."""
        firsts = [requests[0].arrived for requests in self._by_slot.values()]
        return sum(first - min(firsts) for first in firsts) / SECOND

    def max_users(self) -> int:
        """The largest number of users that were certainly there at the same time."""
        times: dict[User, tuple[int, int]] = {}
        for request in self.requests:
            start, end = times.get(request.user, (request.arrived, 0))
            times[request.user] = start, max(end, request.ended)
        # An end sorts before a start at the same time: (time, -1) < (time, 1).
        changes = sorted([(start, 1) for start, _ in times.values()] + [(end, -1) for _, end in times.values()])
        users = most = 0
        for _, change in changes:
            users += change
            most = max(most, users)
        return most

    def stale(self) -> list[Request]:
        """Requests that arrived after a request of a later user of the same slot."""
        latest: dict[Slot, int] = {}
        stale = []
        for request in self.requests:
            if request.tenure < latest.get(request.slot, 0):
                stale.append(request)
            latest[request.slot] = max(request.tenure, latest.get(request.slot, 0))
        return stale

    def overlapping(self) -> list[tuple[Request, Request]]:
        """Pairs of requests of one slot, of the same or of different users, that were in progress at the same time."""
        pairs = []
        for requests in self._by_slot.values():
            last = requests[0]
            for request in requests[1:]:
                if last.ended > request.arrived:
                    pairs.append((last, request))
                last = max(last, request, key=lambda request: request.ended)
        return pairs

    def handovers(self) -> dict[Slot, list[tuple[Request, Request]]]:
        """Per slot with several users: the last request of each user with the first request of the next one."""
        handovers: dict[Slot, list[tuple[Request, Request]]] = {}
        for slot, requests in self._by_slot.items():
            by_tenure: dict[int, list[Request]] = defaultdict(list)
            for request in requests:
                by_tenure[request.tenure].append(request)
            if len(by_tenure) > 1:
                handovers[slot] = [
                    (by_tenure[tenure][-1], by_tenure[following][0])
                    for tenure, following in pairwise(sorted(by_tenure))
                ]
        return handovers

    @cached_property
    def _by_slot(self) -> dict[Slot, list[Request]]:
        by_slot: dict[Slot, list[Request]] = defaultdict(list)
        for request in self.requests:
            by_slot[request.slot].append(request)
        return by_slot
