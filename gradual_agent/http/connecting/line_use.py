"""When bytes pass the line of a user (`network`): what is under way at the same time shares its bandwidth.

A way of the line carries one byte at a time. A transfer takes the first free time of its way from its first byte on: so
the line never rests while it has something to carry, and no time is given twice. A response is known when its last byte
has come from the system. One that began earlier than another, and ended later, gets what the other has left.

All instants are passed in; nothing here reads a clock.
"""

from __future__ import annotations

from operator import itemgetter

from gradual_common.net.line import Line

Lines = dict[Line, "LineUse"]
"""Those that the clients of one user share: one for each setting `network`, as services may have their own."""


class LineWay:
    """One way of a line: the stretches of time in which it carries bytes."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: list[tuple[int, int, object]] = []
        """Start, end and owner, in their order; no two overlap."""

    def carry(self, begin: int, duration: int, owner: object) -> int:
        """Take so much free time from `begin` on; return when it has passed."""
        at, left, pieces = begin, duration, list[tuple[int, int, object]]()
        for start, end, _ in self._taken:
            if free := min(left, start - at) if start > at else 0:
                pieces.append((at, at + free, owner))
                at, left = at + free, left - free
            if not left:
                break
            at = max(at, end)
        if left:
            pieces.append((at, at + left, owner))
            at += left
        self._taken = sorted(self._taken + pieces, key=itemgetter(0))
        return at

    def forget(self, until: int) -> None:
        """Forget what has passed before an instant that no transfer begins before."""
        self._taken = [piece for piece in self._taken if piece[1] > until]

    def release(self, owner: object, now: int) -> None:
        """Give back the time that an owner no longer needs."""
        self._taken = [
            (start, min(end, now) if whose is owner else end, whose)
            for start, end, whose in self._taken
            if whose is not owner or start < now
        ]


class LineUse:
    """The line of one user. An owner is a connection, which has one exchange at a time."""

    __slots__ = ("_begun", "_down", "_line", "_up")

    def __init__(self, line: Line) -> None:
        self._line = line
        self._up, self._down = LineWay(), LineWay()
        self._begun: dict[object, int] = {}
        """When each exchange that is under way began."""

    def send(self, owner: object, now: int, size: int) -> int:
        """When `size` bytes that are sent now reach the system."""
        self._begun[owner] = now
        oldest = min(self._begun.values())
        self._up.forget(oldest)
        self._down.forget(oldest)
        return self._up.carry(now, self._line.up_time(size), owner) + self._line.half_out

    def receive(self, owner: object, first: int, last: int, size: int) -> int:
        """When the user has a response of `size` bytes, which the system sent from `first` to `last`."""
        passed = self._down.carry(first, self._line.down_time(size), owner)
        return max(passed, last) + self._line.half_back

    def end(self, owner: object) -> None:
        """The exchange is over."""
        self._begun.pop(owner, None)

    def cut(self, owner: object, now: int) -> None:
        """The exchange was cut off: what has not passed of it never will."""
        self.end(owner)
        self._up.release(owner, now)
        self._down.release(owner, now)
