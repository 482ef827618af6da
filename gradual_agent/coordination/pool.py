"""The slot pool: which slots of this agent have a user, decided without I/O (docs/design/fleet.md, 4.1, 4.6, 4.7).

Orders say which slots are this agent's and how many users of each group are active at what instant. At target n,
the users of a group have the ordinals 0 … n−1, so the active ones of this agent are a prefix of its own ordinals. A
slot holds one user at a time: the next one waits until the former has stopped. A start carries the instant at which it
was due.

`handle(event, now)` takes an event and run time (ns) and returns instructions, stops before starts. Nothing here
reads a clock; `next_deadline` says when `Wake` is due.

    free ──start──▶ active ──stop──▶ stopping ──ended──▶ free        (released when the slot is no longer ours)
                      └──ended for good──▶ finished                   (until a new tenure)
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from gradual_agent.coordination.events import CutUsers, DrainUsers, Wake
from gradual_common.clock import NEVER
from gradual_common.protocol.batch import Applied
from gradual_common.protocol.messages import DRAIN_LEVEL, LevelOrder, Orders, SlotRun

Slot = tuple[int, int]
"""Group and ordinal."""


@dataclass(frozen=True, slots=True)
class UserEnded:
    """The user in a slot has ended."""

    slot: Slot
    tenure: int
    finished: bool
    """For good: its slot leaves the schedule."""


PoolEvent = Orders | Wake | UserEnded | DrainUsers | CutUsers


@dataclass(frozen=True, slots=True)
class StartUser:
    """A user starts in a free slot."""

    slot: Slot
    tenure: int
    due: int = field(default=0, compare=False)
    """The run time at which it was to start, ns."""


@dataclass(frozen=True, slots=True)
class StopUser:
    """The user in a slot is to end."""

    slot: Slot
    deadline: int
    """The latest run time at which it ends, ns."""
    hands_over: bool = False
    """Another agent takes over the slot: the user first finishes its iteration, and counts as active until then."""


@dataclass(frozen=True, slots=True)
class Release:
    """The slot is not ours any more and has no user; given once for each slot that leaves us."""

    slot: Slot
    tenure: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The slot's user has ended for good, at run time `at`."""

    slot: Slot
    tenure: int
    at: int


@dataclass(frozen=True, slots=True)
class Drained:
    """The schedule is over, or the agent leaves, and all users have ended; given once."""


PoolInstruction = StartUser | StopUser | Release | Finished | Applied | Drained


@dataclass(slots=True)
class SlotUser:
    """The user in a slot."""

    tenure: int
    deadline: int | None = None
    """None until it is asked to stop."""
    hands_over: bool = False
    """It is asked to stop, and stays active until its iteration ends."""


class SlotPool:
    """The slots of one agent."""

    def __init__(self) -> None:
        self._runs: tuple[SlotRun, ...] = ()
        self._ours: dict[int, list[int]] = {}
        self._tenures: dict[Slot, int] = {}
        self._users: dict[Slot, SlotUser] = {}
        self._waiting: dict[Slot, int] = {}
        self._finished: dict[Slot, Finished] = {}
        self._targets: tuple[int, ...] = ()
        self._level: LevelOrder | None = None
        self._ahead: deque[LevelOrder] = deque()
        self._graceful_stop = 0
        self._draining = False
        self._leaving = False
        self._has_drained = False
        self._is_joining = True
        """No orders yet, or none since the users were cut."""

    @property
    def next_deadline(self) -> int:
        """The run time at which the next level is due; `NEVER` without one."""
        return self._ahead[0].apply_at if self._ahead else NEVER

    @property
    def held(self) -> tuple[SlotRun, ...]:
        """The slots with a user in them."""
        return as_runs((slot, user.tenure) for slot, user in self._users.items())

    @property
    def claimed(self) -> tuple[SlotRun, ...]:
        """The slots that have a user, or may get one at the next level: no other agent may get them."""
        tenures = {slot: user.tenure for slot, user in self._users.items()} | self._tenures
        return as_runs(tenures.items())

    @property
    def finished(self) -> tuple[SlotRun, ...]:
        """The slots whose users have ended for good."""
        return as_finished_runs(self._finished.values())

    def handle(self, event: PoolEvent, now: int) -> list[PoolInstruction]:
        """Take in an event at run time `now`; what is to be done, in order."""
        match event:
            case Orders():
                instructions = self._obey(event, now)
            case Wake():
                instructions = self._wake(now)
            case UserEnded():
                instructions = self._user_ended(event, now)
            case DrainUsers():
                instructions = self._drain(now)
            case CutUsers():
                instructions = self._cut()
        return instructions + self._note_drained()

    def _obey(self, orders: Orders, now: int) -> list[PoolInstruction]:
        """The orders replace the former ones: slots, levels ahead, and the level in force if they name one.

        Orders are the complete state, so former ones do not matter; but what has been done stays done, and the order
        of the steps matters:

        - First the level, as it decides which slots are wanted. Of the levels that are due only the last counts. Where
          these orders name none, the last one of the former orders that has become due is in force: an agent that was
          paused may read orders before the time, and orders name only what lies ahead by the master's clock. A
          level that is in force already is not applied again, and so not counted as late.
        - Then the slots. Those that left us without a user are released at once; one with a user is released when
          that ends, and its user hands over as long as its level would want it.
        - Last the users, each slot by itself. With the same slots only those between old and new target can change,
          which are few of many; with other slots all are looked at, as a new tenure alone replaces a user, too.

        A leaving agent ignores slots in orders that were sent before.
        """
        if self._leaving:
            orders = replace(orders, slots=())
        old = self._targets
        same_slots = orders.slots == self._runs and orders.graceful_stop == self._graceful_stop
        self._graceful_stop = orders.graceful_stop
        applied, due = self._take_levels(orders.levels, now)
        if same_slots:
            return applied + self._settle(self._between(old, self._targets), now, due)
        former = {*self._tenures, *self._users}
        released = self._take_slots(orders.slots)
        return applied + released + self._settle(sorted(former | self._tenures.keys()), now, due)

    def _take_levels(self, levels: Iterable[LevelOrder], now: int) -> tuple[list[PoolInstruction], int]:
        """Put the level that is due in force: (`Applied` for it, the instant since which its users are due)."""
        levels = sorted(levels, key=lambda level: level.apply_at)
        passed = [level for level in levels if level.apply_at <= now]
        ahead = levels[len(passed) :]
        passed = passed or [level for level in self._ahead if level.apply_at <= now]
        self._ahead = deque(ahead)
        is_joining, self._is_joining = self._is_joining, False
        if not passed or passed[-1] == self._level:
            return [], now
        applied = self._apply(passed[-1], now)
        # An agent that joins could not have applied the level at its instant: neither level nor users count as late.
        return ([], now) if is_joining else ([applied], applied.apply_at)

    def _take_slots(self, runs: tuple[SlotRun, ...]) -> list[PoolInstruction]:
        """Replace our slots by `runs`; release at once the slots that left us without a user."""
        former = self._tenures
        self._runs = runs
        self._tenures = {
            (run.group, ordinal): run.tenure for run in runs for ordinal in range(run.first, run.first + run.count)
        }
        self._ours = {}
        for group, ordinal in sorted(self._tenures):
            self._ours.setdefault(group, []).append(ordinal)
        self._finished = {
            slot: end for slot, end in self._finished.items() if self._tenures.get(slot, end.tenure) == end.tenure
        }
        return [
            Release(slot, tenure)
            for slot, tenure in former.items()
            if slot not in self._tenures and slot not in self._users and slot not in self._finished
        ]

    def _wake(self, now: int) -> list[PoolInstruction]:
        """Put the levels that are due in force; of several only the last moves users."""
        old = self._targets
        applied: list[Applied] = []
        while self._ahead and self._ahead[0].apply_at <= now:
            applied.append(self._apply(self._ahead.popleft(), now))
        if not applied:
            return []
        return [*applied, *self._settle(self._between(old, self._targets), now, applied[-1].apply_at)]

    def _apply(self, level: LevelOrder, now: int) -> Applied:
        self._level = level
        self._targets = level.users
        self._draining = level.number == DRAIN_LEVEL
        return Applied(level.number, level.apply_at, now)

    def _between(self, old: tuple[int, ...], new: tuple[int, ...]) -> Iterator[Slot]:
        """The slots that a change of targets may start or stop: ours, and those that we hand over."""
        # Ordinals are sorted, so the change of a ramp is found by two bisections and costs only what it moves.
        yield from [slot for slot, user in self._users.items() if user.hands_over]
        for group, ordinals in self._ours.items():
            low, high = sorted((target_of(old, group), target_of(new, group)))
            for ordinal in ordinals[bisect_left(ordinals, low) : bisect_left(ordinals, high)]:
                yield group, ordinal

    def _user_ended(self, event: UserEnded, now: int) -> list[PoolInstruction]:
        slot = event.slot
        user = self._users.get(slot)
        if user is None or user.tenure != event.tenure:
            return []
        del self._users[slot]
        left: list[PoolInstruction] = []
        if event.finished:
            self._finished[slot] = Finished(slot, event.tenure, now)
            left.append(self._finished[slot])
        elif self._tenures.get(slot) != event.tenure:
            left.append(Release(slot, event.tenure))
        return left + self._settle([slot], now, now)

    def _drain(self, now: int) -> list[PoolInstruction]:
        """Every slot leaves us: at once without a user, else with its end. No orders start a user again."""
        self._leaving = True
        return self._take_slots(()) + self._settle(sorted(self._users), now, now)

    def _cut(self) -> list[PoolInstruction]:
        """All users are gone, and no slot is ours until new orders come."""
        self._is_joining = True
        self._runs = ()
        for slots in (self._ours, self._tenures, self._users, self._waiting):
            slots.clear()
        return []

    def _note_drained(self) -> list[PoolInstruction]:
        over = (self._draining or self._leaving) and not self._users
        if not over or self._has_drained:
            return []
        self._has_drained = True
        return [Drained()]

    def _settle(self, slots: Iterable[Slot], now: int, due: int) -> list[PoolInstruction]:
        """Start or stop users in `slots`, as is wanted since `due`: stops first, then starts."""
        # Instructions are carried out one at a time (`users.users`), and a start writes the first request. Stops come
        # first, so that no user goes on making load while others start.
        stops: list[PoolInstruction] = []
        starts: list[PoolInstruction] = []
        for slot in slots:
            user = self._users.get(slot)
            wanted = self._is_wanted(slot)
            if wanted and user is None:
                tenure = self._tenures[slot]
                self._users[slot] = SlotUser(tenure)
                starts.append(StartUser(slot, tenure, self._waiting.pop(slot, due)))
            elif user is not None:
                self._note_wait(slot, user, wanted, due)
                if not wanted or user.tenure != self._tenures[slot]:
                    stops += self._stop(slot, user, now + self._graceful_stop, hands_over=self._hands_over(slot))
        return stops + starts

    def _note_wait(self, slot: Slot, user: SlotUser, wanted: bool, due: int) -> None:
        """Note since when a wanted slot waits for its former user to end."""
        # `setdefault`: a second order does not make the start that is already late less late.
        if not wanted:
            self._waiting.pop(slot, None)
        elif user.deadline is not None or user.tenure != self._tenures[slot]:
            self._waiting.setdefault(slot, due)

    def _is_wanted(self, slot: Slot) -> bool:
        """Whether `slot` is to have a user."""
        tenure = self._tenures.get(slot)
        if tenure is None or self._draining or self._leaving:
            return False
        if slot in self._finished and self._finished[slot].tenure == tenure:
            return False
        group, ordinal = slot
        return ordinal < target_of(self._targets, group)

    def _hands_over(self, slot: Slot) -> bool:
        """Whether a user ends because another agent goes on with its slot, not because fewer are wanted."""
        group, ordinal = slot
        return slot not in self._tenures and not self._draining and ordinal < target_of(self._targets, group)

    def _stop(self, slot: Slot, user: SlotUser, deadline: int, *, hands_over: bool) -> list[PoolInstruction]:
        """Stop a user. One that is stopping gets a second stop only when that ends it sooner."""
        if user.deadline is not None:
            if user.deadline <= deadline and user.hands_over <= hands_over:
                return []
            deadline = min(deadline, user.deadline)
            hands_over = hands_over and user.hands_over
        user.deadline, user.hands_over = deadline, hands_over
        return [StopUser(slot, deadline, hands_over)]


def target_of(targets: tuple[int, ...], group: int) -> int:
    """A group's target; 0 before the first level."""
    return targets[group] if group < len(targets) else 0


def as_runs(slots: Iterable[tuple[Slot, int]]) -> tuple[SlotRun, ...]:
    """Single slots and their tenures as runs of consecutive ordinals."""
    # In a run, every ordinal is as far from its position in the sorted list: that distance is part of the key.
    keys = [(group, tenure, ordinal - at, ordinal) for at, ((group, ordinal), tenure) in enumerate(sorted(slots))]
    runs: list[SlotRun] = []
    for (group, tenure, _), members in groupby(keys, key=lambda key: key[:3]):
        ordinals = [key[3] for key in members]
        runs.append(SlotRun(group, ordinals[0], len(ordinals), tenure))
    return tuple(runs)


def as_finished_runs(ends: Collection[Finished]) -> tuple[SlotRun, ...]:
    """Slots that ended for good as runs, each with the mean of its instants: their missing time stays exact."""
    instants = {end.slot: end.at for end in ends}
    runs = as_runs((end.slot, end.tenure) for end in ends)
    return tuple(
        replace(run, at=sum(instants[run.group, run.first + i] for i in range(run.count)) // run.count) for run in runs
    )
