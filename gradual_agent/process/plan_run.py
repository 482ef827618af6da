"""A running plan: users, recorder and engine of one process. Heavy to import: loaded after the Hello."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from pydantic import ValidationError

from gradual_agent.coordination import events
from gradual_agent.coordination.pool import Slot, UserEnded
from gradual_agent.coordination.supplies import AgentSupplies, AgentSupply
from gradual_agent.errors import JobError
from gradual_agent.kinds.engines import Engines, Runtime
from gradual_agent.process.once_run import OnceRun
from gradual_agent.recording.recorder import Recorder
from gradual_agent.recording.single_samples import ExemplarPicker, SampleLog
from gradual_agent.runtime.health import CpuMeter, LoopLagProbe
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Entry
from gradual_agent.users.behaviour import Behaviour
from gradual_agent.users.compiling import compile_behaviour
from gradual_agent.users.context import UserContext
from gradual_agent.users.flow.dealt_rows import WithRows
from gradual_agent.users.shared.places import Places
from gradual_agent.users.shared.pools import Pools
from gradual_agent.users.user import VirtualUser
from gradual_agent.users.users import Users
from gradual_common.clock import NS_PER_MS
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.language.document import SETUP, TEARDOWN
from gradual_common.net.tls import Assets
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.plan.sequences import names_of_sequences
from gradual_common.process.logs import mask_in_logs
from gradual_common.protocol.batch import Batch, Health
from gradual_common.protocol.job import Job, mask_of
from gradual_common.protocol.messages import OnceReport, Rows, Source
from gradual_common.protocol.provisions import load_variables
from gradual_common.protocol.samples import Exemplar, SampleColumns
from gradual_common.secrecy.credentials import credentials_in
from gradual_common.secrecy.masking import texts_in_values
from gradual_common.secrecy.quoting import brief
from gradual_common.templates.functions import SEQUENCES

MAX_REASON_CHARS = 1000

GATHER_NS = 10 * NS_PER_MS
"""How long a report of users that wait at a place is held back: thousands may come at one instant."""


class PlanRun:
    """The job's plan, running in this process: its users, what they measure, and the batches of it.

    `tell` passes what users ask of the fleet to the session. Instants on the agent's clock; an `offset` is run time −
    agent clock, ns. JobError when this agent cannot work on the job.
    """

    def __init__(
        self,
        job: Job,
        runtime: Runtime,
        on_end: Callable[[UserEnded], object],
        on_error: Callable[[Exception], object],
        tell: Callable[[events.SessionEvent], object],
        *,
        supplies: AgentSupplies | None = None,
        make_engines: Callable[[Plan, Runtime, Assets], Engines] = Engines,
    ) -> None:
        plan, timeline, clock = read_plan(job), runtime.timeline, runtime.clock
        self._plan = plan
        self._clock = clock
        self._rows: defaultdict[Slot, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._shared: dict[str, Any] = {}
        """What the set-up extracted, by name."""
        self._once: OnceRun | None = None
        """The set-up or teardown that is going on."""
        self._next_once: OnceRun | None = None
        """The teardown, which waits for the end of the set-up."""
        self._mask = mask_of(job)
        index = SeriesIndex.of(plan)
        self._log = SampleLog(traced_steps(plan, index)) if job.wants_samples else None
        self._picker = ExemplarPicker(self._describe, Random(), index.failures)  # noqa: S311  nothing is kept secret by it
        self.recorder = Recorder(index, clock, self._log)
        self._engines = make_engines(plan, replace(runtime, record=self.recorder.metrics.record), job.assets)
        self._probe = LoopLagProbe(timeline, clock, self.recorder.loop_lag)
        self._cpu: CpuMeter | None = None
        self.users = Users(self._make_user, timeline, clock, on_end, on_error)
        self._tell = tell
        self._timeline = timeline
        self._waiting_due: Entry | None = None
        self.places = Places(len(index.places), self._note_waiting)
        supplies = supplies or AgentSupplies(lambda: None)
        pools = Pools()
        sequences = names_of_sequences(job.document)
        dealt = supplies.declare(job.dealt, sequences)
        self._common: dict[str, Any] = {SEQUENCES: supplies.next_number} if sequences else {}
        """What all users read beside their rows."""
        self._behaviours = [
            self._with_rows(
                compile_behaviour(plan, number, self.recorder, self._engines, self.places, pools=pools), dealt
            )
            for number in range(len(plan.users))
        ]
        self._context = UserContext(
            timeline=timeline,
            clock=clock,
            recorder=self.recorder,
            seed=job.seed,
            secrets=dict(job.secrets),
            graceful_stop=plan.config.graceful_stop,
            end=self.users.note_end,
            note_failure=self._picker.consider,
            abort_run=lambda reason: tell(events.AbortAsked(reason[:MAX_REASON_CHARS])),
        )

    def _with_rows(self, behaviour: Behaviour, dealt: Mapping[Source, AgentSupply]) -> Behaviour:
        """The behaviour, with a row of each data set that is dealt out to its iterations."""
        own, shared = self._plan.users[behaviour.number].data, self._plan.data
        mine = {name: supply for (group, name), supply in dealt.items() if group == behaviour.number}
        if not mine:
            return behaviour
        sources = {name: (own.get(name) or shared[name], supply) for name, supply in mine.items()}

        def keep(ordinal: int, name: str, row: dict[str, Any]) -> None:
            self._rows[behaviour.number, ordinal][name] = row

        return replace(behaviour, body=WithRows(behaviour.body, sources, keep))

    def _make_user(self, slot: Slot, tenure: int) -> VirtualUser:
        group, ordinal = slot
        rows = self._rows.get(slot, {})
        known = {**self._common, **self._shared, **rows} if self._shared or self._common else rows
        return VirtualUser(self._context, self._behaviours[group], ordinal, tenure, known)

    def _note_waiting(self) -> None:
        """Report who waits at places, together with those that come in the next moment."""
        if self._waiting_due is None:
            self._waiting_due = self._timeline.at(self._clock() + GATHER_NS, self._tell_waiting)

    def _tell_waiting(self, _: object) -> None:
        self._waiting_due = None
        self._tell(events.WaitingChanged(self.places.reports()))

    def _describe(self, step: int, sample: Sample) -> dict[str, Any]:
        """A failed exchange as plain data, with passwords and the like from the user's data rows masked."""
        series = self.recorder.index.steps[step]
        rows = self._rows.get((series.group, sample.slot), {})
        known = [value for row in rows.values() for value in credentials_in(row, is_sent=True)]
        mask = self._mask.also(credentials=known) if known else self._mask
        return self._engines.describe(mask, series.action, sample)

    def provide(self, rows: Rows) -> None:
        """Store data rows of slots."""
        for ordinal, value in zip(rows.ordinals, rows.values, strict=True):
            self._rows[rows.group, ordinal][rows.name] = value

    def share(self, variables: bytes) -> None:
        """Let all users that start from now on read what the set-up extracted. It is masked like a credential."""
        self._shared = load_variables(variables)
        values = [*texts_in_values(self._shared)]
        self._mask = self._mask.also(credentials=values)
        mask_in_logs((), values)

    def perform(
        self, section: str, variables: bytes, offset: Callable[[], int], on_report: Callable[[OnceReport], object]
    ) -> None:
        """Perform the set-up or the teardown. A teardown ends a set-up that is still going on, and follows it."""
        if variables:
            self.share(variables)
        once = OnceRun(
            SETUP if section == SETUP else TEARDOWN,
            self._plan,
            self._engines,
            self._context,
            mask=self._mask,
            offset=offset,
            on_report=lambda report: self._end_once(once, report, on_report),
        )
        if self._once is None:
            self._once = once
            once.start(self._shared)
        else:
            self._next_once = once
            self._once.stop(self._clock() + self._plan.config.graceful_stop)

    def _end_once(self, once: OnceRun, report: OnceReport, on_report: Callable[[OnceReport], object]) -> None:
        on_report(report)
        if once is self._once:
            self._once, self._next_once = self._next_once, None
            if self._once is not None:
                if report.variables:
                    self.share(report.variables)
                self._once.start(self._shared)

    def cut_once(self, reason: str) -> None:
        """End a set-up or teardown at once, and begin none."""
        waiting, self._next_once = self._next_once, None
        for once in (waiting, self._once):
            if once is not None:
                once.cut(reason)

    def schedule(self, start: int, interval: int, levels: Sequence[tuple[int, int]]) -> None:
        """Set the start of interval 0, and (instant, number) of the present and the next levels."""
        self._cpu = self._cpu or CpuMeter(self._clock())
        self.recorder.schedule(start, interval, levels)

    def seal(self, interval: int, offset: int, last: bool) -> Batch:
        """Everything up to the end of `interval` that is not sealed yet."""
        if last:
            self._probe.stop()
        cpu = self._cpu.read(self._clock()) if self._cpu else 0.0
        health = Health(cpu, len(self.users), self._engines.connections, self.users.take_late_starts())
        return self.recorder.seal(interval, offset, health, last)

    def take_samples(self, offset: int) -> tuple[list[SampleColumns], list[Exemplar]]:
        """Single samples, if a reporter wants them, and failed exchanges, since the last call."""
        return list(self._log.take(offset)) if self._log is not None else [], self._picker.take(offset)


def traced_steps(plan: Plan, index: SeriesIndex) -> frozenset[int]:
    """The steps whose requests carry trace contexts."""
    traced = {
        name
        for name, spec in plan.actions.items()
        if isinstance(spec, HttpActionSpec) and plan.config_of(spec).trace is not None
    }
    return frozenset(step.number for step in index.steps if step.action in traced)


def read_plan(job: Job) -> Plan:
    """The plan as the master resolved it; JobError when this version does not understand it."""
    try:
        return Plan.model_validate(job.document)
    except ValidationError as error:
        # Without the values in the plan, which may be secret.
        mistakes = error.errors(include_url=False, include_input=False, include_context=False)
        places = "; ".join(f"{'.'.join(map(str, mistake['loc']))}: {brief(mistake['msg'])}" for mistake in mistakes[:5])
        raise JobError(f"the master's plan cannot be read by this version of the agent: {places}") from None
