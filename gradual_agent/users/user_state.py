"""What a virtual user is while it performs its behaviour: its clients, what it knows, what it waits for, what must end.

Plain attributes, as each request reads them (docs/design/style.md, 16).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable
from typing import Any, Protocol

from gradual_agent.kinds.kind import Client, Engine
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Entry
from gradual_agent.users.behaviour import CONTINUE, Behaviour, BehaviourPart, CompiledStep
from gradual_agent.users.context import UserContext
from gradual_agent.users.knowledge import Knowledge
from gradual_common.randomness import RandomStream

STARTING, ITERATING, LEAVING = range(3)
"""Which section a user performs: `on_start`, `behavior`, `on_stop`."""

RUNNING, REQUESTING, THINKING, BACKING_OFF, PAUSING = range(5)
"""What a suspended user waits for: a response, an instant, an instant in the middle of a sample (`back_off`), or one in
the middle of an action (`begin_pause`). Plain numbers: reading an enum member takes 50 ns."""

NO_CLIENTS: dict[Engine, Client] = {}
"""Shared by all users whose steps are of one kind; never changed."""


class Together(Protocol):
    """Lanes of a user, which perform parts of its behaviour at the same time (`lanes`)."""

    @property
    def are_busy(self) -> bool:
        """Whether any of them is at work."""

    @property
    def clients(self) -> Iterable[Client]:
        """All clients of the lanes."""

    def start(self, parts: Iterable[tuple[BehaviourPart, Knowledge]], limit: int, section: int) -> None:
        """Perform parts, at most `limit` at a time; the user is resumed after the last, unless all end at once."""

    def take_outcome(self) -> tuple[bool, int, int]:
        """Of the parts: whether the next step may follow, what must end, and the first failure."""
        ...

    def end_soon(self) -> None:
        """Begin nothing more, and end what waits."""

    def end_now(self) -> None:
        """End what waits and what is in flight."""

    def cut(self, now: int) -> None:
        """End all at once, without resuming the user."""


class UserState(ABC):
    """The state of a user, and its clients."""

    __slots__ = ("_client", "_clients", "_context", "_coroutine", "_doing", "_has_acted", "_meter", "_part", "_sample",
                 "_step", "_timer", "behaviour", "ending", "first_failure", "knowledge", "lanes", "must_end", "ordinal",
                 "slept", "wait")  # fmt: skip

    _coroutine: Coroutine[None, Any, bool]

    def __init__(self, context: UserContext, behaviour: Behaviour, ordinal: int, knowledge: Knowledge) -> None:
        self._context = context
        self.behaviour = behaviour
        self.ordinal = ordinal
        self.knowledge = knowledge
        self._meter = behaviour.meter
        self._sample = Sample(ordinal)
        self._step: CompiledStep | None = None
        self._client: Client | None = None
        self._clients = NO_CLIENTS
        self.lanes: Together | None = None
        """Only users that have performed simultaneous steps have lanes."""
        self._part = STARTING
        self._doing = RUNNING
        self.must_end = False
        """The present step is the last one: the user's wait is ended, and `run_steps` returns."""
        self.ending = CONTINUE
        """What must end because of a step that failed (`behaviour.ON_FAILURE`)."""
        self.first_failure = 0
        """The kind of the first failure since a transaction set it to 0."""
        self.slept = 0
        """ns in deliberate waits: only differences between two instants without a wait mean something."""
        self._has_acted = False
        """Anything was sent or waited for in this iteration."""
        self.wait = 0
        """The deliberate wait before the next step, ns."""
        self._timer: Entry | None = None

    @abstractmethod
    def resume(self, value: Any = None) -> None:
        """Continue until the next wait, or to the end."""

    @property
    def client(self) -> Any:
        """The user's client for the kind of its step; created when first needed."""
        client = self._client
        if client is not None:
            return client
        assert self._step is not None, "clients are asked for by steps"
        return self.client_of(self._step.engine)

    def client_of(self, engine: Engine) -> Client:
        """The user's client of an engine; created when first needed."""
        client = self._client or self._clients.get(engine)
        if client is None:
            client = self._make_client(engine)
            if self.behaviour.mixes_kinds:
                self._clients = {**self._clients, engine: client}
            else:
                self._client = client
        return client

    def _make_client(self, engine: Engine) -> Client:
        return engine.client(self, self.behaviour.cookies, self.behaviour.connections)

    def own_clients(self) -> list[Client]:
        """All clients that exist, also those of its lanes."""
        own = list(self._clients.values()) if self._client is None else [self._client]
        return own if self.lanes is None else [*own, *self.lanes.clients]

    def _take_clients(self) -> list[Client]:
        clients = self.own_clients()
        self._client, self._clients, self.lanes = None, NO_CLIENTS, None
        return clients

    def _cut_clients(self) -> None:
        for client in self.own_clients():
            client.cut()

    @property
    def scope(self) -> dict[str, Any]:
        """What templates read in this iteration; variables are set in it."""
        return self.knowledge.scope(self._context.wall_clock, self._context.secrets)

    @property
    def random(self) -> RandomStream:
        """The slot's stream."""
        return self.knowledge.random

    @property
    def context(self) -> UserContext:
        """What all users of the agent share."""
        return self._context

    def now(self) -> int:
        """The agent's clock, ns."""
        return self._context.clock()

    def passes_of(self, node: object) -> int:
        """How often the user has passed a node before; counts one more."""
        return self.knowledge.passes_of(node)
