"""Where users of the whole fleet wait for each other: when enough wait at a place, it is opened for all of them.

Each agent reports how many of its users wait at each place, with the round of the place that it knows. Only reports of
the present round count, and only those of working agents: the users of a lost agent wait nowhere. A place that opens
has a new round, which every agent is told. An agent that missed it reports an old round, and is told again.
"""

from dataclasses import dataclass, field

from gradual_common.errors import WireError
from gradual_common.protocol.messages import MasterMessage, Waiting
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.terms import Terms


@dataclass(eq=False, slots=True)
class MeetingPoints:
    """The places of a run, their rounds, and who waits."""

    terms: Terms
    fleet: Fleet
    out: Instructions
    rounds: list[int] = field(init=False)
    """How often each place was opened."""
    _waiting: dict[tuple[str, int], Waiting] = field(init=False, default_factory=dict)
    """The last report of an agent about a place."""

    def __post_init__(self) -> None:
        self.rounds = [0] * len(self.terms.meetings)

    def receive(self, agent: FleetAgent, reports: tuple[Waiting, ...]) -> None:
        """Take an agent's reports; WireError for a place or a round that there is not."""
        is_behind = False
        for report in reports:
            if report.place >= len(self.rounds) or report.round > self.rounds[report.place]:
                raise WireError(f"it waits at place {report.place} for round {report.round}, which there is not")
            is_behind = is_behind or report.round < self.rounds[report.place]
            self._waiting[agent.id, report.place] = report
        opened = [place for place in {report.place for report in reports} if self._is_full(place)]
        for place in opened:
            self.rounds[place] += 1
        if opened:
            for other in self.fleet.working():
                self._tell(other)
        elif is_behind:
            self._tell(agent)

    def _is_full(self, place: int) -> bool:
        present = self.rounds[place]
        reports = (self._waiting.get((agent.id, place)) for agent in self.fleet.working())
        waiting = sum(report.users for report in reports if report is not None and report.round == present)
        return waiting >= self.terms.meetings[place]

    def _tell(self, agent: FleetAgent) -> None:
        self.out.send(agent, MasterMessage(rounds=tuple(self.rounds)))
