"""The fleet: all agents by incarnation, and the stream of each (docs/design/fleet.md, 4.5).

An agent is one process. It numbers its own streams: a higher number replaces a lower one, and what comes on the older
stream is ignored. Names are for display: equal names get a number, and no agent is refused because of its name. A name
that was shown stays with its incarnation until the end of the run, so that no report takes two processes for one.

How the master counts leases (docs/design/fleet.md, 4.3): the lease of an agent ends `lease` after the stamp of its last
ping, on the agent's clock. The master cannot read that clock. It counts `lease` + `guard` from the moment at which it
received that ping, which is later than the agent's end on any clock whose rate is right to within guard/lease. So no
agent runs a slot any more when the master gives it to another.
"""

from collections.abc import Iterator

from gradual_common import __version__
from gradual_common.protocol.messages import PROTOCOL, Hello, Part
from gradual_common.protocol.names import UniqueNames
from gradual_master.coordination.fleet.agent import ASSIGNABLE, FleetAgent, LinkEvent, MemberState
from gradual_master.coordination.terms import Terms
from gradual_master.results.facts import AgentFacts

MAX_NAMED_PROCESSES = 3
"""Up to this many processes of an incomplete command are listed by name."""


class AgentCommand(dict[str, tuple[str, Part]]):
    """One `gradual-agent` command with at least one connected process: (name, part) by incarnation."""

    @property
    def count(self) -> int:
        """How many of its processes are connected. Two with the same part number count once."""
        return len({part.number for _, part in self.values()})

    @property
    def size(self) -> int:
        """How many processes the command has started."""
        return max((part.of for _, part in self.values()), default=1)

    @property
    def is_complete(self) -> bool:
        """Whether all of them are connected."""
        return self.count >= self.size

    @property
    def lack(self) -> str:
        """A text that says how many of its processes are connected, and which."""
        names = sorted(name for name, _ in self.values())
        listed = ", ".join(names) if len(names) <= MAX_NAMED_PROCESSES else f"{names[0]} … {names[-1]}"
        return f"only {self.count} of {self.size} processes of one came ({listed})"


class AgentCommands:
    """The connected `gradual-agent` commands: `--expect-agents` counts these, each with all of its processes.

    A command that has lost a process stays incomplete: its user asked for all processes, and must see that one is
    missing. If it is started again, it is another command, and counts when all of its processes are connected.
    """

    def __init__(self) -> None:
        self.complete = 0
        """How many commands are complete. It is kept up to date, since it is read after every message."""
        self._commands: dict[bytes, AgentCommand] = {}

    def add(self, agent: str, name: str, hello: Hello) -> None:
        """A process has connected."""
        part = hello.part or Part(hello.incarnation, 1, 1)
        command = self._commands.setdefault(part.command, AgentCommand())
        # The number of complete commands changes by what becomes of this one: minus before, plus after.
        self.complete -= command.is_complete
        command[agent] = (name, part)
        self.complete += command.is_complete

    def remove(self, agent: str, hello: Hello) -> None:
        """A process has disconnected, or is lost. It may have been removed before."""
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
        """A text that lists the incomplete commands; "" if there are none."""
        return "; ".join(command.lack for command in self._commands.values() if not command.is_complete)


class Fleet:
    """All agents that were accepted, their streams, and their leases. Instants in run time, ns."""

    def __init__(self, terms: Terms) -> None:
        self.run = terms.run
        self.lease_with_guard = terms.lease + terms.guard
        """How long after its last ping an agent may be running its slots, by the master's count, ns."""
        self.commands = AgentCommands()
        self._agents: dict[str, FleetAgent] = {}
        self._speakers: dict[int, FleetAgent] = {}
        self._barred: set[str] = set()
        """Incarnations that are not accepted again."""
        self._arrivals = 0
        self._names = UniqueNames()
        self._shown: dict[str, str] = {}
        """The display name of each incarnation, also of one that was forgotten and comes again."""
        self._none_expires_before = 0
        """No lease ends before this instant, so that until then `expired` need not look."""

    def __iter__(self) -> Iterator[FleetAgent]:
        return iter(self._agents.values())

    def __getitem__(self, agent: str) -> FleetAgent:
        return self._agents[agent]

    def has(self, agent: str) -> bool:
        """Whether this incarnation is in the fleet."""
        return agent in self._agents

    def speaker(self, stream: int) -> FleetAgent | None:
        """The agent of a stream; None before its Hello, or if a newer stream has replaced it."""
        return self._speakers.get(stream)

    def find(self, hello: Hello) -> FleetAgent | None:
        """The agent with the incarnation of this Hello; None if it is new."""
        return self._agents.get(hello.incarnation.hex())

    def working(self) -> list[FleetAgent]:
        """The agents that are neither lost nor have left, connected or not."""
        return [agent for agent in self if agent.is_working]

    @property
    def is_empty(self) -> bool:
        """Whether there is no working agent."""
        return not any(agent.is_working for agent in self)

    def assignable(self) -> list[FleetAgent]:
        """The agents that may get slots: they have the plan, and were not asked to end."""
        return [agent for agent in self if agent.state in ASSIGNABLE and agent.has_job]

    def refusal(self, hello: Hello, *, is_ending: bool) -> str | None:
        """Why this agent is refused; None if it is not."""
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
        # A new process cannot have slots or batches of this run: its claim is wrong, and it must not be trusted.
        if known is None and (hello.held or hello.last_batch):
            return "it says that it works for this run, but this master does not know it"
        return None

    def admit(self, hello: Hello, stream: int) -> FleetAgent:
        """Add a new agent; call `refusal` first."""
        id_ = hello.incarnation.hex()
        if id_ not in self._shown:
            self._shown[id_] = self._names.give(hello.name)
        agent = FleetAgent(id_, self._shown[id_], hello, self._arrivals, stream, sealed=hello.last_batch)
        self._arrivals += 1
        self._agents[agent.id] = agent
        self._connect(agent, stream)
        return agent

    def supersede(self, agent: FleetAgent, hello: Hello, stream: int) -> int | None:
        """Connect a known agent to `stream`; return its former stream if that is still open."""
        former = agent.stream
        if former is not None:
            self._speakers.pop(former, None)
        self.commands.remove(agent.id, agent.hello)
        agent.hello = hello
        agent.sealed = max(agent.sealed, hello.last_batch)
        # An agent that cut its users has forgotten its orders: it has to confirm the next ones again.
        agent.confirmed = (0, 0)
        agent.take(LinkEvent.HELLO)
        self._connect(agent, stream)
        return former if former != stream else None

    def _connect(self, agent: FleetAgent, stream: int) -> None:
        agent.stream = stream
        self._speakers[stream] = agent
        self.commands.add(agent.id, agent.name, agent.hello)

    def leave(self, stream: int) -> FleetAgent | None:
        """A stream has ended: disconnect its agent, and return it."""
        agent = self._speakers.pop(stream, None)
        if agent is not None:
            agent.stream = None
            agent.take(LinkEvent.HANG_UP)
            self.commands.remove(agent.id, agent.hello)
        return agent

    def renew(self, agent: FleetAgent, now: int) -> None:
        """Extend the lease: a Hello or a ping of the agent was received at `now`. A lease is never shortened."""
        self._none_expires_before = min(self._none_expires_before, now + self.lease_with_guard)
        agent.lease_end = max(now + self.lease_with_guard, agent.lease_end or 0)

    def expired(self, now: int) -> list[FleetAgent]:
        """The agents whose lease is over, in the order in which it ended. The caller removes them."""
        # This is called after every event, so it must be cheap: before the earliest end that the last search found,
        # no lease can be over. `renew` only moves ends to later, and lowers the bound if a new agent ends earlier.
        if now <= self._none_expires_before:
            return []
        ends = {agent.id: agent.lease_end for agent in self if agent.lease_end is not None}
        over = [(end, id_) for id_, end in ends.items() if now > end]
        if not over:
            self._none_expires_before = min(ends.values(), default=now)
        return [self._agents[id_] for _, id_ in sorted(over)]

    def note_stall(self, stall: int) -> None:
        """The master did not run for `stall` ns and read no ping: extend every lease by that time."""
        for agent in self:
            agent.heard_at += stall
            if agent.lease_end is not None:
                agent.lease_end += stall

    def bar(self, agent: FleetAgent) -> None:
        """Do not accept this process again."""
        self._barred.add(agent.id)

    def forget(self, agent: FleetAgent) -> None:
        """Remove an agent that has done nothing in the run yet; it may come again as a new one."""
        self.commands.remove(agent.id, agent.hello)
        if agent.stream is not None:
            self._speakers.pop(agent.stream, None)
        del self._agents[agent.id]

    def facts(self, origin: int) -> tuple[AgentFacts, ...]:
        """All agents in the order of arrival; each clock offset is to run time, whose origin is at `origin`."""
        return tuple(
            AgentFacts(
                id=agent.id,
                name=agent.name,
                host=agent.hello.host,
                lost=agent.was_lost or agent.state is MemberState.DROPPED,
                left=agent.state is MemberState.LEFT,
                offset=agent.offset + origin if agent.offset else None,
                begun=agent.begun,
            )
            for agent in self
        )
