"""Who holds which slot, and which slots have ended for good (PLAN, Slots)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradual_common.messages import SlotRun

OPEN, ENDED = 0, 1


class Seats:
    """Every dealt slot; one byte each, so that 100,000 cost nothing to ask about."""

    def __init__(self, peak: Sequence[int]) -> None:
        self._state = [bytearray(count) for count in peak]
        self._hands: dict[str, tuple[SlotRun, ...]] = {}

    def give(self, agent: str, slots: tuple[SlotRun, ...]) -> None:
        """These slots belong to `agent`."""
        self._hands[agent] = slots

    def held_by(self, agent: str) -> tuple[SlotRun, ...]:
        """The slots of `agent`, ended ones included: it knows by itself that they have ended."""
        return self._hands.get(agent, ())

    def take_all(self, agent: str) -> tuple[SlotRun, ...]:
        """`agent` is lost: what it held is missing, and nothing more is to be expected of it."""
        slots = self._hands.pop(agent, ())
        self.end(slots)
        return slots

    def end(self, slots: Iterable[SlotRun]) -> dict[int, int]:
        """These slots have ended for good; per group, how many of them had not before."""
        ended: dict[int, int] = {}
        for run in slots:
            seats, part = self._state[run.group], slice(run.first, run.first + run.count)
            fresh = seats[part].count(OPEN)
            if fresh:
                ended[run.group] = ended.get(run.group, 0) + fresh
                seats[part] = bytes([ENDED]) * run.count
        return ended

    def owns(self, agent: str, slots: Iterable[SlotRun]) -> bool:
        """Whether every one of these slots is `agent`'s."""
        mine = self.held_by(agent)
        return all(any(_covers(own, run) for own in mine) for run in slots)

    def unheld(self, agent: str, held: Iterable[SlotRun], users: Sequence[int]) -> set[tuple[int, int]]:
        """The slots of `agent` that should have a user, at `users[g]` of each group g, and by its Hello have none."""
        seated = {
            (run.group, ordinal, run.tenure)
            for run in held
            if run.group < len(users)
            for ordinal in range(run.first, min(run.first + run.count, users[run.group]))
        }
        return {
            (run.group, ordinal)
            for run in self.held_by(agent)
            for ordinal in _ordinals(run)
            if ordinal < users[run.group]
            and self._state[run.group][ordinal] == OPEN
            and (run.group, ordinal, run.tenure) not in seated
        }

    def raise_tenure(self, agent: str, slots: set[tuple[int, int]]) -> tuple[SlotRun, ...]:
        """Seat new users in these slots of `agent`: each gets the next tenure. All its slots, as they are now."""
        seats = [
            (run.group, ordinal, run.tenure + ((run.group, ordinal) in slots))
            for run in self.held_by(agent)
            for ordinal in _ordinals(run)
        ]
        self.give(agent, _as_runs(seats))
        return self.held_by(agent)

    def is_over(self, users: Sequence[int]) -> bool:
        """Whether every slot below `users[g]` of each group g has ended for good."""
        return all(seats.find(OPEN, 0, count) < 0 for seats, count in zip(self._state, users, strict=True))


def _ordinals(run: SlotRun) -> range:
    return range(run.first, run.first + run.count)


def _as_runs(seats: list[tuple[int, int, int]]) -> tuple[SlotRun, ...]:
    """(group, ordinal, tenure) of single slots as runs, in order."""
    runs: list[SlotRun] = []
    for group, ordinal, tenure in seats:
        last = runs[-1] if runs else None
        if last and (last.group, last.first + last.count, last.tenure) == (group, ordinal, tenure):
            runs[-1] = SlotRun(group, last.first, last.count + 1, tenure)
        else:
            runs.append(SlotRun(group, ordinal, 1, tenure))
    return tuple(runs)


def _covers(own: SlotRun, run: SlotRun) -> bool:
    """Whether one run holds the whole of the other."""
    same = own.group == run.group and own.tenure == run.tenure
    return same and own.first <= run.first and run.first + run.count <= own.first + own.count
