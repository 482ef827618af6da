"""The target's books read as a ledger: who was there when, and in what order.

What a system can soundly say of its users: one that sent a request at one instant and another at a later one was there
in between. So the users that it can prove at an instant are those whose first request had come and whose last one had
not yet ended; of the seat of a user, (group, slot), it sees each holder (tenure) come and go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from conftest import Books

SECOND = 1_000_000_000
Seat = tuple[str, int]
User = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `arrived`, `ended`: ns of CLOCK_BOOTTIME. `host` and `port` are its sender's."""

    group: str
    slot: int
    tenure: int
    arrived: int
    ended: int
    host: str
    port: int

    @classmethod
    def of(cls, user: str, arrived: int, ended: int, peer: str) -> Request:
        group, slot, tenure = user.split("/")
        host, _, port = peer.rpartition(":")
        return cls(group, int(slot), int(tenure), arrived, ended or arrived, host, int(port))

    @property
    def seat(self) -> Seat:
        return self.group, self.slot

    @property
    def user(self) -> User:
        return self.group, self.slot, self.tenure


@dataclass(frozen=True)
class Ledger:
    """Requests in the order in which they came."""

    requests: tuple[Request, ...]

    @classmethod
    def of(cls, books: Books) -> Ledger:
        """Every request that bears a user."""
        return cls(tuple(Request.of(user, *rest) for _, user, _, *rest in books.requests if user))

    @property
    def end(self) -> int:
        """When the last request came."""
        return self.requests[-1].arrived

    @cached_property
    def seats(self) -> set[Seat]:
        """The seats that sent anything."""
        return {request.seat for request in self.requests}

    def between(self, begin: int, end: int) -> Ledger:
        """What came in [begin, end)."""
        return Ledger(tuple(request for request in self.requests if begin <= request.arrived < end))

    def since(self, begin: int) -> Ledger:
        """What came from `begin` on."""
        return Ledger(tuple(request for request in self.requests if begin <= request.arrived))

    def inside(self, levels: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Ledger]]:
        """Each level of a report, with what came in it but for the changes at its begin and end."""
        begin = self._schedule_begin(levels)
        for level in levels:
            start, end = (begin + int(level[key] * SECOND) for key in ("start_s", "end_s"))
            yield level, self.between(start + 4 * SECOND // 10, end - 15 * SECOND // 100)

    def _schedule_begin(self, levels: list[dict[str, Any]]) -> int:
        """By its earliest sign: a level that is the highest so far shows seats that were not there before."""
        firsts = sorted(requests[0].arrived for requests in self._by_seat.values())
        signs, highest = [], 0
        for level in levels:
            if level["target"] > highest:
                signs.append(firsts[highest] - int(level["start_s"] * SECOND))
                highest = int(level["target"])
        return min(signs)

    def without(self, others: Iterable[Request]) -> Ledger:
        """All but these requests."""
        passed_over = set(others)
        return Ledger(tuple(request for request in self.requests if request not in passed_over))

    def lateness_s(self) -> float:
        """How much later than the first seat all others showed, in all."""
        firsts = [requests[0].arrived for requests in self._by_seat.values()]
        return sum(first - min(firsts) for first in firsts) / SECOND

    def most_present(self) -> int:
        """The most users that were certainly there at one instant."""
        stays: dict[User, tuple[int, int]] = {}
        for request in self.requests:
            begin, end = stays.get(request.user, (request.arrived, 0))
            stays[request.user] = begin, max(end, request.ended)
        comings_and_goings = sorted(
            [(begin, 1) for begin, _ in stays.values()] + [(end, -1) for _, end in stays.values()]
        )
        present = most = 0
        for _, step in comings_and_goings:
            present += step
            most = max(most, present)
        return most

    def stale(self) -> list[Request]:
        """Requests of a holder that came after one of a later holder of the same seat."""
        latest: dict[Seat, int] = {}
        stale = []
        for request in self.requests:
            if request.tenure < latest.get(request.seat, 0):
                stale.append(request)
            latest[request.seat] = max(request.tenure, latest.get(request.seat, 0))
        return stale

    def overlapping(self) -> list[tuple[Request, Request]]:
        """Pairs of requests of one seat, whoever held it, that were in progress at once."""
        pairs = []
        for requests in self._by_seat.values():
            last = requests[0]
            for request in requests[1:]:
                if last.ended > request.arrived:
                    pairs.append((last, request))
                last = max(last, request, key=lambda one: one.ended)
        return pairs

    def handovers(self) -> dict[Seat, list[tuple[Request, Request]]]:
        """Per seat that had several holders: the last request of one with the first of the next."""
        moves: dict[Seat, list[tuple[Request, Request]]] = {}
        for seat, requests in self._by_seat.items():
            terms: dict[int, list[Request]] = defaultdict(list)
            for request in requests:
                terms[request.tenure].append(request)
            if len(terms) > 1:
                moves[seat] = [(terms[one][-1], terms[next_one][0]) for one, next_one in pairwise(sorted(terms))]
        return moves

    @cached_property
    def _by_seat(self) -> dict[Seat, list[Request]]:
        by_seat: dict[Seat, list[Request]] = defaultdict(list)
        for request in self.requests:
            by_seat[request.seat].append(request)
        return by_seat
