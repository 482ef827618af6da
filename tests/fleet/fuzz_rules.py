"""What must hold at all times (docs/design/fleet.md, 4, 5), as the system under test and a count of batches see it.

The rules look at what happens, never into the state machines: users that are there and may send, batches that were
sealed and merged, messages that were sent. A breach is kept and raised: code that catches it hides nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fuzz_world import CALLED, MS, S, World

from gradual_agent.coordination.outbox import Outbox
from gradual_common.language.document import SETUP, TEARDOWN
from gradual_common.protocol.batch import Batch
from gradual_common.schedule.schedule import Schedule
from gradual_common.schedule.slots import apportion
from gradual_master.coordination.events import Event, Instruction, Merge, Received, Send
from gradual_master.coordination.terms import Terms

if TYPE_CHECKING:
    from fuzz_agents import AgentProcess, User
    from fuzz_master import SimMaster

Slot = tuple[int, int]


class BrokenRuleError(AssertionError):
    """Something happened that must not."""


class Rules:
    """Looks on. `error_of`: the most that each agent's run time has been wrong so far, ns."""

    def __init__(self, world: World, schedule: Schedule, terms: Terms) -> None:
        self.world = world
        self.schedule = schedule
        self.terms = terms
        self.master: SimMaster | None = None
        self.processes: list[AgentProcess] = []
        self.breach: BrokenRuleError | None = None
        self.error_of: dict[str, int] = defaultdict(int)
        self.sealed: dict[str, list[Batch]] = defaultdict(list)
        self.merged: dict[str, int] = defaultdict(int)
        self.finished: dict[Slot, int] = {}
        self.ends = 0
        self.performed: Counter[str] = Counter()
        self._present: dict[Slot, dict[AgentProcess, User]] = defaultdict(dict)
        self._seen: dict[Slot, tuple[int, str]] = {}
        self._changes_at = [change.at for change in schedule.changes]
        self._users = [change.users for change in schedule.changes]
        if schedule.end is not None:
            self._changes_at.append(schedule.end)
            self._users.append((0,) * len(schedule.groups))
        self._bound = Outbox.bound(terms.lease, terms.interval)

    def fail(self, text: str) -> None:
        """Keep the breach and raise it."""
        error = BrokenRuleError(f"{self.world.now / S:.6f} s: {text}")
        self.breach = self.breach or error
        raise error

    def note_once(self, process: AgentProcess, section: str) -> None:
        """A set-up or teardown begins: once, with a lease."""
        self.performed[section] += 1
        if self.performed[section] > 1:
            self.fail(f"{process.name} begins a second {section}")
        if not process.may_write:
            self.fail(f"{process.name} begins a {section} without a lease")

    def check_once(self) -> None:
        """What the master says of set-up and teardown is what was performed."""
        assert self.master is not None, "the rules know the master"
        core = self.master.core
        for facts in core.facts().once:
            if facts.agent is None and self.performed[facts.section]:
                self.fail(f"a {facts.section} was performed, and the master knows nobody who did")
            if facts.agent is not None and facts.failure is None and not self.performed[facts.section]:
                self.fail(f"the master says that {facts.agent} has performed a {facts.section}")
            if facts.section == SETUP and core.failure is None and self.master.begun_at is not None and facts.failure:
                self.fail(f"there was load: {facts.failure}")
            if facts.section == TEARDOWN and facts.agent is None and facts.failure is None and self.performed[SETUP]:
                self.fail("what was set up was not torn down, and nothing says so")

    def note_start(self, process: AgentProcess, user: User) -> None:
        """A user starts."""
        if SETUP in self.terms.once and process.run is not None and not process.run.is_set_up:
            self.fail(f"{process.name}: the user of {user.slot} starts before it knows what the set-up extracted")
        if user.slot[0] == 0 and process.run is not None and user.slot not in process.run.rows:
            self.fail(f"{process.name}: the user of {user.slot} starts before its data row is there")
        if len(process.users) > process.max_users:
            self.fail(f"{process.name} holds {process.max_users} users, and has {len(process.users)}")
        self.note_clock(process)
        self._present[user.slot][process] = user
        if process.may_write:
            self._see(process, user)

    def note_lease(self, process: AgentProcess) -> None:
        """A lease that was over is valid: its users may send again."""
        for user in process.users.values():
            self._see(process, user)

    def note_expired(self, process: AgentProcess) -> None:
        """The agent received that its lease is over."""
        if process.users:
            self.fail(f"{process.name} received that its lease is over, and goes on")

    def note_gone(self, process: AgentProcess, user: User) -> None:
        """A user has ended."""
        self._present[user.slot].pop(process, None)

    def note_finished(self, slot: Slot, tenure: int) -> None:
        """A user has ended for good."""
        self.finished[slot] = max(tenure, self.finished.get(slot, 0))

    def _see(self, process: AgentProcess, user: User) -> None:
        """The system sees this user from now on: nobody else in its slot, and no lower tenure than before."""
        for other, rival in self._present[user.slot].items():
            if other is not process and other.may_write:
                self.fail(
                    f"two holders of slot {user.slot}: {process.name} (tenure {user.tenure}) and "
                    f"{other.name} (tenure {rival.tenure})"
                )
        tenure, holder = self._seen.get(user.slot, (0, process.id))
        if user.tenure < tenure:
            self.fail(f"slot {user.slot} was seen under tenure {tenure}, then {process.name} runs {user.tenure}")
        if user.tenure == tenure and holder != process.id:
            self.fail(f"tenure {tenure} of slot {user.slot} has had two holders, {process.name} is the second")
        self._seen[user.slot] = (user.tenure, process.id)

    def note_clock(self, process: AgentProcess) -> None:
        """How wrong its run time is now."""
        error = abs(process.clock_error)
        self.error_of[process.id] = max(error, self.error_of[process.id])

    def audit(self) -> None:
        """Never more active users than the schedule says, give or take the clocks' errors."""
        start = self.master.begun_at if self.master else None
        total, worst = 0, 0
        for process in self.processes:
            if process.is_over or process.is_paused or not process.users:
                continue
            self.note_clock(process)
            active = [user for user in process.users.values() if user.is_active]
            if not active or not process.may_write:
                continue
            error = self.error_of[process.id]
            worst = max(worst, error)
            allowed = self.most_users(start, error)
            total += len(active)
            for user in active:
                if user.slot[1] >= allowed[user.slot[0]]:
                    self.fail(
                        f"{process.name}: slot {user.slot} is active while the schedule has {allowed} "
                        f"(clock error {error} ns)"
                    )
        if total > sum(self.most_users(start, worst)):
            self.fail(f"{total} users are active, the schedule has {self.most_users(start, worst)}")

    def most_users(self, start: int | None, error: int) -> tuple[int, ...]:
        """Per group, the most that the schedule has within `error` of now."""
        nobody = (0,) * len(self.schedule.groups)
        if start is None:
            return nobody
        first, last = self.world.now - start - error, self.world.now - start + error
        within = self._users[max(0, bisect_right(self._changes_at, first) - 1) : bisect_right(self._changes_at, last)]
        return tuple(map(max, zip(*within, strict=True))) if within else nobody

    def note_sealed(self, process: AgentProcess, batch: Batch) -> None:
        """An agent has sealed a batch."""
        former = self.sealed[process.id]
        if batch.number != len(former) + 1:
            self.fail(f"{process.name} seals batch {batch.number} after {len(former)}")
        if former and (former[-1].last or former[-1].interval > batch.interval):
            self.fail(f"{process.name} seals {batch.number} of interval {batch.interval} after {former[-1]}")
        former.append(batch)
        kept = len(process.session.outbox.numbers)
        if kept > self._bound + batch.last:
            self.fail(f"{process.name} keeps {kept} batches, more than {self._bound}")

    def note_merge(self, agent: str, batch: Batch) -> None:
        """A batch is about to be merged: the next of its agent, as it was sealed."""
        if batch.number != self.merged[agent] + 1:
            self.fail(f"batch {batch.number} of {agent} is merged after {self.merged[agent]}")
        if self.sealed[agent][batch.number - 1] is not batch:
            self.fail(f"batch {batch.number} of {agent} is not the one that was sealed")
        self.merged[agent] = batch.number

    def unmerged(self, process: AgentProcess) -> list[int]:
        """The numbers of its batches that are in no total."""
        return list(range(self.merged[process.id] + 1, len(self.sealed[process.id]) + 1))

    def watch_master(self, event: Event, instructions: Sequence[Instruction]) -> None:
        """What the master does about an event."""
        assert self.master is not None
        for instruction in instructions:
            if isinstance(instruction, Send) and instruction.message.ack:
                agent = self.master.agent_of(instruction.stream)
                if agent is None or instruction.message.ack > self.merged[agent]:
                    self.fail(f"batch {instruction.message.ack} of {agent} is acknowledged before it is merged")
        if isinstance(event, Received) and self.master.is_superseded(event.stream) and event.message.hello is None:
            self._watch_superseded(event, instructions)

    def _watch_superseded(self, event: Received, instructions: Sequence[Instruction]) -> None:
        for instruction in instructions:
            is_pong = isinstance(instruction, Send) and instruction.message.pong is not None
            if is_pong or isinstance(instruction, Merge):
                self.fail(f"what came on the superseded stream {event.stream} had an effect: {instruction}")

    def note_end(self) -> None:
        """The run is over."""
        self.ends += 1
        if self.ends > 1:
            self.fail("the run ended twice")

    def note_exit(self, process: AgentProcess) -> None:
        """A process has ended by itself: it names what it drops, and drops nothing while the master is there."""
        unmerged = self.unmerged(process)
        if unmerged and self.sealed[process.id][-1].last:
            del unmerged[-1]  # What its users had measured when it cut them to end: no number of it was ever sent.
        named = process.session.outbox.numbers
        if not set(unmerged) <= set(named):
            self.fail(f"{process.name} ends, and {unmerged} are lost; it names {named}")
        if process.exit_code == 0 and unmerged and self.ends == 0:
            self.fail(f"{process.name} ends with 0 while its batches {unmerged} are not merged")

    def vacant(self) -> list[Slot]:
        """The slots that are wanted now, have not ended for good, and have no active user."""
        return [
            (group, ordinal)
            for group, count in enumerate(self.most_users(self.master.begun_at if self.master else None, 0))
            for ordinal in range(count)
            if (group, ordinal) not in self.finished and not self._is_active((group, ordinal))
        ]

    def is_ending(self, slot: Slot) -> bool:
        """Whether a user that was asked to stop may still be there: no other starts before that.

        It may take `graceful_stop`, and `on_stop` as long again, by a slow clock (docs/design/fleet.md, 4.1).
        """
        since = self.world.now - 2 * self.terms.graceful_stop * 11 // 10
        return any(user.asked_at is not None and user.asked_at >= since for user in self._present[slot].values())

    def uneven(self, working: Sequence[AgentProcess]) -> list[str]:
        """Who says that it holds more than one user more or less than its share of all slots that have not ended.

        Nobody while the fleet cannot hold them all: then it holds what it can. Nothing moves because slots have ended
        for good, so that each of them may shift a share by one.
        """
        room = [process.max_users for process in working]
        if sum(room) < sum(self.schedule.peak):
            return []
        held = [[slot for slot in held_by(process) if self._is_open(*slot)] for process in working]
        ended = self.finished.keys() - {slot for slots in held for slot, _ in slots}
        shares = apportion(room, sum(self.schedule.peak) - len(ended))
        return [
            f"{process.name} holds {len(slots)}, its share is {share}"
            for process, slots, share in zip(working, held, shares, strict=True)
            if abs(len(slots) - share) > 1 + len(ended)
        ]

    def _is_open(self, slot: Slot, tenure: int) -> bool:
        """It has not ended for good, or nobody heard of that before its agent was lost."""
        return tenure > self.finished.get(slot, 0)

    def _is_active(self, slot: Slot) -> bool:
        return any(user.is_active and process.may_write for process, user in self._present[slot].items())

    def check_names(self) -> None:
        """All are called alike, and the report tells every incarnation from every other."""
        assert self.master is not None
        agents = self.master.core.facts().agents
        names = [agent.name for agent in agents]
        if len(set(names)) < len(names) or len({agent.id for agent in agents}) < len(names):
            self.fail(f"{len(names)} agents are shown as {names}")
        if not all(name.partition("#")[0] == CALLED for name in names):
            self.fail(f"agents that are called {CALLED} are shown as {names}")

    def check_sizes(self, faults: int) -> None:
        """The journal has a line per decision, not one per message, and no slot goes from hand to hand for nothing."""
        assert self.master is not None
        hands = max((tenure for tenure, _ in self._seen.values()), default=0)
        if hands > 6 + faults:
            self.fail(f"a slot has had {hands} holders after {faults} faults")
        most = 100 + 20 * faults
        if len(self.master.journal.decisions) > most:
            self.fail(f"{len(self.master.journal.decisions)} decisions are in the journal after {faults} faults")


def held_by(process: AgentProcess) -> list[tuple[Slot, int]]:
    """The slots that a process says it holds, with their tenures."""
    return [
        ((run.group, ordinal), run.tenure)
        for run in process.agent._pool.claimed
        for ordinal in range(run.first, run.first + run.count)
    ]


def seconds(value: int) -> str:
    """For messages."""
    return f"{value / S:.3f} s" if value >= MS else f"{value} ns"


__all__ = ["BrokenRuleError", "Rules"]
