"""An agent as the master sees it: two state tables (states × events), and what the agent has reported.

The member state decides whether the agent may have slots, and whether intervals and the end of the run wait for it:

    joining ──enlist──▶ working ──leave──▶ leaving ──depart──▶ left
      │ leave            │ lose             │ lose               ▲
      ▼                  ▼   ▲ return       ▼   ▲ return         │ depart
    withdrawing         lost ┘    lost in leaving ───────────────┘

An agent that is dropped keeps its slots until its lease is over. Then it is lost, and it is not accepted again. An
agent that is lost before the load comes back as a new one (joining).

The link state decides whether the master can send it something, and trusts what it knows of its slots, at this moment:

    here ──quiet──▶ silent ──speak──▶ here
    away ──hello──▶ returning ──reconcile──▶ here
                    returning ──quiet──▶ silent since it is back ──speak──▶ returning

An agent that dials again is returning until its first ping, which says which of its slots have ended in between. From
every link state a broken stream leads to away, and a Hello on a new stream to returning.
"""

from dataclasses import dataclass
from enum import Enum

from gradual_common.protocol.messages import Hello
from gradual_master.coordination.lifecycle import next_state


class MemberState(Enum):
    """What part an agent has in the run."""

    JOINING = "joining"
    """Accepted. It has no slots yet, and its batches are not awaited."""
    WORKING = "working"
    """It may have slots; intervals wait for its batches."""
    LEAVING = "leaving"
    """It was asked to end on its own machine: its users end one by one, and it gets no more slots."""
    WITHDRAWING = "withdrawing"
    """As leaving, before it had any slots."""
    DROPPED = "dropped"
    """It broke the protocol and is ignored. It may still be running its slots, so it keeps them for its lease."""
    LEFT = "left"
    """It has left, after it delivered everything."""
    LOST = "lost"
    """Its lease is over, or it has ended: its slots are free. Batches that it still delivers are merged."""
    LOST_LEAVING = "lost while it was leaving"
    """As lost; if it returns, it goes on leaving."""
    LOST_NEWCOMER = "lost before the load"
    """As lost; if it returns, it joins as a new agent."""


class MemberEvent(Enum):
    """What changes the member state."""

    ENLIST = "enlisted"
    """It takes part in the run: it may get slots from now on."""
    LEAVE = "asked to end"
    DEPART = "let go"
    """It said goodbye, after its last batch."""
    DROP = "dropped"
    LOSE = "lost"
    LOSE_EARLY = "lost before the load"
    RETURN = "taken back"
    """It said Hello again after it was lost."""


_S, _E = MemberState, MemberEvent

# What the table must keep:
# - An agent is lost from every state in which it may have slots, so that its slots always become free in the end.
# - An agent that returns goes on where it was lost: a leaving one goes on leaving, even if it was asked to end only
#   after it was lost. After an early loss it has no slots and no schedule, so it joins again.
# - Dropped leads only to lost, and lost by a drop has no way back: `Fleet.refusal` does not accept the process again.
MEMBER_STATES: dict[MemberState, dict[MemberEvent, MemberState]] = {
    _S.JOINING: {_E.ENLIST: _S.WORKING, _E.LEAVE: _S.WITHDRAWING, _E.DROP: _S.DROPPED, _E.LOSE: _S.LOST_NEWCOMER},
    _S.WORKING: {_E.LEAVE: _S.LEAVING, _E.DROP: _S.DROPPED, _E.LOSE: _S.LOST, _E.LOSE_EARLY: _S.LOST_NEWCOMER},
    _S.LEAVING: {_E.DEPART: _S.LEFT, _E.DROP: _S.DROPPED, _E.LOSE: _S.LOST_LEAVING, _E.LOSE_EARLY: _S.LOST_NEWCOMER},
    _S.WITHDRAWING: {_E.ENLIST: _S.LEAVING, _E.DEPART: _S.LEFT, _E.DROP: _S.DROPPED, _E.LOSE: _S.LOST_NEWCOMER},
    _S.DROPPED: {_E.LOSE: _S.LOST},
    _S.LEFT: {},
    _S.LOST: {_E.LEAVE: _S.LOST_LEAVING, _E.RETURN: _S.WORKING},
    _S.LOST_LEAVING: {_E.DEPART: _S.LEFT, _E.RETURN: _S.LEAVING},
    _S.LOST_NEWCOMER: {_E.RETURN: _S.JOINING},
}

WORKING = (MemberState.JOINING, MemberState.WORKING, MemberState.LEAVING, MemberState.WITHDRAWING, MemberState.DROPPED)
"""Neither lost nor left."""
ASSIGNABLE = (MemberState.JOINING, MemberState.WORKING)
"""May get slots, once they have the plan."""
LOST = (MemberState.LOST, MemberState.LOST_LEAVING, MemberState.LOST_NEWCOMER)
ENLISTED = (MemberState.WORKING, MemberState.LEAVING, MemberState.DROPPED)
"""May have slots. The run does not end before their last batch, or the end of their lease."""


class LinkState(Enum):
    """The state of the connection to an agent."""

    HERE = "here"
    """It is connected, and it is known which slots it has."""
    SILENT = "silent"
    """It is connected, but nothing has come for half a lease. That was reported."""
    RETURNING = "returning"
    """It has sent a Hello on a new stream. Its first ping will say what happened to its slots in between."""
    SILENT_RETURNING = "silent since it is back"
    """As silent, and the first ping of the new stream has not come."""
    AWAY = "away"
    """It has no stream."""


class LinkEvent(Enum):
    """What changes the link state."""

    HELLO = "on a new stream"
    SPEAK = "heard again"
    RECONCILE = "reconciled"
    """What the agent says of its slots was compared with the slot table."""
    QUIET = "silent"
    HANG_UP = "cut off"
    """The stream has ended."""


_C, _N = LinkState, LinkEvent
# In each connected state: a Hello on a newer stream may come before the end of the old stream is noticed.
_CONNECTED = {_N.HELLO: _C.RETURNING, _N.HANG_UP: _C.AWAY}

LINK_STATES: dict[LinkState, dict[LinkEvent, LinkState]] = {
    _C.HERE: {**_CONNECTED, _N.QUIET: _C.SILENT},
    _C.SILENT: {**_CONNECTED, _N.SPEAK: _C.HERE},
    _C.RETURNING: {**_CONNECTED, _N.RECONCILE: _C.HERE, _N.QUIET: _C.SILENT_RETURNING},
    _C.SILENT_RETURNING: {**_CONNECTED, _N.SPEAK: _C.RETURNING},
    _C.AWAY: {_N.HELLO: _C.RETURNING},
}

LISTENING = (LinkState.HERE, LinkState.SILENT)
"""Orders are sent in these states. A returning agent gets them after it has been reconciled."""
QUIET = (LinkState.SILENT, LinkState.SILENT_RETURNING)
"""In these states the next ping is reported: the agent is heard again."""


@dataclass(slots=True, eq=False)
class FleetAgent:
    """One agent process as the master sees it: its two states, its lease, and what it has reported."""

    id: str
    """Its incarnation, hexadecimal."""
    name: str
    """Its unique display name."""
    hello: Hello
    """The last accepted Hello."""
    number: int
    """Its number in the order of arrival, from 0."""
    stream: int | None
    """The number of its stream; None while it has none."""
    state: MemberState = MemberState.JOINING
    link: LinkState = LinkState.HERE
    lease_end: int | None = None
    """Until when it may run its slots; None after it was lost or has left."""
    heard_at: int = 0
    """When its last ping was received."""
    begun: int = 0
    """How many requests it had started by its last ping."""
    offset: int = 0
    """What it adds to its clock to get the master's; 0 while it does not know."""
    provisioned: int = 0
    """The number of the last provision that it has stored; provision 1 is the plan."""
    due_provision: int | None = None
    """The provision with the last rows of its slots; None until they are prepared."""
    confirmed: tuple[int, int] = (0, 0)
    """Epoch and version of the last orders that it has confirmed, and so applied."""
    sealed: int = 0
    """The highest number of a batch that it has sealed, as far as known."""
    reason: str = ""
    """Why it was last lost or dropped."""
    was_lost: bool = False
    """Whether it was ever lost, even if it is back: the report says so."""
    missed_assignment: bool = False
    """Whether slots were assigned or moved while it was not here: it gets its share when it is back."""
    knows_end: bool = False
    """Whether it was sent that the run is over."""

    def take(self, event: MemberEvent | LinkEvent) -> None:
        """Change the state that the event belongs to; IllegalTransitionError if the table has no such transition."""
        if isinstance(event, MemberEvent):
            self.state = next_state(MEMBER_STATES, self.state, event, f"agent {self.name}")
        else:
            self.link = next_state(LINK_STATES, self.link, event, f"agent {self.name}")

    def can(self, event: MemberEvent) -> bool:
        """Whether the table of member states has this transition."""
        return event in MEMBER_STATES[self.state]

    def has_lease(self, now: int) -> bool:
        """Whether it may still be running its slots."""
        return self.lease_end is not None and now <= self.lease_end

    @property
    def has_rows(self) -> bool:
        """Whether it has stored all rows of its slots."""
        return self.due_provision is not None and self.provisioned >= self.due_provision

    @property
    def is_working(self) -> bool:
        """Whether it is neither lost nor has left."""
        return self.state in WORKING

    @property
    def is_lost(self) -> bool:
        """Whether it is lost, and has not come back."""
        return self.state in LOST

    @property
    def is_enlisted(self) -> bool:
        """Whether it may have slots."""
        return self.state in ENLISTED

    @property
    def is_here(self) -> bool:
        """Whether it is connected, and it is known which slots it has."""
        return self.link is LinkState.HERE

    @property
    def has_job(self) -> bool:
        """Whether it has stored the plan, which is the first provision."""
        return self.provisioned > 0
