"""The crew that runs a plan: worker, recorder and engine of one process (heavy to import: loaded after the Hello)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from pydantic import ValidationError

from gradual_agent.coordination.pool import Slot
from gradual_agent.errors import JobError
from gradual_agent.http.context import HttpContext
from gradual_agent.http.engine import HttpEngine
from gradual_agent.kinds.http.exchange import describe_exchange
from gradual_agent.recording.exemplars import ExemplarPicker
from gradual_agent.recording.recorder import Recorder
from gradual_agent.recording.sample_log import SampleLog
from gradual_agent.runtime.health import CpuMeter
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Timeline
from gradual_agent.users.runner import EndCallback
from gradual_agent.users.worker import Worker
from gradual_common.errors import TlsFileError
from gradual_common.net.tls_settings import tls_in
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Applied, Batch, Health
from gradual_common.protocol.messages import Job, Rows
from gradual_common.protocol.samples import Exemplar, SampleColumns
from gradual_common.secrecy.credentials import credentials_in, mask_of
from gradual_common.secrecy.excerpts import brief


class PlanCrew:
    """A `Crew` whose users run the job's plan."""

    def __init__(
        self,
        job: Job,
        on_end: EndCallback,
        *,
        loop: asyncio.AbstractEventLoop,
        timeline: Timeline,
        lease: Lease,
        clock: Callable[[], int],
    ) -> None:
        plan = read_plan(job)
        self._clock = clock
        self._rows: defaultdict[Slot, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._engine = HttpEngine(HttpContext(loop, timeline, lease, clock), job.assets)
        prepare(self._engine, plan)
        self._log = SampleLog() if job.wants_samples else None
        self._recorder = Recorder(SeriesIndex.of(plan), clock, self._log)
        self._mask = mask_of(job)
        self._group = 0
        self._picker = ExemplarPicker(self._describe, Random())  # noqa: S311  nothing is kept secret by it
        self._worker = Worker(plan, job, self._engine, timeline, self._recorder, clock, note_failure=self._note_failure)
        self._worker.on_end = on_end
        self._cpu: CpuMeter | None = None

    def _note_failure(self, step: int, sample: Sample) -> None:
        self._group = self._recorder.index.steps[step].group
        self._picker.consider(step, sample)

    def _describe(self, sample: Sample) -> dict[str, Any]:
        """A failed exchange, without what the user's data rows say of passwords and their like."""
        rows = self._rows.get((self._group, sample.slot), {})
        known = [value for row in rows.values() for value in credentials_in(row, is_sent=True)]
        return describe_exchange(self._mask.also(credentials=known) if known else self._mask, sample)

    @property
    def begun(self) -> int:
        """Requests begun so far."""
        return self._recorder.begun

    def provide(self, rows: Rows) -> None:
        """Store data rows of slots."""
        for ordinal, value in zip(rows.ordinals, rows.values, strict=True):
            self._rows[rows.group, ordinal][rows.name] = value

    def schedule(self, start: int, interval: int, levels: Sequence[tuple[int, int]]) -> None:
        """Where interval 0 begins, and the (instant, number) of the levels in force and ahead."""
        self._cpu = self._cpu or CpuMeter(self._clock())
        self._recorder.schedule(start, interval, levels)

    def start(self, group: int, ordinal: int, tenure: int) -> None:
        """Seat a user."""
        self._worker.start(group, ordinal, tenure, self._rows.get((group, ordinal), {}))

    def stop(self, group: int, ordinal: int, deadline: int, *, hands_over: bool) -> None:
        """Tell a user to end, at the latest at `deadline`."""
        self._worker.stop(group, ordinal, deadline, hands_over=hands_over)

    def cut(self) -> None:
        """End every user at once."""
        self._worker.cut()

    def note_level(self, applied: Applied) -> None:
        """A level was put in force."""
        self._recorder.note_level(applied)

    def note_loop_lag(self, lag: int) -> None:
        """The loop ran `lag` ns late."""
        self._recorder.loop_lag(lag)

    def seal(self, interval: int, offset: int, late_starts: int, last: bool) -> Batch:
        """Everything up to the end of `interval` that is not sealed yet."""
        users = self._worker.active + self._worker.stopping
        cpu = self._cpu.read(self._clock()) if self._cpu else 0.0
        health = Health(cpu, users, self._engine.context.connections, late_starts)
        return self._recorder.seal(interval, offset, health, last)

    def take_samples(self, offset: int) -> tuple[list[SampleColumns], list[Exemplar]]:
        """Single samples, if anybody wants to see them, and failed exchanges, since the last time."""
        return list(self._log.take(offset)) if self._log is not None else [], self._picker.take(offset)


def read_plan(job: Job) -> Plan:
    """The plan as the master resolved it; JobError when this version does not understand it."""
    try:
        return Plan.model_validate(job.document)
    except ValidationError as error:
        # Without what was found there, which may be secret.
        mistakes = error.errors(include_url=False, include_input=False, include_context=False)
        places = "; ".join(f"{'.'.join(map(str, mistake['loc']))}: {brief(mistake['msg'])}" for mistake in mistakes[:5])
        raise JobError(f"the master's plan cannot be read by this version of the agent: {places}") from None


def prepare(engine: HttpEngine, plan: Plan) -> None:
    """Make the engine ready for the plan before any user runs; JobError for TLS files that cannot be used here."""
    try:
        engine.prepare(tls_in(plan.config.tls, [spec.tls for spec in plan.actions.values()]))
    except TlsFileError as error:
        raise JobError(f"the plan's certificates cannot be used on this machine: {error}") from error
    except KeyError as error:
        raise JobError(f"the plan's TLS settings name {error}, which was not sent along") from error
