"""The agent: session, slot pool and users wired together; it carries out what session and pool decide.

Everything that happens (a message, a deadline, a user that ended, a signal) becomes an event in one queue. Its
instructions are carried out before the next event is handled, so that no decision sees a state that is half changed.
One entry of the timeline wakes the agent for the earliest of all deadlines.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from gradual_agent.coordination import events, pool
from gradual_agent.coordination.contact import Redial
from gradual_agent.coordination.session import Session
from gradual_agent.coordination.supplies import AgentSupplies
from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_agent.master_link.rpc import LinkListener, MasterLink
from gradual_agent.master_link.samples import SampleLink
from gradual_agent.process.notices import AgentNotices
from gradual_agent.process.sealer import BatchSealer
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.timeline import Entry, Timeline
from gradual_common.process.logs import bind_process
from gradual_common.protocol.batch import Applied
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import (
    AgentMessage,
    DealtBlock,
    Goodbye,
    Hello,
    MasterMessage,
    Once,
    Orders,
    Provision,
)

if TYPE_CHECKING:
    from gradual_agent.process.plan_run import PlanRun  # Heavy: loaded after the Hello.

PlanStarter = Callable[
    [
        Job,
        Callable[[pool.UserEnded], object],
        Callable[[Exception], object],
        Callable[[events.SessionEvent], object],
        AgentSupplies,
    ],
    "PlanRun",
]
"""Makes a job ready; given what is to be called when a user has ended, when one cannot be started, and when users ask
something of the fleet; and where its users find their rows."""

MAX_REASON_CHARS = 1000


class Agent:
    """One agent process. `run` ends with its exit code.

    `introduction` is the Hello of a process that holds nothing, `outcome` a future of the loop that it runs on, and
    `make_link` gives a link to `master`, which reports to its listener.
    """

    def __init__(
        self,
        introduction: Hello,
        *,
        master: MasterEndpoint,
        redial: Redial,
        lease: Lease,
        timeline: Timeline,
        clock: Callable[[], int],
        outcome: asyncio.Future[int],
        start_plan: PlanStarter,
        make_link: Callable[[MasterEndpoint, bytes, LinkListener], MasterLink] = MasterLink,
    ) -> None:
        self._lease = lease
        self._timeline = timeline
        self._clock = clock
        self._outcome = outcome
        self._start_plan = start_plan
        self._pool = pool.SlotPool()
        self._notices = AgentNotices(master.target, redial)
        self._supplies = AgentSupplies(self._note_need)
        self._session = Session(
            introduction, self._pool, lambda: self._run.recorder.begun if self._run else 0, redial, self._supplies
        )
        self._link = make_link(master, introduction.incarnation, self)
        self._samples = SampleLink(master, introduction.incarnation)
        self._run: PlanRun | None = None
        self._orders: Orders | None = None
        self._sealer = BatchSealer(self._session, self._samples, clock, self._queue_task, self._queue_for_session)
        self._tasks: deque[Callable[[], None]] = deque()
        self._is_working = False
        self._alarm: tuple[int, Entry] | None = None
        self._log = structlog.get_logger(__name__)

    async def run(self) -> int:
        """Serve one run; the exit code."""
        self._queue_for_session(events.Wake())
        try:
            return await self._outcome
        finally:
            self._clear_alarm()
            await self._link.close()
            await self._samples.close()

    def leave(self) -> None:
        """A signal asks the process to stop."""
        self._queue_for_session(events.Leave())

    def receive(self, stream: int, message: MasterMessage) -> None:
        """A message came."""
        self._queue_for_session(events.MessageReceived(stream, message))

    def lose(self, stream: int, reason: str, is_denied: bool = False) -> None:
        """A stream is over."""
        self._queue_for_session(events.StreamLost(stream, reason, is_denied))
        self._say_waiting(reason)

    def provide(self, provision: Provision) -> None:
        """A provision is complete."""
        self._queue_task(lambda: self._store(provision))

    def fail(self, error: BaseException) -> None:
        """Report an error that ends this agent: a job that cannot be done, or a bug."""
        if not self._outcome.done():
            self._cut("this agent has failed")
            self._link.send(AgentMessage(goodbye=Goodbye(f"{type(error).__name__}: {error}"[:MAX_REASON_CHARS])))
            self._outcome.set_exception(error)

    def _note_need(self) -> None:
        """Rows are needed. The request is sent in a turn of its own: the user that needs them is still running."""
        self._timeline.at(self._clock(), lambda _: self._queue_for_session(events.Wake()))

    def _queue_for_session(self, event: events.SessionEvent) -> None:
        self._queue_task(lambda: self._follow_session(self._session.handle(event, self._clock())))

    def _queue_for_pool(self, event: pool.PoolEvent) -> None:
        self._queue_task(lambda: self._follow_pool(self._pool.handle(event, self._run_time())))

    def _queue_task(self, task: Callable[[], None]) -> None:
        """Queue a task. The outermost call runs all tasks in order, then sets the alarm for the next deadline."""
        # A task may queue others: carrying out an instruction causes events. They run after it, not inside it.
        self._tasks.append(task)
        if self._is_working or self._outcome.done():
            return
        self._is_working = True
        try:
            while self._tasks:
                self._tasks.popleft()()
            self._set_alarm()
        except Exception as error:
            self.fail(error)
        finally:
            self._is_working = False

    @property
    def _offset(self) -> int:
        return self._session.offset or 0

    def _run_time(self) -> int:
        return self._clock() + self._offset

    def _set_alarm(self) -> None:
        in_run_time = min(self._pool.next_deadline, self._sealer.next_deadline)
        deadline = min(self._session.next_deadline, in_run_time - self._offset)
        if self._alarm is not None and self._alarm[0] == deadline:
            return
        self._clear_alarm()
        self._alarm = (deadline, self._timeline.at(deadline, self._wake))

    def _clear_alarm(self) -> None:
        if self._alarm is not None:
            self._timeline.cancel(self._alarm[1])
            self._alarm = None

    def _wake(self, _: object) -> None:
        """Levels first, as all agents must apply them at the same instant."""
        self._alarm = None
        self._queue_for_pool(events.Wake())
        self._queue_task(self._sealer.seal_ended)
        self._queue_for_session(events.Wake())

    def _follow_session(self, instructions: Sequence[events.SessionInstruction]) -> None:
        for instruction in instructions:
            match instruction:
                case AgentMessage():
                    self._link.send(instruction)
                case events.Renew(until):
                    self._lease.ends_at = until
                case Orders() as orders:
                    self._log.debug("orders", version=orders.version, slots=sum(span.count for span in orders.slots))
                    self._orders = orders
                    self._reschedule()
                    self._queue_for_pool(orders)
                case events.Adopt(offset):
                    self._log.debug("clock offset", offset_ns=offset)
                    self._reschedule()
                case events.DialMaster(stream):
                    self._log.debug("dialling the master", stream=stream)
                    self._link.dial(stream)
                case events.HangUp(stream, reason):
                    self._log.warning(f"closing the connection to the master: {reason}", stream=stream)
                    self._link.hang_up()
                    self._say_waiting(reason)
                case events.Fetch(run):
                    self._enter(run)
                case DealtBlock():
                    self._supplies.receive(instruction)
                case Once() | events.PlacesOpened() | events.CutUsers() | events.DrainUsers():
                    self._direct_users(instruction)
                case events.Exit(code, reason, dropped):
                    self._exit(code, reason, dropped)

    def _enter(self, run: str) -> None:
        bind_process(run=run)
        if self._session.welcome is not None and self._session.welcome.name:
            bind_process(agent=self._session.welcome.name)
        self._notices.say_welcomed(self._session.stream)
        self._link.fetch(run)

    def _direct_users(self, instruction: Once | events.PlacesOpened | events.CutUsers | events.DrainUsers) -> None:
        match instruction:
            case events.PlacesOpened(rounds) if self._run is not None:
                self._run.places.open(rounds)
            case Once(ends=True):
                if self._run is not None:
                    self._run.cut_once("the run ended")
            case Once(section, variables):
                self._perform(section, variables)
            case events.CutUsers(reason):
                self._cut(reason)
            case events.DrainUsers(reason):
                self._log.info("users finish what they do and stop", reason=reason)
                self._queue_for_pool(instruction)

    def _perform(self, section: str, variables: bytes) -> None:
        assert self._run is not None, "a set-up or teardown waits for the job"
        self._log.info(f"performing the {section}")
        self._run.perform(
            section,
            variables,
            lambda: self._offset,
            lambda report: self._queue_for_session(events.OncePerformed(report)),
        )

    def _say_waiting(self, reason: str) -> None:
        if not self._outcome.done() and self._session.state is events.DISCONNECTED:
            self._notices.say_waiting(reason, self._clock())

    def _reschedule(self) -> None:
        """Orders or offset are new."""
        if self._run is not None and self._orders is not None:
            self._sealer.schedule(self._run, self._orders)

    def _cut(self, reason: str) -> None:
        # The lease first: from here on the engine writes nothing more, not even for a user that is not cut yet.
        self._lease.ends_at = 0
        users = sum(span.count for span in self._pool.held)
        if self._run is not None:
            self._run.cut_once(reason)
        if users and self._run is not None:
            self._log.warning("all users were stopped at once", reason=reason, users=users)
            self._run.users.cut()
        self._queue_for_pool(events.CutUsers(reason))

    def _exit(self, code: int, reason: str, dropped: tuple[int, ...]) -> None:
        self._notices.say_end(code, reason, dropped)
        if not self._outcome.done():
            self._outcome.set_result(code)

    def _follow_pool(self, instructions: Sequence[pool.PoolInstruction]) -> None:
        run = self._run
        if run is None:
            return
        released: list[tuple[pool.Slot, int]] = []
        finished: list[pool.Finished] = []
        for instruction in instructions:
            match instruction:
                case pool.StartUser(slot, tenure, due):
                    run.users.start(slot, tenure, due - self._offset)
                case pool.StopUser(slot, deadline, hands_over):
                    run.users.stop(slot, deadline - self._offset, hands_over=hands_over)
                case Applied():
                    run.recorder.note_level(instruction)
                case pool.Release(slot, tenure):
                    released.append((slot, tenure))
                case pool.Finished():
                    finished.append(instruction)
                case pool.Drained():
                    self._queue_task(self._sealer.seal_last)
        if released or finished:
            self._queue_for_session(events.SlotsEnded(pool.as_runs(released), pool.as_finished_runs(finished)))

    def _store(self, provision: Provision) -> None:
        """Prepare the job's plan and store data rows; a job that is known already is ignored."""
        if provision.job is not None and self._run is None:
            self._run = self._start_plan(
                provision.job, self._queue_for_pool, self.fail, self._queue_for_session, self._supplies
            )
        if self._run is None:
            return
        if provision.variables:
            self._run.share(provision.variables)
        for rows in provision.rows:
            self._run.provide(rows)
        self._log.debug("provisioned", sequence=provision.sequence)
        self._queue_for_session(events.Provisioned(provision.sequence))
