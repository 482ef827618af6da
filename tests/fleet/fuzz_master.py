"""The real `MasterCore` behind the real `Dispatcher`: what it says is carried out over simulated streams."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from fleet_invariants import validate
from fuzz_network import END, Pipe, Stream, Wire
from fuzz_rules import Rules
from fuzz_world import MS, S, World

from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import AgentMessage, Hello, MasterMessage, Provision
from gradual_common.schedule.schedule import Schedule
from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.events import (
    Close,
    End,
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
    StartSchedule,
    Stop,
    StreamEnded,
    Tick,
)
from gradual_master.coordination.journal import Journal
from gradual_master.coordination.terms import Terms
from gradual_master.run.dispatch import Dispatcher
from gradual_master.run.provisions import JOB_SEQUENCE, Provisions
from gradual_master.serving.send_queue import SendQueue

TICK = 480 * MS
"""The shell ticks every 50 ms; less often is slower to decide and as right, as long as it is no stall (0.5 s)."""

LINGER = 2 * S
NOT_FOUND = object()
REMEMBERED = 6
"""How many of a stream's messages can arrive once more."""

MAX_TURNS = 300
"""How many events may follow from one that came from outside; some are usual."""

JOB = Job({}, {}, {}, 1)
DATA_GROUP, DATA_SET = 0, "rows"


class Numbers:
    """A data set: each slot's row is its ordinal."""

    def row(self, ordinal: int) -> dict[str, Any]:
        """The row of this ordinal's slot."""
        return {"n": ordinal}


class ServerStream:
    """The master's end of one stream. `messages`: the last that came on it."""

    def __init__(self, number: int, stream: Stream) -> None:
        self.number = number
        self.stream = stream
        self.queue = SendQueue()
        self.is_closing = False
        self.messages: deque[AgentMessage] = deque(maxlen=REMEMBERED)
        self.hello: Hello | None = None


class ProvisionCall:
    """One reading of provisions, beside a stream and for as long as that lives."""

    def __init__(self, wire: Wire, agent: str, on_down: Callable[[Any], object], master: SimMaster) -> None:
        self.agent = agent
        self.sent = JOB_SEQUENCE
        self.is_open = True
        self.up = Pipe(wire, True, lambda _: master.open_call(self))
        self.down = Pipe(wire, False, on_down)
        self.up.send(None)


class SimMaster:
    """One master. While it is stalled, what comes waits."""

    def __init__(self, world: World, rules: Rules, schedule: Schedule, terms: Terms, chance: random.Random) -> None:
        self.world = world
        self.rules = rules
        self.journal = Journal()
        self.core = MasterCore(terms, schedule, self.journal)
        self.begun_at: int | None = None
        self.ended_at: int | None = None
        self.is_gone = False
        self.notes: deque[tuple[int, str]] = deque(maxlen=60)
        self.former: dict[str, list[ServerStream]] = {}
        self._chance = chance
        self._provisions = Provisions(JOB, {(DATA_GROUP, DATA_SET): Numbers()})
        self._calls: dict[str, list[ProvisionCall]] = {}
        self._streams: dict[int, ServerStream] = {}
        self._known: dict[int, ServerStream] = {}
        self._welcomed: dict[str, int] = {}
        self._next_number = 1
        self._dispatcher = Dispatcher(self._handle, self._carry_out)
        self._turns = 0
        self._touched: dict[int, ServerStream] = {}
        self._merges: deque[Merge] = deque()
        self._last_event = 0
        self._stalled_until = 0
        self._backlog: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        world.at(0, self._tick)

    def agent_of(self, number: int) -> str | None:
        """The agent that sent a Hello on a stream."""
        server = self._known.get(number)
        return server.hello.incarnation.hex() if server is not None and server.hello is not None else None

    def is_superseded(self, number: int) -> bool:
        """Whether its agent has been welcomed on a stream that it numbered higher."""
        server = self._known.get(number)
        if server is None or server.hello is None:
            return False
        return server.hello.stream < self._welcomed.get(server.hello.incarnation.hex(), 0)

    def stall(self, duration: int) -> None:
        """The process is paused."""
        if self.is_gone:
            return
        self._stalled_until = max(self._stalled_until, self.world.now + duration)
        self.world.at(self._stalled_until, self._resume)

    def wake_up(self) -> None:
        """It goes on now."""
        if self.is_stalled:
            self._stalled_until = self.world.now
            self._resume()

    @property
    def is_stalled(self) -> bool:
        """Whether it is paused."""
        return self.world.now < self._stalled_until

    def _resume(self) -> None:
        """The timer and what lies in the sockets are due at once; which comes first is left to chance."""
        if self.is_stalled:
            return
        if self._chance.random() < 0.5:
            self.dispatch(Tick())
        backlog, self._backlog = self._backlog, deque()
        for call, arguments in backlog:
            call(*arguments)
        self.dispatch(Tick())

    def repeat(self, incarnation: str, how: int) -> None:
        """Messages of this agent arrive once more: the last of its present stream, or of the one before; the Hello of
        the one before, or of its first, on a stream of its own.
        """
        known = self.former.get(incarnation, [])
        if not known:
            return
        if how < 2:
            which = known[-1 - how] if len(known) > how else known[-1]
            for message in list(which.messages):
                self._when_awake(self._receive, which.number, message)
            return
        number = self._take_number()
        self._open(number, Stream(_nowhere(self.world), 0, _ignore, _ignore))
        hello = known[1 - how].hello if len(known) > 1 else known[-1].hello
        self._when_awake(self._receive, number, AgentMessage(hello=hello))

    def hear(self, stream: Stream, item: Any) -> None:
        """Something has arrived on a stream."""
        if self.is_stalled:
            self._backlog.append((self.hear, (stream, item)))
            return
        if self.is_gone:
            if stream.is_served:
                stream.is_served = False
                stream.down.send(END)
            return
        server = self._server_of(stream)
        if item is END:
            self._close(server)
        elif not server.is_closing:
            server.messages.append(item)
            self._receive(server.number, item)

    def _server_of(self, stream: Stream) -> ServerStream:
        if stream.server_number is None:
            stream.server_number = self._take_number()
            self._open(stream.server_number, stream)
        known = self._streams.get(stream.server_number)
        if known is None:
            known = ServerStream(stream.server_number, stream)
            known.is_closing = True
        return known

    def _open(self, number: int, stream: Stream) -> None:
        self._streams[number] = self._known[number] = ServerStream(number, stream)

    def _take_number(self) -> int:
        self._next_number += 1
        return self._next_number - 1

    def _receive(self, number: int, message: AgentMessage) -> None:
        server = self._streams.get(number)
        if message.hello is not None and server is not None and server.hello is None:
            server.hello = message.hello
            self.former.setdefault(message.hello.incarnation.hex(), []).append(server)
        self.dispatch(Received(number, message))

    def _tick(self) -> None:
        if self.is_gone:
            return
        if self.world.now >= self._last_event + TICK and not self.is_stalled:
            self.dispatch(Tick())
        due = self._last_event + TICK
        self.world.at(due if due > self.world.now else self.world.now + TICK, self._tick)

    def stop(self) -> None:
        """Somebody presses Ctrl-C."""
        self._when_awake(self.dispatch, Stop("interrupt"))

    def _when_awake(self, call: Callable[..., object], *arguments: Any) -> None:
        if self.is_stalled:
            self._backlog.append((call, arguments))
        else:
            call(*arguments)

    def dispatch(self, event: Event) -> None:
        """Handle an event and whatever follows from it, then let the writers write."""
        if self.is_gone:
            return
        self._last_event = self.world.now
        is_first = not self._dispatcher.is_dispatching
        if is_first:
            self._turns = 0
        self._dispatcher.dispatch(event)
        if is_first:
            touched, self._touched = self._touched, {}
            for server in touched.values():
                self._write(server)

    def _handle(self, event: Event) -> Sequence[Instruction]:
        self._turns += 1
        if self._turns == MAX_TURNS:
            self.rules.fail("the master does not come to rest: one decision follows from the other")
        instructions = self.core.handle(event, self.world.now)
        validate(self.core)
        self.rules.watch_master(event, instructions)
        return instructions

    def _carry_out(self, instruction: Instruction) -> None:
        match instruction:
            case Send(number, message, ahead):
                self._put(number, message, ahead)
            case Close(number):
                if number in self._streams:
                    self._close(self._streams[number])
            case Provide(agent, slots):
                self._prepare(agent, slots)
            case Merge():
                self._take_merge(instruction)
            case MergeOnce(_, report):
                self._provisions.variables = report.variables or self._provisions.variables
                self.dispatch(OnceMerged(report))
            case StartSchedule(start):
                self.begun_at = start
            case Note(level, text):
                self.notes.append((self.world.now, f"{level}: {text}"))
            case End():
                self.rules.note_end()
                self.ended_at = self.world.now
                self.world.at(self.world.now, self._end)
            case _:
                pass

    def _put(self, number: int, message: MasterMessage, ahead: bool) -> None:
        server = self._streams.get(number)
        if server is None or server.is_closing:
            return
        server.queue.put(message, ahead=ahead)
        self._touched[number] = server
        if message.welcome is not None and server.hello is not None:
            self._welcomed[server.hello.incarnation.hex()] = server.hello.stream

    def _write(self, server: ServerStream) -> None:
        if server.stream.wire.clogged_until > self.world.now:
            self.world.at(server.stream.wire.clogged_until, self._when_awake, self._write, server)
            return
        while (message := server.queue.take()) is not None:
            server.stream.down.send(message)
        if server.is_closing and self._streams.pop(server.number, None) is not None:
            server.stream.down.send(END)
            self.world.at(self.world.now, self._when_awake, self.dispatch, StreamEnded(server.number))

    def _close(self, server: ServerStream) -> None:
        """Everything put on it is written first."""
        if not server.is_closing:
            server.is_closing = True
            self._touched[server.number] = server
            if not self._dispatcher.is_dispatching:
                del self._touched[server.number]
                self._write(server)

    def _take_merge(self, merge: Merge) -> None:
        """At once, or after something that keeps the loop busy; always in order."""
        if not self._merges and self._chance.random() < 0.9:
            self._merge(merge)
            return
        self._merges.append(merge)
        if len(self._merges) == 1:
            self._merge_soon()

    def _merge_soon(self) -> None:
        delay = self._chance.randrange(300 * MS) if self._chance.random() < 0.1 else 0
        self.world.after(delay, self._when_awake, self._merge_next)

    def _merge_next(self) -> None:
        if self._merges:
            self._merge(self._merges.popleft())
            if self._merges:
                self._merge_soon()

    def _merge(self, merge: Merge) -> None:
        self.rules.note_merge(merge.agent, merge.batch)
        self.dispatch(Merged(merge.agent, merge.batch))

    def _end(self) -> None:
        while self._merges:
            self._merge(self._merges.popleft())
        self._linger(self.world.now + LINGER)

    def _linger(self, until: int) -> None:
        """For agents that are just dialling again; then nobody listens any more."""
        if self.core.uninformed and self.world.now < until:
            self.world.after(50 * MS, self._linger, until)
            return
        for server in list(self._streams.values()):
            self._close(server)
        self.is_gone = True

    def open_call(self, call: ProvisionCall) -> None:
        """The job at once, then the rows as far as they are prepared."""
        if self.is_stalled:
            self._backlog.append((self.open_call, (call,)))
        elif self.is_gone:
            call.down.send(END)
        elif not self.core.knows(call.agent):
            call.down.send(NOT_FOUND)
        else:
            self._calls.setdefault(call.agent, []).append(call)
            call.down.send(self._provisions.job())
            self._send_rows(call)

    def _prepare(self, agent: str, slots: Sequence[Any]) -> None:
        sequence = self._provisions.prepare(agent, tuple(slots))
        self.dispatch(Provided(agent, tuple(slots), sequence))
        for call in self._calls.get(agent, []):
            self._send_rows(call)

    def _send_rows(self, call: ProvisionCall) -> None:
        if call.is_open:
            for provision in self._provisions.rows_of(call.agent, call.sent):
                call.down.send(provision)
                call.sent = provision.sequence


def _nowhere(world: World) -> Wire:
    wire = Wire(world)
    wire.cut()
    return wire


def _ignore(*_: Any) -> None:
    pass


__all__ = ["JOB", "NOT_FOUND", "Provision", "ProvisionCall", "SimMaster"]
