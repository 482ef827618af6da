"""The fleet: agents by incarnation, and which stream each speaks on (DESIGN 4.5).

An agent is one process. Its streams are numbered by itself; a higher number supersedes, and whatever comes on the
older one is dropped. The name is for people: equal ones are shown with numbers, and nobody is refused for one. A name
once shown stays with its incarnation to the end of the run, so that a report never takes two processes for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradual_common import __version__
from gradual_common.protocol.messages import PROTOCOL, Hello
from gradual_common.protocol.names import UniqueNames
from gradual_master.coordination.fleet.gathering import Gathering
from gradual_master.results.facts import AgentFacts


@dataclass(slots=True)
class Agent:
    """One agent process as the master knows it, by its incarnation `id`; `name` is what people tell it apart by.

    `number` counts arrivals from 0; `stream` is the connection it speaks on, None while there is none; `sealed` is the
    highest batch number that it is known to have sealed. `due_provision` is the provision that it must confirm before
    orders are sent, None until the rows lie ready. `lost` says why it lost its slots; `was_lost`: it did so once, and
    may be back. `is_back`: it came back on a new stream and has not yet said what happened to its slots meanwhile.
    `is_told`: it was told that the run is over. `is_dealt`: slots were dealt to it before the load; `is_enlisted`: it
    may be given slots, and intervals wait for its batches. `is_leaving`: it was told to end; `has_left`: it has, with
    everything handed over. `is_passed_over`: slots were dealt or moved while it was not here. `dropped`: why it is not
    heard any more; its slots are its own until its lease is over. `heard_at`: when its last ping came; `is_silent`:
    that is long ago, and was said.
    """

    id: str
    name: str
    hello: Hello
    number: int
    stream: int | None
    begun: int = 0
    offset: int = 0
    provisioned: int = 0
    due_provision: int | None = None
    confirmed: tuple[int, int] = (0, 0)
    sealed: int = 0
    lost: str | None = None
    was_lost: bool = False
    is_back: bool = False
    is_told: bool = False
    is_dealt: bool = False
    is_enlisted: bool = False
    is_leaving: bool = False
    is_passed_over: bool = False
    dropped: str | None = None
    has_left: bool = False
    heard_at: int = 0
    is_silent: bool = False

    @property
    def has_rows(self) -> bool:
        """Whether it has confirmed every row that its slots need."""
        return self.due_provision is not None and self.provisioned >= self.due_provision

    @property
    def is_working(self) -> bool:
        """Whether it has neither lost its slots nor left."""
        return self.lost is None and not self.has_left

    @property
    def is_here(self) -> bool:
        """Whether it can be told something just now, and what it holds is known."""
        return self.stream is not None and not self.is_back and not self.is_silent

    @property
    def has_job(self) -> bool:
        """Whether it has confirmed the plan, the first of all provisions."""
        return self.provisioned > 0

    @property
    def about(self) -> tuple[tuple[str, object], ...]:
        """What log lines say of it."""
        return (("agent", self.name), ("host", self.hello.host), ("pid", self.hello.pid))

    def facts(self, origin: int = 0) -> AgentFacts:
        """The agent as the summary shows it; its own offset is to run time, which began at `origin`."""
        hello = self.hello
        return AgentFacts(
            id=self.id,
            name=self.name,
            host=hello.host,
            lost=self.was_lost or self.dropped is not None,
            left=self.has_left,
            offset=self.offset + origin if self.offset else None,
            begun=self.begun,
            version=hello.version,
            max_users=hello.max_users,
        )


class Fleet:
    """Every agent that was taken in, and the streams they speak on; `gathering`: which commands are connected."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._agents: dict[str, Agent] = {}
        self._speakers: dict[int, Agent] = {}
        self._barred: set[str] = set()
        self.gathering = Gathering()
        self._arrivals = 0
        self._names = UniqueNames()
        self._shown: dict[str, str] = {}
        """How each incarnation is shown, also one that was forgotten and comes again."""

    def __iter__(self) -> Iterator[Agent]:
        return iter(self._agents.values())

    def __getitem__(self, agent: str) -> Agent:
        return self._agents[agent]

    def has(self, agent: str) -> bool:
        """Whether this incarnation is in the fleet."""
        return agent in self._agents

    def speaker(self, stream: int) -> Agent | None:
        """Who speaks on a stream: None for a stranger or a superseded stream."""
        return self._speakers.get(stream)

    def find(self, hello: Hello) -> Agent | None:
        """The agent that is this process, if it has been here."""
        return self._agents.get(hello.incarnation.hex())

    def connected(self) -> list[Agent]:
        """The agents that have a stream."""
        return [agent for agent in self if agent.stream is not None]

    def working(self) -> list[Agent]:
        """The agents that have neither lost their slots nor left, connected or not."""
        return [agent for agent in self if agent.is_working]

    @property
    def is_alone(self) -> bool:
        """Whether no agent works."""
        return not any(agent.is_working for agent in self)

    def staying(self) -> list[Agent]:
        """The agents that can be given slots: they have the plan, and have not been told to end."""
        return [agent for agent in self.working() if agent.has_job and not agent.is_leaving and agent.dropped is None]

    def refusal(self, hello: Hello, *, is_ending: bool) -> str | None:
        """Why this agent cannot be taken in, if it cannot."""
        known = self.find(hello)
        if hello.protocol != PROTOCOL:
            return (
                f"this master (version {__version__}) speaks protocol {PROTOCOL}, and agent {hello.name} (version "
                f"{hello.version}) speaks {hello.protocol}: install the same version of gradual on both sides"
            )
        if hello.run not in ("", self.run):
            return f"unknown run {hello.run}: this master conducts {self.run}"
        if hello.incarnation.hex() in self._barred:
            return "this agent was dropped from the run"
        return None if known is not None else self._newcomer_refusal(hello, is_ending)

    def _newcomer_refusal(self, hello: Hello, is_ending: bool) -> str | None:
        if is_ending:
            return "the run is about to end; start the agent before the next one"
        if hello.held or hello.last_batch:
            return "it says that it works for this run, and it was never here"
        return None

    def admit(self, hello: Hello, stream: int) -> Agent:
        """Take a new agent in; call after `refusal`."""
        id_ = hello.incarnation.hex()
        if id_ not in self._shown:
            self._shown[id_] = self._names.give(hello.name)
        agent = Agent(id_, self._shown[id_], hello, self._arrivals, stream, sealed=hello.last_batch)
        self._arrivals += 1
        self.gathering.add(agent)
        self._agents[agent.id] = agent
        self._speakers[stream] = agent
        return agent

    def supersede(self, agent: Agent, hello: Hello, stream: int) -> int | None:
        """Let a known agent speak on `stream` from now on; the stream that it leaves, if it is still open."""
        former = agent.stream
        if former is not None:
            self._speakers.pop(former, None)
        self.gathering.remove(agent)
        agent.hello = hello
        agent.sealed = max(agent.sealed, hello.last_batch)
        agent.stream = stream
        agent.is_back = True
        agent.confirmed = (0, 0)
        self._speakers[stream] = agent
        self.gathering.add(agent)
        return former if former != stream else None

    def leave(self, stream: int) -> Agent | None:
        """The stream is over; who spoke on it."""
        agent = self._speakers.pop(stream, None)
        if agent is not None:
            agent.stream = None
            self.gathering.remove(agent)
        return agent

    def excuse(self, stall: int) -> None:
        """The master stood still for `stall` ns: no agent was silent meanwhile."""
        for agent in self:
            agent.heard_at += stall

    def bar(self, agent: Agent) -> None:
        """This process will not be taken in again."""
        self._barred.add(agent.id)

    def forget(self, agent: Agent) -> None:
        """The agent was here and has left nothing behind: it may come again as a new one."""
        self.gathering.remove(agent)
        if agent.stream is not None:
            self._speakers.pop(agent.stream, None)
        del self._agents[agent.id]

    def facts(self, origin: int = 0) -> tuple[AgentFacts, ...]:
        """Every agent in the order in which they came."""
        return tuple(agent.facts(origin) for agent in self)
