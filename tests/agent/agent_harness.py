"""A harness for virtual users: a timeline that moves the clock, and a system that answers as the test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gradual_agent.coordination.pool import Slot, UserEnded
from gradual_agent.http.request import HttpRequest
from gradual_agent.http.response import Headers, Response
from gradual_agent.kinds.http.engine import HttpEngine
from gradual_agent.kinds.kind import Action
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import Resumable, suspend
from gradual_agent.runtime.timeline import RUNNING, Timeline
from gradual_agent.users.behaviour import Behaviour
from gradual_agent.users.compiling import compile_behaviour
from gradual_agent.users.context import UserContext
from gradual_agent.users.knowledge import Rows
from gradual_agent.users.shared.places import Places
from gradual_agent.users.shared.pools import Pools
from gradual_agent.users.user import VirtualUser
from gradual_agent.users.users import Users
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.kinds.http.kind import HttpActionSpec, HttpKind
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import COUNTER, Batch, Health
from gradual_common.secrecy.masking import Mask

MS = 1_000_000
S = 1_000_000_000
WALL_TIME = 1_793_534_400 * S
NO_HEALTH = Health(0.0, 0, 0, 0)


class SteppedTimeline(Timeline):
    """A timeline and its clock: `run_until` moves the time from one entry to the next."""

    def __init__(self, now: int = 0) -> None:
        super().__init__(self.clock, lambda when: None)
        self.now = now

    def clock(self) -> int:
        return self.now

    def run_until(self, end: int) -> None:
        while self.next_at <= end:
            self.now = max(self.now, self.next_at)
            self.run_due()
        self.now = max(self.now, end)


@dataclass
class Reply:
    """What the system does with one request: after `delay` it answers, or the engine fails with `kind`."""

    status: int = 200
    delay: int = 10 * MS
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    connect: int = -1
    hops: int = 0
    is_sent: bool = True


Script = Callable[["HttpRequest"], Reply | None]


class FakeClient:
    """One user's client: asks the engine's script what happens to each request."""

    def __init__(self, engine: FakeEngine, owner: Resumable) -> None:
        self._engine = engine
        self._owner = owner
        self._pending: tuple[Sample, Any] | None = None
        self.cookie = {}.get
        self.iterations_ended = 0
        self.is_closed = self.is_cut = False

    async def fetch(self, request: HttpRequest, sample: Sample) -> None:
        engine = self._engine
        engine.requests.append((engine.clock(), request))
        if engine.clock() >= engine.lease_ends_at:
            sample.kind = INTERRUPTED
            sample.ended = engine.clock()
            return
        reply = engine.script(request)
        if reply is None or reply.is_sent:
            sample.written = engine.clock()
            sample.messages = 1 + (reply.hops if reply else 0)
            sample.hops = reply.hops if reply else 0
            sample.bytes_sent = len(request.wire)
        entry = None
        if reply is not None:
            entry = engine.timeline.at(engine.clock() + reply.delay, self._finish, (request, sample, reply))
        self._pending = (sample, entry)
        await suspend()

    def _finish(self, what: tuple[HttpRequest, Sample, Reply]) -> None:
        request, sample, reply = what
        now = self._engine.clock()
        sample.ended = now
        sample.connect = reply.connect
        sample.kind = KIND[reply.kind]
        if not reply.kind:
            sample.first_byte = now
            sample.status_code = reply.status
            sample.bytes_received = len(reply.body)
        if request.settings.wants_response:
            raw = tuple((name.encode(), value.encode()) for name, value in reply.headers.items())
            sample.response = Response(reply.status, Headers(raw), reply.body)
        self._pending = None
        self._owner.resume()

    def beside(self, owner: Resumable) -> FakeClient:
        return self._engine.client(owner, "", "")

    def interrupt(self) -> None:
        assert self._pending is not None, "only a suspended fetch is interrupted"
        sample, entry = self._pending
        if entry is not None:
            self._engine.timeline.cancel(entry)
        self._pending = None
        sample.kind = INTERRUPTED
        sample.ended = self._engine.clock()
        self._owner.resume()

    def cut(self) -> None:
        self.is_cut = True
        if self._pending is not None and self._pending[1] is not None:
            self._engine.timeline.cancel(self._pending[1])

    def end_iteration(self) -> None:
        self.iterations_ended += 1

    def close(self) -> None:
        self.is_closed = True


class FakeEngine:
    """`requests`: everything that was asked for, with its instant."""

    def __init__(self, timeline: Timeline, clock: Callable[[], int], script: Script) -> None:
        self.timeline = timeline
        self.clock = clock
        self.script = script
        self.lease_ends_at = 1 << 62
        self.requests: list[tuple[int, HttpRequest]] = []
        self.clients: list[FakeClient] = []

    def client(self, owner: Resumable, cookies: str, connections: str) -> FakeClient:
        self.clients.append(FakeClient(self, owner))
        return self.clients[-1]


class FakeEngines:
    """In place of `Engines`: compiles the actions of a plan as in a run; an engine of the test makes the clients."""

    def __init__(self, plan: Plan, engine: Any = None) -> None:
        self._plan = plan
        self._http = HttpEngine(engine, plan)
        self._engine = engine

    connections = 0

    def engine_of(self, action: str) -> Any:
        return self._engine

    def describe(self, mask: Mask, action: str, sample: Sample) -> dict[str, Any]:
        return self._http.describe(mask, sample)

    def texts_of(self, action: str) -> list[str]:
        return list(HttpKind().texts(self._plan.config_of(self._plan.actions[action]), self._plan.actions[action]))

    def compile(self, action: str, wants_headers: bool, wants_body: bool) -> Action:
        spec = self._plan.actions[action]
        assert isinstance(spec, HttpActionSpec)
        return self._http.compile(spec, wants_headers, wants_body)


def behaviours_of(
    plan: Plan, recorder: Recorder, actions: FakeEngines, places: Places | None = None
) -> list[Behaviour]:
    pools = Pools()
    return [
        compile_behaviour(plan, number, recorder, actions, places, pools=pools) for number in range(len(plan.users))
    ]


class Failure(NamedTuple):
    """A failed sample as it was reported; its user then uses it again."""

    step: int
    kind: str
    slot: int
    target: str | None
    status: int | None


class UserHarness:
    """Users of a plan, on a fake engine; `ended` lists those that have ended, `failures` their failed samples."""

    def __init__(
        self,
        group: dict[str, Any] | list[dict[str, Any]],
        actions: dict[str, Any] | None = None,
        script: Script | None = None,
        start: int = 0,
        **config: Any,
    ) -> None:
        self.failures: list[Failure] = []
        groups = group if isinstance(group, list) else [group]
        document = {
            "config": {"name": "harness", "base_url": "http://bank", "duration": "1h", **config},
            "users": [{"name": f"g{n}", "concurrency": 10, **entry} for n, entry in enumerate(groups)],
            "actions": actions or {name: {"url": f"/{name}"} for name in ("login", "browse", "logout")},
        }
        self.plan = Plan.model_validate(document)
        self.timeline = SteppedTimeline(start)
        self.engine = FakeEngine(self.timeline, self.timeline.clock, script or (lambda request: Reply()))
        self.index = SeriesIndex.of(self.plan)
        self.recorder = Recorder(self.index, self.timeline.clock)
        self.recorder.schedule(start, S, [(start, 0)])
        self.ended: list[tuple[int, int, int, bool]] = []
        self.on_end: Callable[[UserEnded], object] = lambda end: self.ended.append(
            (*end.slot, end.tenure, end.finished)
        )
        self.rows: dict[Slot, Rows] = {}
        self.users = Users(self._make_user, self.timeline, self.timeline.clock, self._note_end, self._raise)
        self.places = Places(len(self.index.places))
        self.behaviours = behaviours_of(self.plan, self.recorder, FakeEngines(self.plan, self.engine), self.places)
        self.aborts: list[str] = []
        self._context = UserContext(
            timeline=self.timeline,
            clock=self.timeline.clock,
            wall_clock=lambda: WALL_TIME,
            recorder=self.recorder,
            seed=1,
            secrets={"KEY": "secret-key"},
            graceful_stop=self.plan.config.graceful_stop,
            end=self.users.note_end,
            note_failure=self._note_failure,
            abort_run=self.aborts.append,
        )

    def _note_failure(self, step: int, sample: Sample) -> None:
        target = None if sample.request is None else sample.request.target
        status = None if sample.response is None else sample.response.status_code
        self.failures.append(Failure(step, KINDS[sample.kind], sample.slot, target, status))

    def _make_user(self, slot: Slot, tenure: int) -> VirtualUser:
        return VirtualUser(self._context, self.behaviours[slot[0]], slot[1], tenure, self.rows.get(slot, {}))

    def _note_end(self, end: UserEnded) -> None:
        self.on_end(end)

    def _raise(self, error: Exception) -> None:
        raise error

    def start(self, ordinal: int = 0, group: int = 0, tenure: int = 0, **rows: dict[str, Any]) -> None:
        self.rows[group, ordinal] = rows
        self.users.start((group, ordinal), tenure, self.timeline.now)
        self._do_what_is_due()

    def stop(self, deadline: int, ordinal: int = 0, group: int = 0, *, hands_over: bool = False) -> None:
        self.users.stop((group, ordinal), deadline, hands_over=hands_over)
        self._do_what_is_due()

    def _do_what_is_due(self) -> None:
        """Run what is due, unless the timeline is running it already."""
        if self.timeline.next_at != RUNNING:
            self.timeline.run_until(self.timeline.now)

    @property
    def active(self) -> int:
        return sum(meter.active for meter in self.recorder.groups)

    @property
    def stopping(self) -> int:
        return sum(meter.stopping for meter in self.recorder.groups)

    def run_until(self, end: int) -> None:
        self.timeline.run_until(end)

    @property
    def sent(self) -> list[tuple[int, str]]:
        """(instant in ms, path) of every request."""
        return [(at // MS, request.target) for at, request in self.engine.requests]

    @property
    def paths(self) -> list[str]:
        return [request.target for _, request in self.engine.requests]

    @property
    def last(self) -> HttpRequest:
        return self.engine.requests[-1][1]

    def seal(self) -> Batch:
        """Everything so far."""
        return self.recorder.seal(self.timeline.now // S, 0, NO_HEALTH, last=True)


def counter(batch: Batch, name: str, step: int | None = None) -> int:
    """One of the counters, over all frames, of one step or all."""
    rows = batch.counters if step is None else batch.counters[batch.counters[:, 1] == step]
    return int(rows[:, 2 + COUNTER[name]].sum())


def kinds(batch: Batch, steps: int) -> dict[tuple[int, str], int]:
    """Completed samples by (step, kind), iterations left out."""
    found: dict[tuple[int, str], int] = {}
    for (_, step, kind), requests in zip(batch.cells.tolist(), batch.requests.tolist(), strict=True):
        if step < steps:
            found[step, KINDS[kind]] = found.get((step, KINDS[kind]), 0) + requests
    return found


def user_time(batch: Batch, group: int = 0) -> list[int]:
    """User-ns of a group over all frames: active, in a request, thinking, stopping."""
    times: list[int] = np.asarray(batch.users[:, group]).sum(axis=0).tolist()
    return times
