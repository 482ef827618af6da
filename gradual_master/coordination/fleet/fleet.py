"""The fleet: agents by incarnation, and which stream each speaks on (DESIGN 4.5).

An agent is one process. Its streams are numbered by itself; a higher number supersedes, and whatever comes on the
older one is dropped. The name is for people: equal ones are shown with numbers, and nobody is refused for one. A name
once shown stays with its incarnation to the end of the run, so that a report never takes two processes for one.

Leases as the master counts them (DESIGN 4.3): the agent's own ends at its ping's stamp + lease, on its clock. The
master cannot read that clock; it counts the lease as alive until its own receipt of that ping + lease + guard, which is
later on any clock that runs within guard/lease of true time. So whatever is given to another after that is run by
nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common import __version__
from gradual_common.protocol.messages import PROTOCOL, Hello, Part
from gradual_common.protocol.names import UniqueNames
from gradual_master.coordination.fleet.agent import ASSIGNABLE, ContactEvent, FleetAgent, Standing
from gradual_master.coordination.terms import Terms
from gradual_master.results.facts import AgentFacts

MOST_NAMED = 3
"""So many processes of an incomplete command are named one by one."""


class AgentCommand(dict[str, tuple[str, Part]]):
    """One command of which at least one process is connected: by incarnation, the processes' names and places."""

    @property
    def count(self) -> int:
        """How many of its processes are here; two may say the same of themselves."""
        return len({part.number for _, part in self.values()})

    @property
    def size(self) -> int:
        """How many processes it has."""
        return max((part.of for _, part in self.values()), default=1)

    @property
    def is_complete(self) -> bool:
        """Whether all of them are here."""
        return self.count >= self.size

    @property
    def lack(self) -> str:
        """How many of its processes are here, and which, in words."""
        names = sorted(name for name, _ in self.values())
        some = ", ".join(names) if len(names) <= MOST_NAMED else f"{names[0]} … {names[-1]}"
        return f"only {self.count} of {self.size} processes of one came ({some})"


class AgentCommands:
    """The `gradual-agent` commands that are here: `--expect-agents` counts these, each with all of its processes.

    A command that has lost a process stays incomplete: it was asked for as a whole, and what its user started is not
    made smaller behind their back. Started again it is another command, and counts once all of its processes are here.
    """

    def __init__(self) -> None:
        self.complete = 0
        """How many commands are here as a whole. It is counted along: this is asked after every message."""
        self._commands: dict[bytes, AgentCommand] = {}

    def add(self, agent: str, name: str, hello: Hello) -> None:
        """A process is connected."""
        part = hello.part or Part(hello.incarnation, 1, 1)
        command = self._commands.setdefault(part.command, AgentCommand())
        self.complete -= command.is_complete
        command[agent] = (name, part)
        self.complete += command.is_complete

    def remove(self, agent: str, hello: Hello) -> None:
        """A process is not connected any more, or has lost its slots; it may have been removed before."""
        key = hello.part.command if hello.part else hello.incarnation
        command = self._commands.get(key, AgentCommand())
        if agent not in command:
            return
        self.complete -= command.is_complete
        del command[agent]
        self.complete += command.is_complete
        if not command:
            del self._commands[key]

    def lack(self) -> str:
        """Of which commands processes are missing, in words; "" if of none."""
        return "; ".join(command.lack for command in self._commands.values() if not command.is_complete)


class Fleet:
    """Every agent that was taken in, the streams they speak on, and their leases. Instants in run time, ns."""

    def __init__(self, terms: Terms) -> None:
        self.run = terms.run
        self.lease = terms.lease + terms.guard
        """How long an agent that is not heard may run its slots."""
        self.commands = AgentCommands()
        self._agents: dict[str, FleetAgent] = {}
        self._speakers: dict[int, FleetAgent] = {}
        self._barred: set[str] = set()
        self._arrivals = 0
        self._names = UniqueNames()
        self._shown: dict[str, str] = {}
        """How each incarnation is shown, also one that was forgotten and comes again."""
        self._none_expires_before = 0

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
        if known is None and is_ending:
            return "the run is about to end; start the agent before the next one"
        if known is None and (hello.held or hello.last_batch):
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
        # What it had put in force it may have forgotten: an agent that cut its users confirms anew.
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

    def renew(self, agent: FleetAgent, now: int) -> None:
        """A Hello or a ping of the agent came at `now`: its lease is longer, never shorter."""
        self._none_expires_before = min(self._none_expires_before, now + self.lease)
        agent.lease_end = max(now + self.lease, agent.lease_end or 0)

    def expired(self, now: int) -> list[FleetAgent]:
        """The agents whose lease is over, in order of its end; they stay until they are lost or gone.

        This is asked after every event: until the earliest end that was seen last there is nothing to look for.
        """
        if now <= self._none_expires_before:
            return []
        ends = {agent.id: agent.lease_end for agent in self if agent.lease_end is not None}
        over = [(end, id_) for id_, end in ends.items() if now > end]
        if not over:
            self._none_expires_before = min(ends.values(), default=now)
        return [self._agents[id_] for _, id_ in sorted(over)]

    def note_stall(self, stall: int) -> None:
        """The master stood still for `stall` ns and could read no ping: nobody was silent, every lease is longer."""
        for agent in self:
            agent.heard_at += stall
            if agent.lease_end is not None:
                agent.lease_end += stall

    def bar(self, agent: FleetAgent) -> None:
        """This process will not be taken in again."""
        self._barred.add(agent.id)

    def forget(self, agent: FleetAgent) -> None:
        """The agent was here and has left nothing behind: it may come again as a new one."""
        self.commands.remove(agent.id, agent.hello)
        if agent.stream is not None:
            self._speakers.pop(agent.stream, None)
        del self._agents[agent.id]

    def facts(self, origin: int) -> tuple[AgentFacts, ...]:
        """Every agent in the order in which they came; its own offset is to run time, which began at `origin`."""
        return tuple(
            AgentFacts(
                id=agent.id,
                name=agent.name,
                host=agent.hello.host,
                lost=agent.was_lost or agent.standing is Standing.DROPPED,
                left=agent.standing is Standing.LEFT,
                offset=agent.offset + origin if agent.offset else None,
                begun=agent.begun,
            )
            for agent in self
        )
