"""One run, from the plan to the summary: the shell around `MasterCore`, for both commands that run a plan.

Everything happens on one event loop, but for what takes long: the numerical library is loaded, and the run summarised,
in a thread beside it. Events are handled at once. Batches are merged one per turn of the loop, so that pongs and orders
are written in between (docs/design/fleet.md, 4.11).
"""

import asyncio
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import structlog

from gradual_common.clock import NS_PER_S
from gradual_common.errors import GradualError
from gradual_common.language.document import ONCE
from gradual_common.plan.confidential import first_confidential
from gradual_common.plan.loader import LoadedPlan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.process.logs import bind_process, mask_in_logs
from gradual_common.protocol.job import all_credentials, without_watches
from gradual_common.protocol.messages import OnceReport
from gradual_master.analysis import loading
from gradual_master.coordination import events
from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.events import Event, Instruction, Merge, Note, Signal
from gradual_master.coordination.journal import Journal
from gradual_master.coordination.terms import Terms
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.running.threads import ReporterThreads
from gradual_master.results.summary.sections import Summary
from gradual_master.run.dispatch import Dispatcher
from gradual_master.run.environment import RunClock, git_facts
from gradual_master.run.options import RunOptions
from gradual_master.run.provisions import Provisions
from gradual_master.run.report import RunReport
from gradual_master.serving.listening import ListenAddress
from gradual_master.serving.server import FleetServer
from gradual_master.watching.following import Follower

TICK_S = 0.05
"""The time between two ticks: the precision with which the core notices that a deadline has passed."""
LINGER_NS = 2 * NS_PER_S
"""How long the master stays after the end: for agents that dial again, so that they learn of the end, and for agents
that still send single samples."""

STOP_GRACE_S = 1.0
"""How long the streams may take to write their last messages."""

SIGNALS: dict[signal.Signals, Signal] = {signal.SIGINT: "interrupt", signal.SIGTERM: "terminate"}


async def conduct(loaded: LoadedPlan, options: RunOptions, reporters: Sequence[Reporter] = ()) -> Summary:
    """Run the plan with the agents that connect, and judge the run.

    Raises MasterError before the start if the address cannot be bound, or is not allowed. Every later failure is in the
    summary.
    """
    threads = ReporterThreads(reporters, exit_codes=options.exit_codes)
    try:
        address = ListenAddress.read(options.listen)
        address.allow(options.security, insecure=options.insecure, confidential=first_confidential(loaded.job))
        summary = await Conductor(loaded, options, threads).run(address)
        return await threads.complete(summary)
    finally:
        await threads.close()


class Conductor:
    """Passes events to the core, and carries out its instructions."""

    def __init__(self, loaded: LoadedPlan, options: RunOptions, reporters: ReporterThreads) -> None:
        self._loaded = loaded
        self._options = options
        self._clock = clock = RunClock()
        self._core = MasterCore(_terms_of(loaded, options, clock), loaded.schedule, Journal())
        self._report = RunReport(loaded, options, reporters, self._core, clock)
        job = replace(without_watches(loaded.job), wants_samples=reporters.want_samples)
        self._provisions = Provisions(job, loaded.data)
        self._server = FleetServer(
            self.dispatch, self._core.knows, self._provisions, self._report.take_samples, options.security
        )
        self._log = structlog.get_logger("gradual.master")
        self._follower = Follower(loaded.plan.watch, loaded.job.secrets, self._note, self._report.hide_text)
        self._dispatcher = Dispatcher(lambda event: self._core.handle(event, clock()), self._carry_out)
        self._merges: deque[Merge] = deque()
        self._has_merged = False
        """Whether a batch was merged in this turn of the event loop."""
        self._is_over = False
        self._bug: BaseException | None = None

    async def run(self, address: ListenAddress) -> Summary:
        """Listen, run the plan, and judge the run."""
        bind_process(run=self._clock.run)
        mask_in_logs(*all_credentials(self._loaded.job))
        try:
            git = asyncio.create_task(asyncio.to_thread(git_facts, self._loaded.folder))
            loaded = asyncio.create_task(asyncio.to_thread(self._load_analysis))
            with stopping_at_signals(self.dispatch) if self._options.takes_signals else nullcontext():
                await self._serve(address)
                await loaded
                facts = self._report.facts(await git)
                return await asyncio.to_thread(self._report.summarize, facts)
        finally:
            bind_process(run=None)

    def _load_analysis(self) -> None:
        if loading.is_needed(self._loaded.schedule):
            loading.load()

    async def _serve(self, address: ListenAddress) -> None:
        bound = await self._server.start(address)
        try:
            self._log.debug(f"listening on {bound}", agents=self._options.expect_agents)
            if self._options.on_listening is not None:
                self._options.on_listening(bound)
            await self._tick(lambda: self._is_over)
            while self._merges:  # Batches that were received before the end still count.
                self._merge(self._merges.popleft())
            deadline = self._clock() + LINGER_NS
            await self._tick(lambda: not self._has_open_agents or self._clock() >= deadline)
        finally:
            await self._follower.stop()
            await self._server.stop(STOP_GRACE_S)

    @property
    def _has_open_agents(self) -> bool:
        """Whether an agent has still to learn that the run is over, or to send samples."""
        return bool(self._core.uninformed) or self._server.is_sampling or self._report.lacks_samples

    async def _tick(self, is_done: Callable[[], bool]) -> None:
        while not is_done() and self._bug is None:
            self.dispatch(events.Tick())
            await asyncio.sleep(TICK_S)
        if self._bug is not None:
            raise self._bug

    def dispatch(self, event: Event) -> None:
        """Handle an event and what follows from it."""
        # gRPC or the event loop would only log an exception of this callback, and the run would go on with a broken
        # state. So it is kept, and raised in `_tick`, which ends the run.
        try:
            self._dispatcher.dispatch(event)
        except Exception as bug:
            self._bug = self._bug or bug

    def _carry_out(self, instruction: Instruction) -> None:
        match instruction:
            case events.Send(stream, message, ahead):
                self._server.send(stream, message, ahead=ahead)
            case events.Close(stream):
                self._server.close(stream)
            case events.Provide(agent, slots):
                self.dispatch(events.Provided(agent, slots, self._server.provide(agent, slots)))
            case events.Merge():
                self._merges.append(instruction)
                if not self._has_merged:
                    self._merge_next()
            case events.MergeOnce(agent, report):
                self._merge_once(agent, report)
            case events.CloseInterval(number):
                self._close_interval(number)
            case events.StartSchedule(start):
                self._begin(start)
            case events.Reschedule(schedule):
                self._report.reschedule(schedule)
            case Note():
                self._note(instruction)
            case events.End():
                self._is_over = True

    def _note(self, note: Note) -> None:
        getattr(self._log, note.level)(note.text, **dict(note.about))
        self._report.show(note)

    def _close_interval(self, number: int) -> None:
        for decision in self._report.close_interval(number):
            self.dispatch(decision)

    def _begin(self, start: int) -> None:
        self._report.begin(start)
        courses = zip(self._loaded.plan.watch, self._report.aggregate.courses.values(), strict=True)
        self._follower.start(dict(courses), self._report.origin)
        if self._options.on_begin is not None:
            self._options.on_begin()

    def _merge_once(self, agent: str, report: OnceReport) -> None:
        """Merge what a set-up or teardown measured; what it extracted is there before any agent is provided with it."""
        try:
            self._report.take_once(agent, report)
        except GradualError as error:
            self.dispatch(events.Unmergeable(agent, report.batch.number, str(error)))
            return
        self._provisions.variables = report.variables or self._provisions.variables
        self.dispatch(events.OnceMerged(report))

    def _merge_next(self) -> None:
        """Merge one batch per turn of the loop."""
        # The first one is merged at once: an agent sends it together with a ping, and its acknowledgement can then be
        # merged into the same message as the pong.
        self._has_merged = bool(self._merges)
        if not self._merges:
            return
        asyncio.get_running_loop().call_soon(self._merge_next)
        self._merge(self._merges.popleft())

    def _merge(self, merge: Merge) -> None:
        try:
            self._report.aggregate.merge(merge.agent, merge.batch)
        except GradualError as error:
            self.dispatch(events.Unmergeable(merge.agent, merge.batch.number, str(error)))
        except Exception as bug:
            self._bug = self._bug or bug
        else:
            self.dispatch(events.Merged(merge.agent, merge.batch))


def _terms_of(loaded: LoadedPlan, options: RunOptions, clock: RunClock) -> Terms:
    return Terms(
        run=clock.run,
        expect_agents=options.expect_agents,
        agents_wait=options.agents_wait,
        lease=options.lease,
        guard=options.guard,
        interval=options.interval,
        graceful_stop=loaded.plan.config.graceful_stop,
        meetings=tuple(place.users for place in SeriesIndex.of(loaded.plan).places),
        once=tuple(section for section in ONCE if getattr(loaded.plan, section)),
        origin=clock.origin,
        supplies=loaded.supplies,
        is_closed=options.is_closed,
    )


@contextmanager
def stopping_at_signals(dispatch: Callable[[Event], None]) -> Iterator[None]:
    """Dispatch a stop for each signal; after the block restore the former handlers. Only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # The event loop would restore Python's default handlers and no wakeup descriptor, not those that the program had
    # before. A program that calls our API has perhaps set its own, so we restore them.
    loop = asyncio.get_running_loop()
    former = {number: signal.getsignal(number) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    try:
        for number, name in SIGNALS.items():
            loop.add_signal_handler(number, dispatch, events.Stop(name))
        yield
    finally:
        for number, handler in former.items():
            loop.remove_signal_handler(number)
            if handler is not None:  # None: a handler that C code has set, which Python cannot restore
                signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
