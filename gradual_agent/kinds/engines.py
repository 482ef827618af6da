"""The engines of an agent process: one for each kind of action in its plan, and what the process gives to them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Protocol

from gradual_agent.errors import JobError
from gradual_agent.kinds.kind import Action, Engine
from gradual_agent.kinds.metrics import Record
from gradual_agent.runtime.allowed_code import INSTALLED_ONLY, AllowedCode
from gradual_agent.runtime.allowed_hosts import ANYWHERE, AllowedHosts
from gradual_agent.runtime.connecting import connect
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Timeline
from gradual_common.kinds.registry import kind_called, kinds_called
from gradual_common.net.tls import Assets
from gradual_common.plan.model.plan import Plan
from gradual_common.secrecy.masking import Mask


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response, as `gradual try` shows it."""

    fields: Sequence[tuple[str, str]]
    body: bytes
    text: str


class Observer(Protocol):
    """Sees each request and response, for `gradual try`; a run has no observer."""

    def show_request(self, title: str, message: Message) -> None:
        """A request is about to be sent."""

    def show_response(self, title: str, message: Message | None) -> None:
        """A response arrived. If none did, the title is empty and the message is None."""


def _no_engines(kind: str) -> Engine:
    raise JobError(f"no engine of the kind {kind!r} can be made here")


def no_metrics(name: str, value: Any) -> bool:
    """There is no recorder: nothing is recorded."""
    raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What an agent process gives to its engines."""

    loop: asyncio.AbstractEventLoop
    timeline: Timeline
    lease: Lease
    """Compared with the clock right before each write to the system (docs/design/fleet.md, 4.4)."""
    clock: Callable[[], int]
    """The agent's clock, ns."""
    wall_clock: Callable[[], float] = time.time
    """Seconds since 1970."""
    observer: Observer | None = None
    allowed: AllowedHosts = ANYWHERE
    """Where this agent may send (`--allow-host`); asked by whatever opens a connection, right before."""
    code: AllowedCode = INSTALLED_ONLY
    """Which Python code of a plan this agent may run (`--allow-code`)."""
    engine_called: Callable[[str], Engine] = _no_engines
    """The engine of another kind, which an engine uses; made when first asked for."""
    record: Record = no_metrics
    """Records a value of one of the plan's custom metrics."""

    async def connect(self, host: str, port: int) -> socket.socket:
        """A new TCP connection; NotAllowedError for what `allowed` leaves out, OSError if none could be opened."""
        return await connect(self.loop, self.allowed, host, port)

    def check_destinations(self, destinations: Iterable[tuple[str, int]]) -> None:
        """JobError if the plan sends to a (host, port) that this agent never allows."""
        if refusal := self.allowed.refusal_of_all(destinations):
            raise JobError(refusal)


MakeEngine = Callable[[Runtime, Plan, Assets], Engine]
"""Prepares an engine for a plan before the first user starts; JobError when this agent cannot perform the plan."""


class Engines:
    """Compiles the actions of a plan, each by the engine of its kind; JobError when an engine cannot be made."""

    def __init__(self, plan: Plan, runtime: Runtime, assets: Assets) -> None:
        self._plan = plan
        self._assets = assets
        self._runtime = replace(runtime, engine_called=self._engine_called)
        self._by_kind: dict[str, Engine] = {}
        for kind in kinds_called(action.kind for action in plan.actions.values()):
            self._engine_called(kind.name)
        self._compiled: dict[tuple[str, bool, bool], Action] = {}

    @property
    def connections(self) -> int:
        """Open connections of all engines."""
        return sum(engine.connections for engine in self._by_kind.values())

    def _engine_called(self, name: str) -> Engine:
        if name not in self._by_kind:
            make = _maker_of(name, kind_called(name).engine)
            self._by_kind[name] = make(self._runtime, self._plan, self._assets)
        return self._by_kind[name]

    def engine_of(self, action: str) -> Engine:
        """The engine of an action, by the action's name."""
        return self._by_kind[self._plan.actions[action].kind]

    def texts_of(self, action: str) -> list[str]:
        """Every text of an action that may be a template."""
        spec = self._plan.actions[action]
        return list(kind_called(spec.kind).texts(self._plan.config_of(spec), spec))

    def compile(self, action: str, wants_headers: bool, wants_body: bool) -> Action:
        """Compile an action, once for each combination of what must be kept of its responses.

        GradualError for an action that can never be performed.
        """
        # Two groups may use one action, and only one of them reads its body: each combination is compiled once.
        key = action, wants_headers, wants_body
        if key not in self._compiled:
            spec = self._plan.actions[action]
            self._compiled[key] = self.engine_of(action).compile(spec, wants_headers, wants_body)
        return self._compiled[key]

    def describe(self, mask: Mask, action: str, sample: Sample) -> dict[str, Any]:
        """A failed exchange of an action, masked and limited in size; "" for an expression of a flow step."""
        if not action:  # Nothing was sent.
            return {"detail": sample.explain(mask.hide_text), "request": None, "response": None}
        return self.engine_of(action).describe(mask, sample)

    def close(self) -> None:
        """Close the engines at the end of the run."""
        for engine in self._by_kind.values():
            engine.close()


def _maker_of(kind: str, engine: str) -> MakeEngine:
    module, _, name = engine.partition(":")
    try:
        make: MakeEngine = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise JobError(f"actions of the kind {kind!r} cannot be performed here: {error}") from error
    return make
