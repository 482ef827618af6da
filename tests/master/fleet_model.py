"""A run of the master's core with scripted agents: messages in, instructions out, a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from fleet_invariants import validate

from gradual_common.histogram.columns import HistogramColumns
from gradual_common.protocol.batch import COUNTERS, Applied, Batch, Health
from gradual_common.protocol.messages import (
    PROTOCOL,
    AgentMessage,
    Confirm,
    Hello,
    MasterMessage,
    Orders,
    Ping,
    SlotRun,
)
from gradual_common.schedule.schedule import Change, Schedule
from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.events import (
    Close,
    Event,
    Instruction,
    Merge,
    Merged,
    MergeOnce,
    Note,
    OnceMerged,
    Provide,
    Provided,
    Received,
    Send,
    StreamEnded,
    Tick,
)
from gradual_master.coordination.journal import AgentLost, Journal, SlotsAssigned, SlotsReleased
from gradual_master.coordination.slots.table import Mask, SlotTable
from gradual_master.coordination.terms import Terms

S = 1_000_000_000
MS = 1_000_000
T = TypeVar("T")

TERMS = Terms(
    run="r1", expect_agents=2, agents_wait=60 * S, lease=10 * S, guard=S, interval=S, graceful_stop=2 * S, epoch=1
)


def schedule_of(*levels: tuple[int, ...], seconds: int = 10, endless: bool = False) -> Schedule:
    """Levels of equal length, given by their users per group."""
    changes = tuple(Change(number * seconds * S, sum(users), users, number, 0) for number, users in enumerate(levels))
    end = None if endless else len(levels) * seconds * S
    return Schedule(changes, (), (), end, tuple(f"g{number}" for number in range(len(levels[0]))))


def batch_of(number: int, interval: int, *, last: bool = False, applied: tuple[Applied, ...] = ()) -> Batch:
    """A batch in which nothing was measured."""

    def columns(*shape: int, dtype: Any = np.int64) -> Any:
        return np.zeros(shape, dtype=dtype)

    histograms = HistogramColumns(
        keys=columns(0, 2, dtype=np.int32),
        stats=columns(0, 6),
        sizes=columns(0, dtype=np.uint16),
        indices=columns(0, dtype=np.int16),
        counts=columns(0, dtype=np.uint32),
    )
    return Batch(
        number=number,
        interval=interval,
        last=last,
        frames=(),
        users=columns(0, 1, 4),
        iterations=columns(0, 1, 2),
        cells=columns(0, 3, dtype=np.int32),
        requests=columns(0),
        counters=columns(0, 2 + len(COUNTERS)),
        statuses=columns(0, 5),
        assertions=columns(0, 5),
        histograms=histograms,
        health=Health(0.0, 0, 0, 0),
        applied=applied,
    )


def hello_of(name: str, stream: int = 1, /, **changes: Any) -> Hello:
    """The Hello of an agent whose incarnation is its name."""
    hello = Hello(PROTOCOL, name.encode().ljust(16, b"."), name, f"{name}.host", 7, "0.1", stream, 100)
    return replace(hello, **changes)


def id_of(name: str) -> str:
    """The key of that agent."""
    return hello_of(name).incarnation.hex()


def sent(instructions: Sequence[Instruction], stream: int) -> list[MasterMessage]:
    """What is put on a stream."""
    return [entry.message for entry in instructions if isinstance(entry, Send) and entry.stream == stream]


def only(instructions: Sequence[Instruction], kind: type[T]) -> list[T]:
    """The instructions of one kind."""
    return [entry for entry in instructions if isinstance(entry, kind)]


def orders_in(instructions: Sequence[Instruction], stream: int) -> Orders:
    """The last orders put on a stream."""
    return [message.orders for message in sent(instructions, stream) if message.orders is not None][-1]


def slots_of(slots: Iterable[SlotRun]) -> set[tuple[int, int, int]]:
    """Runs as single slots."""
    return {(run.group, ordinal, run.tenure) for run in slots for ordinal in range(run.first, run.first + run.count)}


class CoreRun:
    """A core, its clock, and the stream of each agent. `instructions`: all of them so far."""

    def __init__(self, schedule: Schedule, **terms: Any) -> None:
        self.journal = Journal()
        self.core = MasterCore(replace(TERMS, **terms), schedule, self.journal)
        self.now = self.start = 0
        self.instructions: list[Instruction] = []
        self.streams: dict[str, int] = {}
        self.merged_once = 0
        """Reports of set-up and teardown that were merged."""
        self._has_variables = False
        self._next_stream = 1

    def handle(self, event: Event) -> list[Instruction]:
        """Pass an event to the core; merges and provisions are carried out at once."""
        instructions = self.core.handle(event, self.now)
        validate(self.core)
        self.instructions += instructions
        for entry in list(instructions):
            if isinstance(entry, Merge):
                instructions += self.handle(Merged(entry.agent, entry.batch))
            elif isinstance(entry, MergeOnce):
                self.merged_once += 1
                self._has_variables = self._has_variables or bool(entry.report.variables)
                instructions += self.handle(OnceMerged(entry.report))
            elif isinstance(entry, Provide):
                # The job is the first provision, what a set-up extracted the second.
                instructions += self.handle(Provided(entry.agent, entry.slots, 1 + self._has_variables))
        return instructions

    def send(self, name: str, **parts: Any) -> list[Instruction]:
        """The agent sends a message on its stream."""
        return self.handle(Received(self.streams[name], AgentMessage(**parts)))

    def greet(self, name: str, stream: int = 1, /, **changes: Any) -> list[Instruction]:
        """The agent says Hello on a new connection."""
        self.streams[name] = self._next_stream
        self._next_stream += 1
        return self.send(name, hello=hello_of(name, stream, **changes))

    def hang_up(self, name: str) -> list[Instruction]:
        """The agent's connection breaks."""
        return self.handle(StreamEnded(self.streams[name]))

    def ping(self, name: str, begun: int = 0) -> list[Instruction]:
        """The agent pings."""
        return self.send(name, ping=Ping(stamp=self.now + 5, begun=begun, offset=-5))

    def wait(self, seconds: float, *alive: str) -> list[Instruction]:
        """Time passes in ticks of 50 ms; the agents in `alive` ping every second."""
        instructions: list[Instruction] = []
        until = self.now + round(seconds * S)
        while self.now < until:
            self.now = min(until, self.now + 50 * MS)
            instructions += self.handle(Tick())
            if self.now % S < 50 * MS:
                for name in alive:
                    instructions += self.ping(name)
        return instructions

    def wait_until(self, instant: int, *alive: str) -> list[Instruction]:
        """Time passes until `instant`, if it has not yet."""
        return self.wait(max(0, instant - self.now) / S, *alive)

    def to_running(self, *names: str) -> int:
        """All agents come, store, confirm; the run time at which the schedule starts."""
        for name in names:
            self.greet(name)
        for name in names:
            self.send(name, confirm=Confirm(0, 0, 1))
        instructions: list[Instruction] = []
        for name in names:
            instructions += self.send(name, confirm=Confirm(1, 1, 1))
        self.start = orders_in(instructions, self.streams[names[0]]).start
        return self.start

    def assignments(self) -> dict[str, set[tuple[int, int, int]]]:
        """What each agent holds by the journal alone, as (group, ordinal, tenure)."""
        holder: dict[tuple[int, int], tuple[str, int]] = {}
        for entry in self.journal.decisions:
            match entry:
                case SlotsAssigned(agent, slots):
                    holder |= {(group, ordinal): (agent, tenure) for group, ordinal, tenure in slots_of(slots)}
                case SlotsReleased(agent, slots, False):
                    for group, ordinal, tenure in slots_of(slots):
                        if holder.get((group, ordinal)) == (agent, tenure):
                            del holder[group, ordinal]
                case AgentLost(agent):
                    holder = {slot: held for slot, held in holder.items() if held[0] != agent}
        held_by: dict[str, set[tuple[int, int, int]]] = {}
        for (group, ordinal), (agent, tenure) in holder.items():
            held_by.setdefault(agent, set()).add((group, ordinal, tenure))
        return held_by

    def slots(self, name: str) -> tuple[SlotRun, ...]:
        """What the agent was ordered last."""
        return orders_in(self.instructions, self.streams[name]).slots


def give(table: SlotTable, agent: str, slots: Mask) -> tuple[SlotRun, ...]:
    """Slots for an agent whose rows come with its first provision."""
    given = table.give(agent, slots)
    table.note_due(agent, given, 1)
    return given


def three_levels(**terms: Any) -> CoreRun:
    """Two agents are expected; 4, 8 and 6 users for ten seconds each."""
    return CoreRun(schedule_of((4,), (8,), (6,)), **terms)


def deliver(run: CoreRun, names: str, intervals: range, start: int) -> None:
    """Every agent delivers one batch per interval as it ends."""
    for interval in intervals:
        run.wait_until(start + (interval + 1) * S, "a", "b")
        for name in names:
            run.send(name, ping=Ping(0, 0), batches=(batch_of(interval + 1, interval),))


def finish(run: CoreRun, names: str) -> None:
    """Every agent delivers its last batch."""
    for name in names:
        run.send(name, batches=(batch_of(1, (run.now - 100 * MS) // S - 1, last=True),))


def notes_text(run: CoreRun) -> str:
    """The notes so far, one per line."""
    return "\n".join(f"{note.level}: {note.text}" for note in only(run.instructions, Note))


__all__ = ["Close", "CoreRun", "batch_of", "hello_of", "id_of", "only", "orders_in", "schedule_of", "sent"]
