"""One simulated agent process: the real `Agent` over a simulated link, time and users.

It is given them in place of what the process gives it; all else of it, `run` included, is what the process runs.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from fleet_model import batch_of
from fuzz_master import NOT_FOUND, ProvisionCall, SimMaster
from fuzz_network import END, Stream, Wire
from fuzz_rules import Rules
from fuzz_world import CALLED, MS, Clock, S, SimTimeline, World

from gradual_agent.coordination.contact import Redial
from gradual_agent.coordination.pool import UserEnded
from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_agent.process import agent as agent_module
from gradual_agent.process.agent import Agent
from gradual_agent.runtime.lease import Lease
from gradual_agent.users.users import Users
from gradual_common.language.document import SETUP
from gradual_common.protocol.batch import Applied, Batch
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import (
    PROTOCOL,
    AgentMessage,
    Hello,
    MasterMessage,
    OnceReport,
    Part,
    Provision,
    Rows,
)
from gradual_common.protocol.samples import Exemplar, SampleColumns

REFETCH = 200 * MS
EMPTY = batch_of(0, 0)
Slot = tuple[int, int]


class User:
    """A user in place of `VirtualUser`: it writes whenever the lease allows it, takes its time to end, and now and then
    ends for good. `is_active` until it is asked to stop, which was first at `asked_at`.
    """

    __slots__ = ("_end", "_run", "asked_at", "is_active", "slot", "tenure")

    def __init__(self, run: SimPlanRun, slot: Slot, tenure: int) -> None:
        self.slot = slot
        self.tenure = tenure
        self.is_active = True
        self.asked_at: int | None = None
        self._run = run
        self._end: Any = None

    def start(self) -> None:
        """It may end for good, some time."""
        process = self._run.process
        assert self.slot not in self._run.present, "two users of one slot"
        self._run.present[self.slot] = self
        self._run.begun += 1
        process.rules.note_start(process, self)
        if process.chance.random() < process.finishing:
            self._end_at(process.clock() + process.chance.randrange(8 * S), finished=True)

    def stop(self, deadline: int, *, hands_over: bool) -> None:
        """It finishes its iteration, or is ended at the deadline; `on_stop` may take as long again."""
        process = self._run.process
        if self.asked_at is None:
            self.asked_at = process.world.now
        self.is_active = hands_over
        self._forget_end()
        now = process.clock()
        self._end_at(now + max(0, deadline - now) * process.chance.randrange(5) // 2, finished=False)

    def cut(self) -> None:
        """It ends here and now."""
        self._forget_end()
        del self._run.present[self.slot]
        self._run.process.rules.note_gone(self._run.process, self)

    def _forget_end(self) -> None:
        if self._end is not None:
            self._run.process.timeline.cancel(self._end)

    def _end_at(self, when: int, *, finished: bool) -> None:
        self._end = self._run.process.timeline.at(when, self._finish, finished)

    def _finish(self, finished: bool) -> None:
        process = self._run.process
        del self._run.present[self.slot]
        if finished:
            process.rules.note_finished(self.slot, self.tenure)
        process.rules.note_gone(process, self)
        self._run.users.note_end(UserEnded(self.slot, self.tenure, finished))


class SimLease(Lease):
    """The lease as the engine reads it; the rules look on when one that was over is valid again."""

    def __init__(self, process: AgentProcess) -> None:
        self._process = process
        self._ends_at = 0

    @property
    def ends_at(self) -> int:  # type: ignore[override]
        return self._ends_at

    @ends_at.setter
    def ends_at(self, until: int) -> None:
        was_over = self._ends_at <= self._process.clock()
        self._ends_at = until
        if was_over and until:
            self._process.rules.note_lease(self._process)


class SimPlanRun:
    """`PlanRun` with the agent's own `Users`, whose users only pretend, and without a recorder."""

    def __init__(self, process: AgentProcess, on_end: Any, on_error: Any) -> None:
        self.process = process
        self.begun = 0
        self.present: dict[Slot, User] = {}
        self.rows: set[Slot] = set()
        self.recorder = self
        self.users = Users(self._make_user, process.timeline, process.clock, on_end, on_error)
        self.is_set_up = False
        self._once: list[tuple[str, Callable[[OnceReport], object]]] = []
        self._once_end: Any = None
        self._sealed = 0
        self._applied: list[Applied] = []

    def _make_user(self, slot: Slot, tenure: int) -> Any:
        return User(self, slot, tenure)

    def provide(self, rows: Rows) -> None:
        self.rows.update((rows.group, ordinal) for ordinal in rows.ordinals)

    def share(self, variables: bytes) -> None:
        self.is_set_up = True

    def perform(self, section: str, variables: bytes, offset: Any, on_report: Callable[[OnceReport], object]) -> None:
        """It takes its time, and now and then fails. A teardown ends the set-up, and follows it."""
        self.process.rules.note_once(self.process, section)
        self._once.append((section, on_report))
        if len(self._once) == 1:
            self._begin_once()
        elif self.process.timeline.cancel(self._once_end) is None:
            self._end_once("it was stopped")

    def _begin_once(self) -> None:
        process = self.process
        failure = "a step failed" if process.chance.random() < 0.1 else ""
        when = process.clock() + process.chance.randrange(8 * S)
        self._once_end = process.timeline.at(when, self._end_once, failure)

    def _end_once(self, failure: str) -> None:
        section, on_report = self._once.pop(0)
        variables = b'{"token":"t"}' if section == SETUP and not failure else b""
        on_report(OnceReport(section, EMPTY, variables, failure))
        if self._once:
            self._begin_once()

    def cut_once(self, reason: str) -> None:
        """Both end here and now."""
        if self._once:
            self.process.timeline.cancel(self._once_end)
        once, self._once = self._once, []
        for section, on_report in once:
            on_report(OnceReport(section, EMPTY, b"", f"it was cut: {reason}"))

    def schedule(self, start: int, interval: int, levels: Sequence[tuple[int, int]]) -> None:
        pass

    def note_level(self, applied: Applied) -> None:
        self.process.rules.note_clock(self.process)
        self._applied.append(applied)

    def take_samples(self, offset: int) -> tuple[list[SampleColumns], list[Exemplar]]:
        return [], []

    def seal(self, interval: int, offset: int, last: bool) -> Batch:
        self._sealed += 1
        applied, self._applied = tuple(self._applied), []
        batch = Batch(
            self._sealed,
            interval,
            last,
            EMPTY.frames,
            EMPTY.users,
            EMPTY.iterations,
            EMPTY.cells,
            EMPTY.requests,
            EMPTY.counters,
            EMPTY.statuses,
            EMPTY.assertions,
            EMPTY.histograms,
            EMPTY.health,
            applied,
        )
        self.process.rules.note_sealed(self.process, batch)
        return batch


class SimLink:
    """`MasterLink` over a wire. What comes on a former stream still reaches the session, which is to drop it."""

    def __init__(self, process: AgentProcess, listener: Any) -> None:
        self._process = process
        self._listener = listener
        self._call: ProvisionCall | None = None
        self.stream: Stream | None = None

    def dial(self, number: int) -> None:
        self.hang_up()
        process = self._process

        def deliver(item: Any) -> None:
            process.take(self._read, number, item)

        self.stream = Stream(process.wire, number, deliver, process.master.hear)
        process.slowness = 0

    def _read(self, number: int, item: MasterMessage | object) -> None:
        is_current = self.stream is not None and self.stream.number == number
        if isinstance(item, MasterMessage):
            self._listener.receive(number, item)
            if item.expired is not None and is_current:
                self._process.rules.note_expired(self._process)
        elif is_current:
            self.hang_up()
            self._listener.lose(number, "the stream is over")

    def send(self, message: AgentMessage) -> None:
        if self.stream is not None:
            self.stream.up.send(message)

    def fetch(self, run: str) -> None:
        stream, process = self.stream, self._process
        if stream is not None:
            self._open_call(stream, process)

    def _open_call(self, stream: Stream, process: AgentProcess) -> None:
        if self.stream is not stream or process.is_over:
            return

        def deliver(item: Any) -> None:
            process.take(self._read_provision, stream, item)

        self._call = ProvisionCall(process.wire, process.id, deliver, process.master)
        self._call.down.extra = process.chance.choice((0, 0, 30 * MS, 300 * MS))

    def _read_provision(self, stream: Stream, item: object) -> None:
        if self.stream is not stream:
            return
        if isinstance(item, Provision):
            self._listener.provide(item)
        elif item is NOT_FOUND:
            self._process.world.after(REFETCH, self._open_call, stream, self._process)

    def hang_up(self) -> None:
        """What is on its way may arrive or not."""
        if self.stream is None:
            return
        if self._call is not None:
            self._call.is_open = False
        stream, self.stream = self.stream, None
        if self._process.chance.random() < 0.5:
            stream.up.lose_tail(self._process.chance.randrange(4))
        stream.up.send(END)

    async def close(self) -> None:
        """What is queued is written first."""
        if self.stream is not None:
            self.stream.up.send(END)
            self.stream = None


class Log:
    """Keeps the last lines, for whoever has to understand a failure."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=40)
        self.world: World | None = None

    def __getattr__(self, level: str) -> Callable[..., None]:
        def say(text: str, **about: Any) -> None:
            now = self.world.now / S if self.world else 0
            self.lines.append(f"{now:9.3f} {level}: {text} {about or ''}")

        return say


class SimLoop:
    """What an `asyncio.Future` asks of its loop."""

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        pass


class SimAgent(Agent):
    """Sets its alarm once for everything that happens at one instant, which is a fifth of the work of a sequence."""

    has_changed = True

    def _set_alarm(self) -> None:
        self.has_changed = True

    def catch_up(self) -> None:
        """Whatever happened has been dealt with."""
        if self.has_changed:
            self.has_changed = False
            super()._set_alarm()


class AgentProcess:
    """One process: it lives, is paused, ends by itself, or is killed. Then nothing of it acts any more."""

    def __init__(
        self,
        world: World,
        master: SimMaster,
        rules: Rules,
        number: int,
        max_users: int,
        *,
        chance: random.Random,
        master_wait: int,
        finishing: float,
        part: Part | None = None,
    ) -> None:
        self.world = world
        self.master = master
        self.rules = rules
        self.number = number
        self.max_users = max_users
        self.chance = chance
        self.finishing = finishing
        self.wire = Wire(world)
        self.slowness = 0
        self.exit_code: int | None = None
        self.is_dead = False
        self.is_paused = False
        self.signals = 0
        self.clock = Clock(world, (number + 1) * 1000 * S)
        self.timeline = SimTimeline(world, self.clock, self.go_on)
        self.lease = SimLease(self)
        self.run: SimPlanRun | None = None
        self.log = Log()
        self.log.world = world
        self._outcome: asyncio.Future[int] | None = None
        self._inbox: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        incarnation = number.to_bytes(16, "big")
        self.id = incarnation.hex()
        self.name = f"agent-{number}"
        outcome: asyncio.Future[int] = asyncio.Future(loop=SimLoop())  # type: ignore[arg-type]
        self.agent = SimAgent(
            Hello(PROTOCOL, incarnation, CALLED, "host", number, "0.1", 0, max_users, part=part),
            master=MasterEndpoint(self.name),
            redial=Redial(master_wait, chance.random, self.clock()),
            lease=self.lease,
            timeline=self.timeline,
            clock=self.clock,
            outcome=outcome,
            start_plan=self._start_plan,
            make_link=self._make_link,
        )
        self.agent._log = self.agent._notices._log = self.log
        self._outcome = outcome
        self._main: Coroutine[Any, Any, int] = self.agent.run()
        self._main.send(None)
        self.agent.catch_up()

    def _make_link(self, target: str, incarnation: bytes, listener: Any) -> Any:
        return SimLink(self, listener)

    def _start_plan(self, job: Job, on_end: Any, on_error: Any, *_: Any) -> Any:
        self.run = SimPlanRun(self, on_end, on_error)
        return self.run

    @property
    def session(self) -> Any:
        """The agent's session."""
        return self.agent._session

    @property
    def is_over(self) -> bool:
        """Whether nothing of it acts any more."""
        return self.is_dead or self.exit_code is not None

    @property
    def may_write(self) -> bool:
        """Whether its users may send: what the engine asks before every write. A pause does not change that."""
        return not self.is_over and self.clock() < self.lease.ends_at

    @property
    def users(self) -> dict[Slot, User]:
        """Its users."""
        return self.run.present if self.run is not None else {}

    @property
    def clock_error(self) -> int:
        """How wrong its run time is."""
        offset = self.session.offset
        return 0 if offset is None else self.clock() + offset - self.world.now

    def take(self, call: Callable[..., object], *arguments: Any) -> None:
        """Something arrives: at once, or when the process goes on."""
        if self.is_over:
            return
        if self.is_paused:
            self._inbox.append((call, arguments))
            return
        call(*arguments)
        self.go_on()

    def pause(self) -> None:
        """SIGSTOP."""
        if not self.is_over:
            self.is_paused = self.timeline.is_paused = True

    def resume(self) -> None:
        """SIGCONT: timers and sockets are due at once; which comes first is left to chance."""
        if self.is_over or not self.is_paused:
            return
        self.is_paused = self.timeline.is_paused = False
        works = [self._run_timers, self._read_inbox]
        if self.chance.random() < 0.5:
            works.reverse()
        for work in works:
            work()
        self.timeline.arm()

    def _run_timers(self) -> None:
        if not self.is_over:
            self.timeline.run()

    def _read_inbox(self) -> None:
        inbox, self._inbox = self._inbox, deque()
        for call, arguments in inbox:
            self.take(call, *arguments)

    def drift(self, millionths: int) -> None:
        """The clock runs faster or slower from now on."""
        self.clock.set_drift(millionths)
        self.timeline.arm()

    def leave(self) -> None:
        """SIGTERM."""
        self.signals += 1
        self.take(self.agent.leave)

    def kill(self, kept: int) -> None:
        """SIGKILL: the kernel ends its connections, if the wire still carries that."""
        if self.is_over:
            return
        self.is_dead = True
        self._vanish()
        stream = self.agent._link.stream  # type: ignore[attr-defined]
        if stream is not None:
            stream.up.lose_tail(kept)
            stream.up.send(END)

    def break_off(self, kept: int) -> None:
        """Its connection is reset."""
        stream = self.agent._link.stream  # type: ignore[attr-defined]
        if stream is not None and not self.is_over:
            stream.break_off(kept)

    def slow_down_stream(self, extra: int) -> None:
        """What it writes on the present stream arrives later than what it writes on the next."""
        stream = self.agent._link.stream  # type: ignore[attr-defined]
        if stream is not None:
            stream.up.extra = stream.down.extra = self.slowness = extra

    def go_on(self) -> None:
        """Everything has been dealt with that happened: it waits for what comes next, or has ended by itself."""
        self.agent.catch_up()
        if self._outcome is None or not self._outcome.done() or self.exit_code is not None:
            return
        try:
            self._main.send(None)
        except StopIteration as end:
            self.exit_code = end.value
        self.rules.note_exit(self)
        self._vanish()

    def _vanish(self) -> None:
        self.timeline.close()
        if self.run is not None:
            self.run.users.cut()
        self._main.close()


def simulated_processes() -> AbstractContextManager[object]:
    """An `Agent` made here binds nothing to the process of the tests."""
    return mock.patch.object(agent_module, "bind_process")


__all__ = ["END", "AgentProcess", "simulated_processes"]
