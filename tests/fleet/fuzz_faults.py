"""A sequence of faults, what it does to a fleet, and how the fleet must stand at the end of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from fuzz_agents import AgentProcess
from fuzz_master import SimMaster
from fuzz_network import BASE_DELAY
from fuzz_rules import Rules
from fuzz_world import MS, S, World
from hypothesis import strategies as st

from gradual_common.language.document import Once
from gradual_common.protocol.messages import Part
from gradual_common.schedule.schedule import Change, Schedule
from gradual_master.coordination.lifecycle import State
from gradual_master.coordination.terms import Terms

KINDS = (
    "wait",
    "heal",
    "resume",
    "join",
    "delay",
    "clog",
    "drift",
    "stall",
    "break",
    "duplicate",
    "pause",
    "cut",
    "fade",
    "drain",
    "kill",
    # Again: sequences are to have more of these, and simpler ones none.
    "heal",
    "resume",
    "join",
    "delay",
    "break",
    "duplicate",
    "cut",
    "heal",
    "cut",
)
GAPS = (0, 0, *(50 * MS,) * 4, *(300 * MS,) * 5, S, S, S, 2 * S, 3 * S, 12 * S)
DELAYS = (5 * MS, 60 * MS, 1800 * MS, 1800 * MS)
STALLS = (300 * MS, 700 * MS, 2500 * MS, 8 * S)
DRIFTS = (0, -80_000, 5_000, -90_000)
"""Slow clocks are what a lease's guard is for. A fast one, alone for long, seals intervals that are still to end."""

OUTAGES = {1: 4 * S, 2: 12_500 * MS, 3: 12_500 * MS}
PAUSES = {1: 2 * S, 2: 8 * S, 3: 12_500 * MS}
WHO, HOW = 6, 4

LEASE, GUARD = 10 * S, S
MASTER_WAIT, AGENTS_WAIT = 40 * S, 20 * S
GRACEFUL_STOP = S
SETTLING = LEASE + GUARD + 3 * S
AUDIT = 600_137_911
"""An odd number: what several events bring about at one instant is looked at when they all have happened."""

MAX_TIME_NS = 40 * S
GROUPS = ("shoppers", "clerks")
PEAK = (5, 3)
MAX_AGENTS = 5


class Fault(NamedTuple):
    """`after` a while (ns), something happens to agent `who`; `how` is read by the kind."""

    kind: str
    who: int = 0
    after: int = 0
    how: int = 0

    def __repr__(self) -> str:
        after = f"{self.after // MS} * MS" if self.after % S else f"{self.after // S} * S"
        return f'Fault("{self.kind}", {self.who}, {after}, {self.how})'


ALL_FAULTS = [
    Fault(kind, who, after, how) for kind in KINDS for who in range(WHO) for after in GAPS for how in range(HOW)
]


def faults_of(salt: int, numbers: list[int]) -> list[Fault]:
    """A fault for each number. Hypothesis likes some numbers: one that comes again means another fault."""
    seen: Counter[int] = Counter()
    faults = []
    for number in numbers:
        mixed = (number * 0x9E3779B97F4A7C15 + seen[number] * 0xBF58476D1CE4E5B9 + salt * 0x94D049BB133111EB) % 2**64
        faults.append(ALL_FAULTS[(mixed >> 24) % len(ALL_FAULTS)])
        seen[number] += 1
    return faults


FAR = 2**100
"""Hypothesis puts constants out of the modules that are loaded in place of some integers (from 6.131 on), so that a
test draws other sequences alone than in the whole suite. No module has a number from here on: nothing is replaced."""

NUMBERS = st.integers(FAR, FAR + 2**16 - 1).map(lambda number: number - FAR)
SEEDS = NUMBERS
SEQUENCES = st.builds(
    faults_of, SEEDS, st.one_of(st.lists(NUMBERS, max_size=40), st.lists(NUMBERS, min_size=8, max_size=40))
)


def numbered_sequence(number: int) -> tuple[list[Fault], int]:
    """Faults and seed number `number`: the same under every version of Hypothesis."""
    chance = random.Random(number)
    numbers = [chance.randrange(2**16) for _ in range(chance.randint(8, 40))]
    return faults_of(chance.randrange(2**16), numbers), chance.randrange(2**16)


class Simulation:
    """One fleet under one sequence of faults. Everything left to chance comes from `seed`."""

    def __init__(self, faults: list[Fault], seed: int, lasting: int = 0, once: tuple[Once, ...] = ()) -> None:
        self.chance = random.Random(seed)
        self.faults = faults
        self.world = World()
        self.starts_at = self.chance.choice((0, 0, S, S, S, 2 * S))
        self.expected = self.chance.choice((2, 2, 2, 3))
        self.interval = self.chance.choice((300 * MS, S, *(2 * S,) * 5, *(3 * S,) * 11))
        self.has_drift = self.chance.random() < 0.3
        self.is_stopped = self.chance.random() < 0.85
        self.finishing = self.chance.choice((0.0, 0.0, 0.05))
        self.faults_until = self._faults_until()
        self.settled_at = self.faults_until + SETTLING + lasting
        self.schedule = self._schedule()
        # The agents that are there from the start are a command each, or all of them the processes of one.
        self.is_one_command = seed % 9 == 4
        terms = Terms(
            run="r1",
            expect_agents=1 if self.is_one_command else self.expected,
            agents_wait=AGENTS_WAIT,
            lease=LEASE,
            guard=GUARD,
            interval=self.interval,
            graceful_stop=GRACEFUL_STOP,
            once=once,
        )
        self.once = once
        self.rules = Rules(self.world, self.schedule, terms)
        self.master = SimMaster(self.world, self.rules, self.schedule, terms, self.chance)
        self.rules.master = self.master
        self.processes = self.rules.processes
        self.done: Counter[str] = Counter()
        self.are_over = False
        for number in range(1, self.expected + 1):
            self._start_process(Part(bytes(16), number, self.expected) if self.is_one_command else None)

    def _faults_until(self) -> int:
        """When the last fault has happened and the last delayed message has arrived."""
        passed = 0
        for fault in self.faults:
            passed = min(passed + fault.after, MAX_TIME_NS)
        return self.starts_at + passed + 2 * max(DELAYS) if self.faults else S

    def _schedule(self) -> Schedule:
        """Levels up and down until the end; the last one long enough to look at."""
        changes: list[Change] = []
        at = 0
        while at < self.settled_at - 2 * S:
            users = tuple(self.chance.randint(count // 2, count) for count in PEAK)
            changes.append(Change(at, sum(users), users, len(changes), 0))
            at += self.chance.choice((S, S, 2 * S, 3 * S, 7 * S))
        changes.append(Change(self.settled_at - 2 * S, sum(PEAK), PEAK, len(changes), 0))
        return Schedule(tuple(changes), (), (), self.settled_at + S, GROUPS)

    def _start_process(self, part: Part | None = None) -> AgentProcess:
        process = AgentProcess(
            self.world,
            self.master,
            self.rules,
            len(self.processes),
            self.chance.choice((4, 5, 8, 20)),
            chance=self.chance,
            master_wait=MASTER_WAIT,
            finishing=self.finishing,
            part=part,
        )
        if self.has_drift:
            process.drift(self.chance.choice(DRIFTS))
        self.processes.append(process)
        return process

    def run(self) -> None:
        """Let the faults happen, look whether the fleet recovers, let the run end, and look at what is left."""
        world = self.world
        world.run_until(self.starts_at)
        passed = 0
        world.after(AUDIT, self._audit)
        for fault in self.faults:
            gap = min(fault.after, MAX_TIME_NS - passed)
            passed += gap
            world.run_until(world.now + gap)
            self._happen(fault)
        self._end_faults()
        self._settle()
        living = [process for process in self.processes if not process.is_over and process.session.welcome is not None]
        world.run_until(self._latest_end(), lambda: self.master.is_gone or self.master.begun_at is not None)
        if self.is_stopped:
            self.master.stop()
        world.run_until(self._latest_end(), lambda: self.master.is_gone)
        self._check_breach()
        self._check_ended(living)

    def _audit(self) -> None:
        self.rules.audit()
        if not self.master.is_gone:
            self.world.after(AUDIT, self._audit)

    def _happen(self, fault: Fault) -> None:
        living = [process for process in self.processes if not process.is_over]
        self.done[fault.kind] += 1
        if fault.kind in ("join", "stall"):
            getattr(self, f"_{fault.kind}")(fault.how)
        elif living:
            process = living[fault.who % len(living)]
            getattr(self, f"_{fault.kind}")(process, fault.how)

    def _later(self, delay: int, call: Callable[..., object], *arguments: object) -> None:
        """A fault has a sequel, if faults are not over by then."""
        self.world.after(delay, lambda: None if self.are_over else call(*arguments))

    def _wait(self, process: AgentProcess, how: int) -> None:
        """Nothing but time."""

    def _delay(self, process: AgentProcess, how: int) -> None:
        """One direction or both become slower, or only the present stream."""
        delay = self.chance.choice(DELAYS)
        wire = process.wire
        if how == 0:
            wire.up = wire.down = delay
        elif how == 1:
            wire.up = delay
        elif how == 2:
            wire.down = delay
        else:
            process.slow_down_stream(delay)

    def _clog(self, process: AgentProcess, how: int) -> None:
        process.wire.clogged_until = self.world.now + STALLS[how]

    def _drift(self, process: AgentProcess, how: int) -> None:
        process.drift(DRIFTS[how])

    def _stall(self, how: int) -> None:
        self.master.stall(STALLS[how])

    def _break(self, process: AgentProcess, how: int) -> None:
        process.break_off(kept=how)

    def _duplicate(self, process: AgentProcess, how: int) -> None:
        self.master.repeat(process.id, how)

    def _cut(self, process: AgentProcess, how: int) -> None:
        """The wire is cut for a while, or until it is healed: after a reset, or only what the agent sends."""
        if how == 1:
            process.break_off(kept=1)
        process.wire.cut(down=how != 3)
        if how in OUTAGES:
            self._later(OUTAGES[how], process.wire.heal)

    def _fade(self, process: AgentProcess, how: int) -> None:
        """The wire becomes slow, a second later it is cut: for long or not, wholly or only what the agent sends."""
        wire = process.wire
        wire.down = max(DELAYS)
        if how % 2:
            wire.up = max(DELAYS)
        self._later(S, wire.cut, how // 2 == 0)
        self._later(OUTAGES[1 + how // 2] + S, wire.heal)

    def _heal(self, process: AgentProcess, how: int) -> None:
        process.wire.heal()

    def _pause(self, process: AgentProcess, how: int) -> None:
        process.pause()
        if how in PAUSES:
            self._later(PAUSES[how], process.resume)

    def _resume(self, process: AgentProcess, how: int) -> None:
        process.resume()

    def _join(self, how: int) -> None:
        """One more, or two at once."""
        for _ in range(1 + how // 3):
            if sum(not process.is_over for process in self.processes) < MAX_AGENTS:
                self._start_process()

    def _drain(self, process: AgentProcess, how: int) -> None:
        """It is asked to end; once more, which cuts its users, or a third time, which ends it."""
        if process.signals < (3 if how == 3 else 1):
            process.leave()

    def _kill(self, process: AgentProcess, how: int) -> None:
        process.kill(kept=how)

    def _end_faults(self) -> None:
        """Everything works again; who is dead stays dead. Clocks still drift: that is what a lease's guard is for."""
        self.are_over = True
        slowest = max(max(process.wire.up, process.wire.down) + process.slowness for process in self.processes)
        self.master.wake_up()
        for process in self.processes:
            process.wire.up = process.wire.down = BASE_DELAY
            process.wire.clogged_until = 0
            process.slow_down_stream(0)
            process.wire.heal()
            process.resume()
        if slowest > BASE_DELAY:
            self.world.run_until(self.world.now + 2 * slowest)

    def _check_breach(self) -> None:
        if self.rules.breach is not None:
            raise self.rules.breach

    @property
    def _working(self) -> list[AgentProcess]:
        return [process for process in self.processes if not process.is_over and not process.signals]

    def _settle(self) -> None:
        """The fleet recovers in time: every slot that is wanted has its user, if the agents that are left hold them,
        and each agent its share.
        """
        while not self._has_settled():
            if self.world.now >= self.settled_at:
                if self._vacant:
                    self.rules.fail(f"slots {self._vacant} have no active user")
                self.rules.fail("; ".join(self.rules.uneven(self._working)))
            self.world.run_until(self.world.now + S // 2)
            self._check_breach()

    def _has_settled(self) -> bool:
        state, begun_at = self.master.core.state, self.master.begun_at
        is_late = self.world.now >= self.settled_at
        if begun_at is None or begun_at > self.world.now:
            return is_late or state is State.FINISHED
        if state is not State.RUNNING:
            return True
        if not self._can_hold_all:
            return is_late or not self._vacant
        return not self._vacant and not self.rules.uneven(self._working)

    @property
    def _vacant(self) -> list[tuple[int, int]]:
        """What lacks an active user; when the time is over, without those whose former user is still to end."""
        is_late = self.world.now >= self.settled_at
        return [slot for slot in self.rules.vacant() if not (is_late and self.rules.is_ending(slot))]

    @property
    def _can_hold_all(self) -> bool:
        return sum(process.max_users for process in self._working) >= sum(PEAK)

    def _latest_end(self) -> int:
        """By when the run must be over, as far as it has come."""
        patience = LEASE + GUARD + 2 * GRACEFUL_STOP + 5 * S + len(self.once) * (LEASE + GUARD)
        if self.master.begun_at is None:
            return self.settled_at + 3 * AGENTS_WAIT + patience
        end = self.world.now if self.is_stopped else self.master.begun_at + self.settled_at + S
        return max(end, self.world.now) + patience

    def _check_ended(self, living: list[AgentProcess]) -> None:
        """The run has ended by itself, and so have the agents; nothing that they measured is missing."""
        if self.rules.ends == 0:
            self.rules.fail(f"the run has not ended: {self.master.core.state}")
        self.world.run_until(self.world.now + 2 * S)
        self._check_breach()
        self.rules.check_sizes(len(self.faults))
        self.rules.check_names()
        self.rules.check_once()
        if self.master.core.failure is not None:
            return
        for process in living:
            if process.exit_code != 0 or self.rules.unmerged(process):
                self.rules.fail(
                    f"{process.name} is at {process.session.state} with exit code {process.exit_code} after the run; "
                    f"not merged: {self.rules.unmerged(process)}"
                )


def simulate(faults: list[Fault], seed: int, once: tuple[Once, ...] = ()) -> Simulation:
    """Run one sequence to its end; BrokenRuleError when a rule does not hold."""
    simulation = Simulation(faults, seed, once=once)
    try:
        simulation.run()
    except Exception as error:
        error.add_note(f"simulate({faults!r}, {seed}, {once!r})")
        raise
    return simulation
