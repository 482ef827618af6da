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
from gradual_agent.coordination.contact import NOTICE_EVERY_NS, Redial
from gradual_agent.coordination.outbox import Intervals
from gradual_agent.coordination.session import Session
from gradual_agent.coordination.supplies import AgentSupplies
from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_agent.master_link.rpc import LinkListener, MasterLink
from gradual_agent.master_link.samples import SampleLink
from gradual_agent.process.options import PROGRESS
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.timeline import Entry, Timeline
from gradual_common.clock import NS_PER_S
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
from gradual_common.units import format_duration

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

MASTER_HINT = "check that gradual-master runs, that it listens there (--listen), and that no firewall is in between"


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
        self._target = master.target
        self._lease = lease
        self._timeline = timeline
        self._clock = clock
        self._outcome = outcome
        self._start_plan = start_plan
        self._pool = pool.SlotPool()
        self._redial = redial
        self._supplies = AgentSupplies(self._note_need)
        self._session = Session(
            introduction, self._pool, lambda: self._run.recorder.begun if self._run else 0, redial, self._supplies
        )
        self._link = make_link(master, introduction.incarnation, self)
        self._samples = SampleLink(master, introduction.incarnation)
        self._run: PlanRun | None = None
        self._orders: Orders | None = None
        self._intervals: Intervals | None = None
        self._is_sealed = False
        """Whether the last batch is sealed."""
        self._was_connected = False
        """The master has been there since it was last waited for."""
        self._tasks: deque[Callable[[], None]] = deque()
        self._is_working = False
        self._alarm: tuple[int, Entry] | None = None
        self._log = structlog.get_logger(__name__)
        self._progress = structlog.get_logger(PROGRESS)

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
        in_run_time = self._pool.next_deadline
        # A full outbox takes no batch, so the end of an interval is no reason to wake.
        if self._intervals is not None and not self._session.outbox.is_full:
            in_run_time = min(in_run_time, self._intervals.end_of(self._intervals.next))
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
        self._queue_task(self._seal_ended)
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
        self._was_connected = True
        self._log.info("welcomed", stream=self._session.stream)
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
        """Log how long the agent waits for the master, and what to check."""
        if self._outcome.done() or self._session.state is not events.DISCONNECTED:
            return
        if (waiting := self._redial.notice(self._clock())) is None:
            return
        so_far, left = waiting[0], format_duration(-(-waiting[1] // NS_PER_S) * NS_PER_S)
        if self._was_connected:
            text = f"the connection to the master is lost: waiting for it at {self._target} for {left} at most"
            self._log.warning(text, reason=reason)
        elif so_far < NOTICE_EVERY_NS:
            self._progress.info(f"waiting for the master at {self._target} for {left} at most", reason=reason)
        else:
            since = format_duration(so_far // NS_PER_S * NS_PER_S)
            self._log.warning(
                f"no master at {self._target} for {since}, giving up in {left}: {MASTER_HINT}", reason=reason
            )
        self._was_connected = False

    def _reschedule(self) -> None:
        """Give the recorder its boundaries on the agent's clock, by the present orders and offset."""
        orders, offset, welcome, run = self._orders, self._session.offset, self._session.welcome, self._run
        if orders is None or offset is None or welcome is None or run is None or self._is_sealed or not orders.levels:
            return
        if self._intervals is None or self._intervals.start != orders.start:
            self._intervals = Intervals(orders.start, welcome.interval, self._run_time())
        levels = [(level.apply_at - offset, level.number) for level in orders.levels]
        run.schedule(orders.start - offset, welcome.interval, levels)

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
        say = self._log.error if code else self._progress.info
        facts: dict[str, object] = {"code": code}
        if dropped:
            reason += "; its last measurements were not delivered (dropped batches)"
            facts["dropped"] = list(dropped)
        say(f"this agent ends: {reason}", **facts)
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
                    self._queue_task(self._seal_last)
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

    def _seal_ended(self) -> None:
        """Seal every interval that has ended, while the outbox has room; after a pause there are many."""
        # One task for each: the session takes a batch before the next is sealed, so `is_full` is right.
        if self._seal_next():
            self._queue_task(self._seal_ended)

    def _seal_next(self) -> bool:
        """Seal one interval. With a full outbox, its measurements go into the next batch that finds room."""
        if self._intervals is None or self._session.outbox.is_full or not self._intervals.take_ended(self._run_time()):
            return False
        self._seal(self._intervals.next - 1, last=False)
        return True

    def _seal_last(self) -> None:
        """All users have ended: seal everything that is left."""
        if self._seal_next():
            self._queue_task(self._seal_last)
            return
        if self._intervals is None:
            return
        interval, self._intervals, self._is_sealed = self._intervals.next, None, True
        self._seal(interval, last=True)

    def _seal(self, interval: int, last: bool) -> None:
        run, intervals, welcome = self._run, self._intervals, self._session.welcome
        assert run is not None, "orders wait for the job"
        assert welcome is not None, "orders come after the welcome"
        batch = run.seal(interval, self._offset, last)
        self._samples.send(*run.take_samples(self._offset))
        # Agents send at different offsets after the end of an interval, so that the master does not get all batches of
        # a large fleet at once. The last batch is sent at once.
        send_at = self._clock()
        if intervals is not None:
            send_at = intervals.end_of(interval) - self._offset + welcome.batch_offset
        self._queue_for_session(events.Sealed(batch, send_at))
