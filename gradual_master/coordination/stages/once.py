"""Set-up and teardown: each is begun once in a run, on one agent (docs/design/fleet.md, 4.12).

That it has begun is committed before the agent is told. It is told again on each new stream, and does not begin again:
so a lost message loses nothing. An agent that is lost meanwhile may have done any part of it, so nobody repeats it.
"""

from dataclasses import dataclass, field

from gradual_common.errors import WireError
from gradual_common.language.document import SETUP, TEARDOWN, Once
from gradual_common.protocol import messages
from gradual_common.protocol.messages import MasterMessage, OnceReport
from gradual_master.coordination.events import MergeOnce
from gradual_master.coordination.fleet.agent import ASSIGNABLE, FleetAgent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.journal import OnceBegun, OnceEnded
from gradual_master.coordination.terms import Terms
from gradual_master.results.facts import OnceFacts

NAMES: dict[Once, str] = {SETUP: "set-up", TEARDOWN: "teardown"}
"""What messages call them."""


LOST = "it was lost before it reported the end, and nobody performs it a second time"


@dataclass(slots=True)
class Performance:
    """One section of which was decided who performs it, or that nobody does."""

    agent: FleetAgent | None
    is_received: bool = False
    """Whether its report has arrived."""
    is_over: bool = False
    """Whether its report is merged, or not awaited any more."""
    failure: str | None = None
    """Why it is not complete; None as long as nothing has failed."""


@dataclass(eq=False, slots=True)
class OncePerRun:
    """Who performs set-up and teardown, and how they ended."""

    terms: Terms
    fleet: Fleet
    out: Instructions
    variables: bytes = field(init=False, default=b"")
    """What the set-up extracted."""
    _is_recalled: bool = field(init=False, default=False)
    """Whether nothing more is to be performed."""
    _performances: dict[Once, Performance] = field(init=False, default_factory=dict)

    def is_due(self, section: Once) -> bool:
        """Whether the plan has this section, and it was not yet decided what becomes of it."""
        return section in self.terms.once and section not in self._performances

    def has_begun(self, section: Once) -> bool:
        """Whether an agent was told to perform it."""
        performance = self._performances.get(section)
        return performance is not None and performance.agent is not None

    def chosen(self, now: int) -> FleetAgent | None:
        """The agent for the next section: that of the set-up if it can, a connected one if possible, or None."""
        former = self._performances[SETUP].agent if self.has_begun(SETUP) else None
        able = [agent for agent in self.fleet if agent.state in ASSIGNABLE and agent.has_job and agent.has_lease(now)]
        return min(able, key=lambda agent: (not agent.is_here, agent is not former, agent.number), default=None)

    def begin(self, section: Once, agent: FleetAgent) -> None:
        """Have the agent perform the section."""
        self._performances[section] = Performance(agent)
        self.out.commit(OnceBegun(section, agent.id))
        self.out.note("info", f"the {NAMES[section]} begins", agent)
        self._tell(section, agent)

    def repeat(self, agent: FleetAgent) -> None:
        """The agent is back: tell it again what it may not have heard."""
        for section, performance in self._performances.items():
            if performance.agent is agent and not performance.is_received:
                self._tell(section, agent)

    def _tell(self, section: Once, agent: FleetAgent) -> None:
        variables = self.variables if section == TEARDOWN else b""
        self.out.send(agent, MasterMessage(once=messages.Once(section, variables, ends=self._is_recalled)))

    def recall(self, now: int) -> bool:
        """Have every section that is going on cut; whether a report of one is awaited."""
        if not self.is_awaited(now):
            return False
        self._is_recalled = True
        for performance in self._performances.values():
            if performance.agent is not None:
                self.repeat(performance.agent)
        return True

    def is_awaited(self, now: int) -> bool:
        """Whether a section was begun whose end is not known yet, by an agent that is not lost."""
        return any(not self.is_over(section, now) for section in self._performances)

    def receive(self, agent: FleetAgent, report: OnceReport) -> None:
        """A report has come, perhaps again; WireError if the agent was never told to perform the section."""
        performance = self._find(report)
        if performance is None or performance.agent is not agent:
            raise WireError(f"it reports a {report.section} that it was not told to perform")
        if not performance.is_received:
            performance.is_received = True
            self.out.add(MergeOnce(agent.id, report))

    def merged(self, report: OnceReport) -> None:
        """The report is in the results; one that nobody awaited any more changes no decision."""
        performance = self._find(report)
        assert performance is not None, "a report is merged after it was received"
        if performance.is_over:
            return
        if report.section == SETUP:
            self.variables = report.variables
        self._end(performance, report.section, report.failure or None)

    def _find(self, report: OnceReport) -> Performance | None:
        return next((found for section, found in self._performances.items() if section == report.section), None)

    def is_over(self, section: Once, now: int) -> bool:
        """Whether a section that has begun is over: it was reported, or its agent is lost."""
        performance = self._performances[section]
        agent = performance.agent
        if not performance.is_over and agent is not None and not agent.has_lease(now):
            self._end(performance, section, LOST)
        return performance.is_over

    def give_up(self, section: Once, reason: str) -> None:
        """Do not wait for this section any more, or do not begin it."""
        performance = self._performances.setdefault(section, Performance(None))
        if not performance.is_over:
            self._end(performance, section, reason)

    def _end(self, performance: Performance, section: str, failure: str | None) -> None:
        performance.is_over, performance.failure = True, failure
        self.out.commit(OnceEnded(section, failure))

    def failure(self, section: Once) -> str | None:
        """Why a section is not complete, as a sentence; None if nothing of it has failed."""
        performance = self._performances.get(section)
        if performance is None or performance.failure is None:
            return None
        where = f" on agent {performance.agent.name}" if performance.agent is not None else ""
        return f"the {NAMES[section]} failed{where}: {performance.failure}"

    def facts(self) -> tuple[OnceFacts, ...]:
        """How each section of the plan ended."""
        return tuple(self._facts(section) for section in self.terms.once)

    def _facts(self, section: Once) -> OnceFacts:
        performance = self._performances.get(section)
        if performance is None or performance.agent is None:
            return OnceFacts(section, None, self.failure(section))
        return OnceFacts(section, performance.agent.name, self.failure(section))
