"""The fleet: agents by incarnation, and which stream each speaks on (DESIGN 4.5).

An agent is one process. Its streams are numbered by itself; a higher number supersedes, and whatever comes on the
older one is dropped. The name is for people: equal ones are shown with numbers, and nobody is refused for one. A name
once shown stays with its incarnation to the end of the run, so that a report never takes two processes for one.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common import __version__
from gradual_common.protocol.messages import PROTOCOL, Hello
from gradual_common.protocol.names import UniqueNames
from gradual_master.coordination.fleet.agent import ASSIGNABLE, Contact, ContactEvent, FleetAgent, Standing
from gradual_master.coordination.fleet.commands import AgentCommands
from gradual_master.results.facts import AgentFacts


class Fleet:
    """Every agent that was taken in, and the streams they speak on."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.commands = AgentCommands()
        self._agents: dict[str, FleetAgent] = {}
        self._speakers: dict[int, FleetAgent] = {}
        self._barred: set[str] = set()
        self._arrivals = 0
        self._names = UniqueNames()
        self._shown: dict[str, str] = {}
        """How each incarnation is shown, also one that was forgotten and comes again."""

    def __iter__(self) -> Iterator[FleetAgent]:
        return iter(self._agents.values())

    def __getitem__(self, agent: str) -> FleetAgent:
        return self._agents[agent]

    def has(self, agent: str) -> bool:
        """Whether this incarnation is in the fleet."""
        return agent in self._agents

    def speaker(self, stream: int) -> FleetAgent | None:
        """Who speaks on a stream: None for a stranger or a superseded stream."""
        return self._speakers.get(stream)

    def find(self, hello: Hello) -> FleetAgent | None:
        """The agent that is this process, if it has been here."""
        return self._agents.get(hello.incarnation.hex())

    def connected(self) -> list[FleetAgent]:
        """The agents that have a stream."""
        return [agent for agent in self if agent.stream is not None]

    def working(self) -> list[FleetAgent]:
        """The agents that have neither lost their slots nor left, connected or not."""
        return [agent for agent in self if agent.is_working]

    @property
    def is_empty(self) -> bool:
        """Whether no agent works."""
        return not any(agent.is_working for agent in self)

    def assignable(self) -> list[FleetAgent]:
        """The agents that can be given slots: they have the plan, and have not been told to end."""
        return [agent for agent in self if agent.standing in ASSIGNABLE and agent.has_job]

    def leaving(self) -> list[FleetAgent]:
        """The agents that were told to end, and still hold what they have not handed over."""
        return [agent for agent in self if agent.standing is Standing.LEAVING]

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

    def admit(self, hello: Hello, stream: int) -> FleetAgent:
        """Take a new agent in; call after `refusal`."""
        id_ = hello.incarnation.hex()
        if id_ not in self._shown:
            self._shown[id_] = self._names.give(hello.name)
        agent = FleetAgent(id_, self._shown[id_], hello, self._arrivals, stream, sealed=hello.last_batch)
        self._arrivals += 1
        self._agents[agent.id] = agent
        self._connect(agent, stream)
        return agent

    def supersede(self, agent: FleetAgent, hello: Hello, stream: int) -> int | None:
        """Let a known agent speak on `stream` from now on; the stream that it leaves, if it is still open."""
        former = agent.stream
        if former is not None:
            self._speakers.pop(former, None)
        self.commands.remove(agent.id, agent.hello)
        agent.hello = hello
        agent.sealed = max(agent.sealed, hello.last_batch)
        agent.confirmed = (0, 0)
        agent.take(ContactEvent.HELLO)
        self._connect(agent, stream)
        return former if former != stream else None

    def _connect(self, agent: FleetAgent, stream: int) -> None:
        agent.stream = stream
        self._speakers[stream] = agent
        self.commands.add(agent.id, agent.name, agent.hello)

    def leave(self, stream: int) -> FleetAgent | None:
        """The stream is over; who spoke on it."""
        agent = self._speakers.pop(stream, None)
        if agent is not None:
            agent.stream = None
            agent.take(ContactEvent.HANG_UP)
            self.commands.remove(agent.id, agent.hello)
        return agent

    def note_stall(self, stall: int) -> None:
        """The master stood still for `stall` ns: no agent was silent meanwhile."""
        for agent in self:
            agent.heard_at += stall

    def bar(self, agent: FleetAgent) -> None:
        """This process will not be taken in again."""
        self._barred.add(agent.id)

    def forget(self, agent: FleetAgent) -> None:
        """The agent was here and has left nothing behind: it may come again as a new one."""
        self.commands.remove(agent.id, agent.hello)
        if agent.stream is not None:
            self._speakers.pop(agent.stream, None)
        del self._agents[agent.id]

    def facts(self, origin: int = 0) -> tuple[AgentFacts, ...]:
        """Every agent in the order in which they came."""
        return tuple(agent.facts(origin) for agent in self)

    def validate(self) -> None:
        """AssertionError unless streams, commands and names agree with the agents."""
        for stream, agent in self._speakers.items():
            assert agent.stream == stream, f"{agent.name} speaks on {agent.stream}, not on {stream}"
            assert self._agents.get(agent.id) is agent, f"{agent.name} speaks and is not in the fleet"
        for agent in self:
            is_connected = agent.stream is not None
            assert is_connected == (agent.contact is not Contact.AWAY), f"{agent.name} is {agent.contact.value}"
            assert not is_connected or self._speakers.get(agent.stream or 0) is agent, f"{agent.name} is not heard"
            is_counted = agent.id in self.commands
            assert is_connected or not is_counted, f"{agent.name} is counted and not connected"
            assert is_counted or not (is_connected and agent.is_working), f"{agent.name} is connected and not counted"
            assert agent.standing is not Standing.DROPPED or agent.id in self._barred, f"{agent.name} may come again"
        names = [agent.name for agent in self]
        assert len(set(names)) == len(names), f"agents are shown as {names}"
        self.commands.validate()
