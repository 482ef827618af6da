"""One run from the plan to the summary: the shell around `MasterCore`, for both commands that run a plan.

Everything happens on one event loop. An event is handled at once; of merges there is one in each turn of the loop, so
that pongs and orders are written in between (DESIGN 4.11).
"""

from __future__ import annotations

import asyncio
import platform
import secrets
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import yaml

from gradual_common.clock import CLOCK_ID, NS_PER_S
from gradual_common.errors import GradualError
from gradual_common.plan.confidential import first_confidential
from gradual_common.plan.display import plan_for_display
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.process.logs import bind_process, mask_in_logs
from gradual_common.protocol.job import all_credentials, mask_of
from gradual_common.protocol.messages import SampleMessage
from gradual_common.secrecy.credentials import without_credentials
from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.events import (
    Begin,
    Close,
    CloseInterval,
    End,
    Event,
    Instruction,
    Merge,
    Merged,
    Note,
    Provide,
    Provided,
    Send,
    Signal,
    Stop,
    Tick,
    Unmergeable,
)
from gradual_master.coordination.journal import Journal, MemoryJournal, RunBegun
from gradual_master.coordination.terms import Terms
from gradual_master.reporting.interface.samples import SampleDesk
from gradual_master.reporting.running.threads import ReporterThreads
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import History, News
from gradual_master.results.summary.summary import Summary, build_summary
from gradual_master.run.environment import fingerprint, git_facts
from gradual_master.run.options import RunOptions
from gradual_master.run.provisions import Provisions
from gradual_master.serving.listening import ListenAddress
from gradual_master.serving.server import FleetServer

if TYPE_CHECKING:
    from gradual_common.plan.loader import LoadedPlan
    from gradual_master.reporting.interface.reporter import Reporter

TICK_S = 0.05
LINGER_NS = 2 * NS_PER_S
"""How long the master stays after the end for agents that are just dialling again, to tell them that it is over, or
that still have single samples to send."""

STOP_GRACE_S = 1.0
SIGNALS: dict[signal.Signals, Signal] = {signal.SIGINT: "interrupt", signal.SIGTERM: "terminate"}
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


async def conduct(loaded: LoadedPlan, options: RunOptions, reporters: Sequence[Reporter] = ()) -> Summary:
    """Run the plan with the agents that come, and judge it.

    Raises MasterError before anything has begun: an address that cannot be listened on, or must not be. Whatever
    happens after that is in the summary.
    """
    threads = ReporterThreads(reporters)
    try:
        address = ListenAddress.read(options.listen)
        address.allow(insecure=options.insecure, guarded=first_confidential(loaded.job))
        summary = await Conductor(loaded, options, threads, MemoryJournal()).run(address)
        return await threads.complete(summary)
    finally:
        await threads.close()


@contextmanager
def former_handlers() -> Iterator[None]:
    """Signals are handled after the block as they were before it; the loop would leave Python's own handlers behind."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None:  # one that C code has set, which cannot be set from here
                signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)


class Conductor:
    """Feeds the core and carries out what it says."""

    def __init__(self, loaded: LoadedPlan, options: RunOptions, threads: ReporterThreads, journal: Journal) -> None:
        self._loaded = loaded
        self._options = options
        self._reporters = threads
        self._origin = time.clock_gettime_ns(CLOCK_ID)
        self._started_at = datetime.now(UTC)
        self._run_id = f"{self._started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self._mask = mask_of(loaded.job)
        self._plan = plan_for_display(loaded.plan, loaded.job)
        self._schedule = compile_schedule(self._plan)
        self._aggregate = Aggregate(self._plan, self._schedule, options.interval)
        self._core = MasterCore(self._terms(), self._schedule, journal)
        self._desk = SampleDesk(self._aggregate.index, self._epoch(), self._aggregate.is_warm_up)
        job = replace(loaded.job, wants_samples=self._reporters.want_samples)
        self._server = FleetServer(self.dispatch, self._core.knows, Provisions(job, loaded.data), self._take_samples)
        self._log = structlog.get_logger("gradual.master")
        self._events: deque[Event] = deque()
        self._merges: deque[Merge] = deque()
        self._has_merged = False
        self._is_dispatching = False
        self._start: int | None = None
        self._news: list[News] = []
        self._is_over = False
        self._bug: BaseException | None = None
        self._sampled: set[str] = set()
        journal.commit([self._begun()])

    def _terms(self) -> Terms:
        options = self._options
        return Terms(
            run=self._run_id,
            expect_agents=options.expect_agents,
            agents_wait=options.agents_wait,
            lease=options.lease,
            guard=options.guard,
            interval=options.interval,
            graceful_stop=self._loaded.plan.config.graceful_stop,
            origin=self._origin,
            is_closed=options.is_closed,
        )

    def _begun(self) -> RunBegun:
        options = self._options
        return RunBegun(
            run=self._run_id,
            epoch=1,
            plan=self._loaded.name,
            plan_sha256=self._loaded.sha256,
            seed=self._loaded.job.seed,
            lease=options.lease,
            guard=options.guard,
            interval=options.interval,
            origin=self._origin,
            boot_id=BOOT_ID.read_text().strip() if BOOT_ID.exists() else platform.node(),
            started_at=self._started_at.isoformat(),
        )

    def _epoch(self) -> int:
        """The Unix time of the run's origin, ns."""
        return time.time_ns() - self._now()

    def _now(self) -> int:
        return time.clock_gettime_ns(CLOCK_ID) - self._origin

    # ── The run ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self, address: ListenAddress) -> Summary:
        """Listen, conduct, judge."""
        bind_process(run=self._run_id)
        mask_in_logs(*all_credentials(self._loaded.job))
        try:
            git = asyncio.create_task(asyncio.to_thread(git_facts, self._loaded.folder))
            with self._signals():
                await self._conduct(address)
                return self._summarize(await git)
        finally:
            bind_process(run=None)

    async def _conduct(self, address: ListenAddress) -> None:
        bound = await self._server.start(address)
        try:
            self._log.debug(f"listening on {bound}", agents=self._options.expect_agents)
            if self._options.on_listening is not None:
                self._options.on_listening(bound)
            await self._tick(lambda: self._is_over)
            self._merge_rest()
            deadline = self._now() + LINGER_NS
            await self._tick(lambda: not self._is_awaited or self._now() >= deadline)
        finally:
            await self._server.stop(STOP_GRACE_S)

    @property
    def _is_awaited(self) -> bool:
        """Whether agents still have something to hear or to tell.

        In a short run the stream on which they describe what failed is only just opening.
        """
        is_talking = bool(self._core.uninformed) or self._server.is_sampling
        return is_talking or self._aggregate.lacks_examples or self._lacks_samples

    @property
    def _lacks_samples(self) -> bool:
        """Whether a reporter wants single samples, and an agent that has some has not begun to tell of them."""
        agents = self._aggregate.agents.items()
        return self._reporters.want_samples and any(
            totals.requests and agent not in self._sampled for agent, totals in agents
        )

    async def _tick(self, is_done: Callable[[], bool]) -> None:
        while not is_done() and self._bug is None:
            self.dispatch(Tick())
            await asyncio.sleep(TICK_S)
        if self._bug is not None:
            raise self._bug

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and termination are events of the run. Off the main thread there are none to take."""
        if not self._options.takes_signals or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        with former_handlers():
            for number, name in SIGNALS.items():
                loop.add_signal_handler(number, self.dispatch, Stop(name))
            try:
                yield
            finally:
                for number in SIGNALS:
                    loop.remove_signal_handler(number)

    # ── Events and instructions ────────────────────────────────────────────────────────────────────────────────────

    def dispatch(self, event: Event) -> None:
        """Handle an event and whatever follows from it. A bug ends the run instead of the loop."""
        self._events.append(event)
        if self._is_dispatching:
            return
        self._is_dispatching = True
        try:
            while self._events:
                for instruction in self._core.handle(self._events.popleft(), self._now()):
                    self._carry_out(instruction)
        except Exception as bug:
            self._bug = self._bug or bug
        finally:
            self._is_dispatching = False

    def _carry_out(self, instruction: Instruction) -> None:
        match instruction:
            case Send(stream, message, ahead):
                self._server.send(stream, message, ahead=ahead)
            case Close(stream):
                self._server.close(stream)
            case Provide(agent, slots):
                self._events.append(Provided(agent, slots, self._server.provide(agent, slots)))
            case Merge():
                self._take_merge(instruction)
            case CloseInterval(number):
                record = self._with_names(self._aggregate.close(number, self._core.finished))
                self._reporters.on_interval(record)
            case Begin(start):
                self._start = start
                self._aggregate.begin(start)
                self._reporters.on_test_start(self._facts())
                if self._options.on_begin is not None:
                    self._options.on_begin()
            case Note():
                self._spread(instruction)
            case End():
                self._is_over = True

    def _spread(self, note: Note) -> None:
        """To the log, and to whoever shows the run while it runs."""
        about = dict(note.about)
        getattr(self._log, note.level)(note.text, **about)
        if self._start is not None:
            at_s = max(0.0, (self._now() - self._start) / NS_PER_S)
            text = self._mask.hide_text(note.text)
            news = News(at_s, note.level, text, about.get("agent", ""), note.fate, note.is_stop)
            self._news.append(news)
            self._reporters.on_news(news)

    # ── Merging ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _take_merge(self, merge: Merge) -> None:
        """One batch a turn of the loop: the first at once, so that its acknowledgement rides on the pong."""
        if self._has_merged:
            self._merges.append(merge)
            return
        self._end_turn()
        self._merge(merge)

    def _end_turn(self) -> None:
        self._has_merged = True
        asyncio.get_running_loop().call_soon(self._merge_next)

    def _merge_next(self) -> None:
        self._has_merged = False
        if not self._merges:
            return
        self._end_turn()
        try:
            self._merge(self._merges.popleft())
        except Exception as bug:
            self._bug = self._bug or bug

    def _merge(self, merge: Merge) -> None:
        try:
            self._aggregate.merge(merge.agent, merge.batch)
        except GradualError as error:
            self.dispatch(Unmergeable(merge.agent, merge.batch.number, str(error)))
        else:
            self.dispatch(Merged(merge.agent, merge.batch))

    def _merge_rest(self) -> None:
        """What came before the end and waits for its turn still counts."""
        while self._merges:
            self._merge(self._merges.popleft())

    # ── Reporting ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _summarize(self, git: dict[str, Any] | None) -> Summary:
        run = replace(self._facts(), git=git, fingerprint=fingerprint())
        summary = build_summary(self._aggregate, self._core.facts(), run, self._options)
        return replace(summary, history=self._history())

    def _take_samples(self, message: SampleMessage) -> None:
        """To the reporters; nothing is judged by them."""
        self._sampled.add(message.incarnation.hex())
        agent = self._core.name_of(message.incarnation.hex())
        for columns in message.blocks:
            block = self._desk.receive(agent, columns)
            if block is not None:
                self._reporters.on_samples(block)
        for exemplar in message.exemplars:
            self._aggregate.error_samples.add(agent, exemplar)

    def _history(self) -> History:
        return History(
            series=self._aggregate.series.table(),
            news=tuple(self._news),
            schedule=self._schedule,
            plan=self._mask.hide(_yaml_of(self._loaded)),
            steps=self._aggregate.step_series.table(),
        )

    def _with_names(self, record: IntervalRecord) -> IntervalRecord:
        """With its agents by their names, as people know them."""
        health = tuple(replace(agent, agent=self._core.name_of(agent.agent)) for agent in record.health)
        return replace(record, health=health)

    def _begins_at(self) -> str | None:
        """The schedule's begin by the clock on the wall."""
        return (
            None
            if self._start is None
            else datetime.fromtimestamp((self._epoch() + self._start) / NS_PER_S, UTC).isoformat()
        )

    def _facts(self) -> RunFacts:
        return RunFacts(
            id=self._run_id,
            name=self._plan.config.name,
            started_at=self._started_at.isoformat(),
            finished_at=datetime.now(UTC).isoformat(),
            duration_s=self._now() / NS_PER_S,
            plan_sha256=self._loaded.sha256,
            seed=self._loaded.job.seed,
            command=self._mask.hide_text(self._options.command),
            begins_at=self._begins_at(),
            tags={self._mask.hide(name): self._mask.hide_named(name, tag) for name, tag in self._options.tags.items()},
            stop_signal=self._core.signal,
            failure=None if self._core.failure is None else self._mask.hide_text(self._core.failure),
        )


def _yaml_of(loaded: LoadedPlan) -> str:
    """A plan as YAML, with what the command line changed in it and without literal credentials."""
    return yaml.safe_dump(without_credentials(loaded.job.document), sort_keys=False, allow_unicode=True, width=100)
