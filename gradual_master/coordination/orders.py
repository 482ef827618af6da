"""Orders: the complete state that each agent has to bring about, sent ahead of time (docs/design/fleet.md, 4.6).

Levels are sent for the next 2·lease, and are sent again when less than 1.5·lease of them is left. So an agent that
receives nothing for a whole lease still changes its level together with the others; after that its lease is over
anyway. The version number is one for the whole fleet: it rises with every change of levels, or of one agent's slots.

A level that a search chooses is not known ahead. It is ordered `SEARCH_LEAD_NS` before it begins, at the start of an
interval; an agent that is cut off in that time puts it in force as soon as it is back.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from operator import attrgetter

from gradual_common.clock import NEVER, NS_PER_MS
from gradual_common.protocol.messages import DRAIN_LEVEL, LevelOrder, MasterMessage, Orders, SlotRun
from gradual_common.schedule.schedule import Schedule
from gradual_master.coordination.fleet.agent import LISTENING, FleetAgent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.journal import LevelChosen, OrdersIssued
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.terms import Terms

SEARCH_LEAD_NS = 500 * NS_PER_MS
"""The least time from the order of a level that a search has chosen to its start: an agent far away gets it in time."""

_APPLY_AT = attrgetter("apply_at")


class RunOrders:
    """The current orders: each version is committed, then sent. Instants in run time, ns."""

    def __init__(self, terms: Terms, schedule: Schedule, fleet: Fleet, slots: SlotTable, out: Instructions) -> None:
        self.epoch = terms.epoch
        self.version = 0
        self.start = NEVER
        """The schedule's time 0."""
        self.stopped_at: int | None = None
        self.graceful_stop = terms.graceful_stop
        """How long a user may take to stop after it was asked to, ns."""
        self.schedule = schedule
        self._fleet = fleet
        self._slots = slots
        self._out = out
        self._lease = terms.lease
        self._interval = terms.interval
        self._levels: tuple[LevelOrder, ...] = ()
        """All levels of the run; empty before the load starts."""
        self._ordered = slice(0, 0)
        """Which of them are in the current version."""
        self._changes_at = [change.at for change in schedule.changes]
        # Per change of the schedule, the largest number of users of each group from that change to the end. It is a
        # running maximum from the end, so that `users_ahead`, which is asked after every event, only has to look it up.
        users = (change.users for change in reversed(schedule.changes))
        ahead = list(accumulate(users, lambda later, here: tuple(map(max, later, here))))[::-1]
        # Until its end, which is a stop, a search may still climb to its greatest level.
        self._max_users_from = ahead if schedule.searched is None else [schedule.peak] * len(ahead)

    @property
    def end(self) -> int | None:
        """The instant of target 0; None while there is none."""
        if self.stopped_at is not None:
            return self.stopped_at
        if self.start == NEVER or self.schedule.end is None:
            return None
        return self.start + self.schedule.end

    def begin(self, start: int) -> None:
        """Fix the schedule's time 0 at `start`, and order the first levels."""
        self.start = start
        end = self.schedule.end
        changes = [change for change in self.schedule.changes if end is None or change.at < end]
        levels = [LevelOrder(start + change.at, change.level, change.phase, change.users) for change in changes]
        if end is not None:
            levels.append(self._drain(start + end, levels[-1].phase if levels else 0))
        self._levels = tuple(levels)
        self.refresh(start)

    def stop(self, now: int, graceful_stop: int | None = None) -> None:
        """Order target 0 from `now` on, or from when it was first ordered. `graceful_stop` replaces the plan's."""
        if self.stopped_at is None:
            # Not before the schedule's time 0: a stop may come between the order of the start and the start itself.
            at = max(now, self.start)
            self.stopped_at = at if self.end is None else min(at, self.end)
        if graceful_stop is not None:
            self.graceful_stop = graceful_stop
        # The level in force is sent again: an agent whose clock is a little late has not applied it yet.
        ordered = self._levels[self._ordered]
        known = [level for level in ordered if level.apply_at < self.stopped_at and level.number != DRAIN_LEVEL]
        phase = max((level.phase for level in ordered if level.apply_at <= self.stopped_at), default=0)
        self._levels = (*known[-1:], self._drain(self.stopped_at, phase))
        self._ordered = slice(0, len(self._levels))
        self.issue()

    def add_level(self, target: int, now: int) -> bool:
        """Order the next level of a search; False if no time is left for one."""
        # At the start of an interval: then the intervals of a level are wholly in it, from its first one on.
        earliest = now + SEARCH_LEAD_NS - self.start
        at = -(-earliest // self._interval) * self._interval
        if self.stopped_at is not None or not self._has_room_at(at):
            return False
        self.schedule = self.schedule.with_level(at, target)
        chosen = self.schedule.changes[-1]
        self._out.commit(LevelChosen(chosen.level, self.start + at, target))
        order = LevelOrder(self.start + at, chosen.level, chosen.phase, chosen.users)
        self._levels = (*self._levels[:-1], order, self._levels[-1])
        self.refresh(now)
        return True

    def _has_room_at(self, at: int) -> bool:
        """Whether a level that begins then, in schedule time, has an interval at least."""
        last = self.schedule.levels[-1]
        return last.start < at and at + self._interval <= last.end

    def is_due(self, now: int) -> bool:
        """Whether a level that was not ordered yet is nearer than 1.5·lease."""
        ahead = self._levels[self._ordered.stop : self._ordered.stop + 1]
        return bool(ahead) and ahead[0].apply_at < now + self._lease * 3 // 2

    def refresh(self, now: int) -> None:
        """Order the level in force and those of the next 2·lease."""
        # Why the level in force again: an agent that has just joined has no other way to learn it. Why 2·lease: after a
        # refresh at 1.5·lease, half a lease passes at least before the next one, so short levels are sent in groups.
        in_force = bisect_right(self._levels, now, key=_APPLY_AT) - 1
        horizon = bisect_left(self._levels, now + 2 * self._lease, key=_APPLY_AT)
        self._ordered = slice(max(0, in_force), horizon)
        self.issue()

    def users_ahead(self, now: int) -> tuple[int, ...]:
        """Per group, the largest number of users from now on: the slots below it have still work to do."""
        index = bisect_right(self._changes_at, now - self.start) - 1
        return self._max_users_from[max(0, index)] if self._max_users_from else ()

    def users_at(self, now: int) -> tuple[int, ...]:
        """The users per group that are ordered for this moment."""
        due = [level for level in self._levels[self._ordered] if level.apply_at <= now]
        return due[-1].users if due else (0,) * len(self.schedule.groups)

    def issue(self) -> None:
        """Send a new version to every agent. The first version has slots and no levels."""
        self._commit()
        for agent in self._fleet:
            if agent.is_enlisted and agent.link in LISTENING:
                self.repeat(agent)

    def renew(self, agent: FleetAgent) -> None:
        """Issue a new version with the same levels, for one agent whose slots have changed."""
        self._commit()
        if agent.link in LISTENING:
            self.repeat(agent)

    def repeat(self, agent: FleetAgent) -> None:
        """Send the current version, with those slots of the agent whose rows it has stored."""
        slots = self._slots.ordered_of(agent.id, agent.provisioned)
        self._slots.note_named(slots, self.version)
        self._out.send(agent, MasterMessage(orders=self.orders_for(slots)), ahead=True)

    def _commit(self) -> None:
        self.version += 1
        self._out.commit(OrdersIssued(self.epoch, self.version, self.start, self.stopped_at))

    def orders_for(self, slots: tuple[SlotRun, ...]) -> Orders:
        """The current version, for an agent that has `slots`."""
        return Orders(self.epoch, self.version, slots, self._levels[self._ordered], self.start, self.graceful_stop)

    def _drain(self, at: int, phase: int) -> LevelOrder:
        return LevelOrder(at, DRAIN_LEVEL, phase, (0,) * len(self.schedule.groups))
