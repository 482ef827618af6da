"""An agent as the master knows it: two tables of states × events (STYLE, after h11), and what it said.

What it is to the run decides whether it may hold slots, and whether intervals and the end of the run wait for it:

    joining ──enlist──▶ working ──leave──▶ leaving ──depart──▶ left
      │ leave            │ lose             │ lose               ▲
      ▼                  ▼   ▲ return       ▼   ▲ return         │ depart
    withdrawing         lost ┘    lost in leaving ───────────────┘

Whoever is dropped keeps its slots until its lease is over, is lost then, and is not taken in again. Lost before the
load, an agent comes back as the newcomer that it was.

Whether it is heard decides whether anything can be given to it or taken from it just now:

    here ──quiet──▶ silent ──speak──▶ here
    away ──hello──▶ returning ──reconcile──▶ here
                    returning ──quiet──▶ silent since it is back ──speak──▶ returning

An agent that dials anew is returning until its first ping has said which of its slots have ended meanwhile. From
everywhere a broken stream leads to away, and a Hello on a new stream to returning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gradual_common.protocol.messages import Hello
from gradual_master.coordination.lifecycle import next_state


class Standing(Enum):
    """What an agent is to the run."""

    JOINING = "joining"
    """Taken in. It is given no slots yet, and nobody waits for its batches."""
    WORKING = "working"
    """It may hold slots; intervals wait for its batches."""
    LEAVING = "leaving"
    """Its host told it to end: its users end one by one, and it is given no slots."""
    WITHDRAWING = "withdrawing"
    """The same, before it was given anything."""
    DROPPED = "dropped"
    """It cannot be understood and is not heard; its slots stay its own until its lease is over."""
    LEFT = "left"
    """It left, with everything handed over."""
    LOST = "lost"
    """Its lease is over or it is gone: its slots are free. What it still delivers is merged."""
    LOST_LEAVING = "lost while it was leaving"
    LOST_NEWCOMER = "lost before the load"


class StandingEvent(Enum):
    """What changes what an agent is to the run."""

    ENLIST = "enlisted"
    LEAVE = "told to end"
    DEPART = "let go"
    DROP = "dropped"
    LOSE = "lost"
    LOSE_EARLY = "lost before the load"
    RETURN = "taken back"


_S, _E = Standing, StandingEvent

STANDINGS: dict[Standing, dict[StandingEvent, Standing]] = {
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

WORKING = (Standing.JOINING, Standing.WORKING, Standing.LEAVING, Standing.WITHDRAWING, Standing.DROPPED)
"""Neither lost nor left."""
ASSIGNABLE = (Standing.JOINING, Standing.WORKING)
"""May be given slots, once they have the plan."""
LOST = (Standing.LOST, Standing.LOST_LEAVING, Standing.LOST_NEWCOMER)
ENLISTED = (Standing.WORKING, Standing.LEAVING, Standing.DROPPED)
"""May hold slots, and the run does not end before their last batch or the end of their lease."""


class Contact(Enum):
    """Whether an agent is heard."""

    HERE = "here"
    """It can be told something, and what it holds is known."""
    SILENT = "silent"
    """On its stream nothing has come for half a lease, and that was said."""
    RETURNING = "returning"
    """It said Hello on a new stream; what happened to its slots meanwhile comes with its first ping."""
    SILENT_RETURNING = "silent since it is back"
    AWAY = "away"
    """It has no stream."""


class ContactEvent(Enum):
    """What changes whether an agent is heard."""

    HELLO = "on a new stream"
    SPEAK = "heard again"
    RECONCILE = "reconciled"
    QUIET = "silent"
    HANG_UP = "cut off"


_C, _N = Contact, ContactEvent
_CONNECTED = {_N.HELLO: _C.RETURNING, _N.HANG_UP: _C.AWAY}

CONTACTS: dict[Contact, dict[ContactEvent, Contact]] = {
    _C.HERE: {**_CONNECTED, _N.QUIET: _C.SILENT},
    _C.SILENT: {**_CONNECTED, _N.SPEAK: _C.HERE},
    _C.RETURNING: {**_CONNECTED, _N.RECONCILE: _C.HERE, _N.QUIET: _C.SILENT_RETURNING},
    _C.SILENT_RETURNING: {**_CONNECTED, _N.SPEAK: _C.RETURNING},
    _C.AWAY: {_N.HELLO: _C.RETURNING},
}

LISTENING = (Contact.HERE, Contact.SILENT)
"""Orders are sent to these; a returning agent is told once it has said what it holds."""
QUIET = (Contact.SILENT, Contact.SILENT_RETURNING)
"""The next ping of these is worth a word."""


@dataclass(slots=True, eq=False)
class FleetAgent:
    """One agent process as the master knows it: what it is to the run, whether it is heard, and what it said."""

    id: str
    """Its incarnation, hexadecimal."""
    name: str
    """What people tell it apart by."""
    hello: Hello
    """The last one that was accepted."""
    number: int
    """Agents are numbered as they come, from 0."""
    stream: int | None
    """The connection it speaks on, None while there is none."""
    standing: Standing = Standing.JOINING
    contact: Contact = Contact.HERE
    lease_end: int | None = None
    """Until when it may still run its slots; None once the end of that was dealt with."""
    heard_at: int = 0
    """When its last ping came."""
    begun: int = 0
    """How many requests it had begun by then."""
    offset: int = 0
    """What it adds to its clock for the master's; 0: not known yet."""
    provisioned: int = 0
    """The last provision that it has stored; the first is the plan."""
    due_provision: int | None = None
    """The provision that it must store before orders are sent, None until the rows are prepared."""
    confirmed: tuple[int, int] = (0, 0)
    """Epoch and version of the orders that it has put in force."""
    sealed: int = 0
    """The highest batch number that it is known to have sealed."""
    reason: str = ""
    """Why it was lost, or dropped, the last time that it was."""
    was_lost: bool = False
    """It was lost once; it may be back, and the report says so all the same."""
    missed_assignment: bool = False
    """Slots were given or moved while it was not here: it is owed its share of them."""
    knows_end: bool = False
    """The end of the run was put on its stream."""

    def take(self, event: StandingEvent | ContactEvent) -> None:
        """Move along one of the two tables; IllegalTransitionError where it has no such transition."""
        if isinstance(event, StandingEvent):
            self.standing = next_state(STANDINGS, self.standing, event, f"agent {self.name}")
        else:
            self.contact = next_state(CONTACTS, self.contact, event, f"agent {self.name}")

    def can(self, event: StandingEvent) -> bool:
        """Whether the table has such a transition."""
        return event in STANDINGS[self.standing]

    def has_lease(self, now: int) -> bool:
        """Whether it may still be running its slots."""
        return self.lease_end is not None and now <= self.lease_end

    @property
    def has_rows(self) -> bool:
        """Whether it has confirmed every row that its slots need."""
        return self.due_provision is not None and self.provisioned >= self.due_provision

    @property
    def is_working(self) -> bool:
        """Whether it has neither lost its slots nor left."""
        return self.standing in WORKING

    @property
    def is_lost(self) -> bool:
        """Whether it has lost its slots, and is not back."""
        return self.standing in LOST

    @property
    def is_enlisted(self) -> bool:
        """Whether it may hold slots."""
        return self.standing in ENLISTED

    @property
    def is_here(self) -> bool:
        """Whether it can be told something just now, and what it holds is known."""
        return self.contact is Contact.HERE

    @property
    def has_job(self) -> bool:
        """Whether it has confirmed the plan, the first of all provisions."""
        return self.provisioned > 0
