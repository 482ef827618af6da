"""What an agent is to the run, and whether it is heard: two tables of states × events (STYLE, after h11).

What it is to the run decides whether it may hold slots, and whether intervals and the end of the run wait for it:

    joining ──enlist──▶ working ──leave──▶ leaving ──part──▶ left
      │ leave            │   ▲ return       │   ▲ return
      ▼                  ▼   │              ▼   │
    withdrawing         lost ┘    lost in leaving

Whoever is dropped keeps its slots until its lease is over, is lost then, and is not taken in again. Lost before the
load, an agent comes back as the newcomer that it was.

Whether it is heard decides whether anything can be given to it or taken from it just now:

    here ◀──speak── silent            An agent that dials anew is returning until its first ping has said which of its
      │ ▲ settle       ▲ quiet        slots have ended meanwhile; it may be silent before that (unsettled).
      │ returning ◀──speak── unsettled
      ▼
    away ──hello──▶ returning         From everywhere, a broken stream leads to away, and a Hello to returning.
"""

from __future__ import annotations

from enum import Enum


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
    PART = "let go"
    DROP = "dropped"
    LOSE = "lost"
    LOSE_EARLY = "lost before the load"
    RETURN = "taken back"


STANDINGS: dict[Standing, dict[StandingEvent, Standing]] = {
    Standing.JOINING: {
        StandingEvent.ENLIST: Standing.WORKING,
        StandingEvent.LEAVE: Standing.WITHDRAWING,
        StandingEvent.DROP: Standing.DROPPED,
        StandingEvent.LOSE: Standing.LOST_NEWCOMER,
        StandingEvent.LOSE_EARLY: Standing.LOST_NEWCOMER,
    },
    Standing.WORKING: {
        StandingEvent.LEAVE: Standing.LEAVING,
        StandingEvent.DROP: Standing.DROPPED,
        StandingEvent.LOSE: Standing.LOST,
        StandingEvent.LOSE_EARLY: Standing.LOST_NEWCOMER,
    },
    Standing.LEAVING: {
        StandingEvent.PART: Standing.LEFT,
        StandingEvent.DROP: Standing.DROPPED,
        StandingEvent.LOSE: Standing.LOST_LEAVING,
        StandingEvent.LOSE_EARLY: Standing.LOST_NEWCOMER,
    },
    Standing.WITHDRAWING: {
        StandingEvent.PART: Standing.LEFT,
        StandingEvent.DROP: Standing.DROPPED,
        StandingEvent.LOSE: Standing.LOST_NEWCOMER,
        StandingEvent.LOSE_EARLY: Standing.LOST_NEWCOMER,
    },
    Standing.DROPPED: {
        StandingEvent.LOSE: Standing.LOST,
        StandingEvent.LOSE_EARLY: Standing.LOST,
    },
    Standing.LEFT: {},
    Standing.LOST: {
        StandingEvent.LEAVE: Standing.LOST_LEAVING,
        StandingEvent.RETURN: Standing.WORKING,
    },
    Standing.LOST_LEAVING: {
        StandingEvent.PART: Standing.LEFT,
        StandingEvent.RETURN: Standing.LEAVING,
    },
    Standing.LOST_NEWCOMER: {
        StandingEvent.RETURN: Standing.JOINING,
    },
}

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
    UNSETTLED = "silent since it is back"
    AWAY = "away"
    """It has no stream."""


class ContactEvent(Enum):
    """What changes whether an agent is heard."""

    HELLO = "on a new stream"
    SPEAK = "heard again"
    SETTLE = "settled"
    QUIET = "silent"
    HANG_UP = "cut off"


CONTACTS: dict[Contact, dict[ContactEvent, Contact]] = {
    Contact.HERE: {
        ContactEvent.HELLO: Contact.RETURNING,
        ContactEvent.QUIET: Contact.SILENT,
        ContactEvent.HANG_UP: Contact.AWAY,
    },
    Contact.SILENT: {
        ContactEvent.HELLO: Contact.RETURNING,
        ContactEvent.SPEAK: Contact.HERE,
        ContactEvent.HANG_UP: Contact.AWAY,
    },
    Contact.RETURNING: {
        ContactEvent.HELLO: Contact.RETURNING,
        ContactEvent.SETTLE: Contact.HERE,
        ContactEvent.QUIET: Contact.UNSETTLED,
        ContactEvent.HANG_UP: Contact.AWAY,
    },
    Contact.UNSETTLED: {
        ContactEvent.HELLO: Contact.RETURNING,
        ContactEvent.SPEAK: Contact.RETURNING,
        ContactEvent.HANG_UP: Contact.AWAY,
    },
    Contact.AWAY: {
        ContactEvent.HELLO: Contact.RETURNING,
    },
}

LISTENING = (Contact.HERE, Contact.SILENT)
"""Orders are sent to these; a returning agent is told once it has said what it holds."""
QUIET = (Contact.SILENT, Contact.UNSETTLED)
