"""The life cycle of a search as a table of phases × events (docs/design/style.md, 2).

                  ┌─────bracketed──────┐        ┌───────────┐
    ┌rose┐        │                    ▼        │ bracketed │ refuted, and too wide again
    └▶ climbing ──┤                 bisecting ◀─┴──────┐    │
                  │                    │ narrowed      │    │
                  └─────narrowed───────┴─────────▶ confirming ──confirmed──▶ recovering ──ended──▶ ended

A refuted confirmation that leaves a narrow bracket confirms the next level below. `ended` leads to the end from every
phase.
"""

from __future__ import annotations

from enum import Enum


class SearchPhase(Enum):
    """What the present trial is for."""

    CLIMBING = "climbing"
    """Every level so far has passed, or missed a goal only."""
    BISECTING = "bisecting"
    """The capacity lies between two levels that were tried."""
    CONFIRMING = "confirming"
    """The greatest level that passed is tried afresh."""
    RECOVERING = "recovering"
    """After an overload the system has to meet the objectives again."""
    ENDED = "ended"
    """There is a result."""


class SearchEvent(Enum):
    """What changes the phase of a search."""

    ROSE = "raised"
    """The level passed, and there is a higher one."""
    BRACKETED = "bracketed"
    """The greatest passed and the least failed level are too far apart (`CapacitySettings.is_narrow`)."""
    NARROWED = "narrowed"
    """They are not, or the highest level of all has passed."""
    CONFIRMED = "confirmed"
    """The fresh trial passed, and a higher level has failed."""
    REPEATED = "repeated"
    """The system gets a second trial to recover."""
    ENDED = "ended"
    """The search has its result, or its time is over."""


_PHASE, _EVENT = SearchPhase, SearchEvent
_ENDS = {_EVENT.ENDED: _PHASE.ENDED}
_DIVIDES = {_EVENT.BRACKETED: _PHASE.BISECTING, _EVENT.NARROWED: _PHASE.CONFIRMING, **_ENDS}

PHASES: dict[SearchPhase, dict[SearchEvent, SearchPhase]] = {
    _PHASE.CLIMBING: {_EVENT.ROSE: _PHASE.CLIMBING, **_DIVIDES},
    _PHASE.BISECTING: _DIVIDES,
    _PHASE.CONFIRMING: {_EVENT.CONFIRMED: _PHASE.RECOVERING, **_DIVIDES},
    _PHASE.RECOVERING: {_EVENT.REPEATED: _PHASE.RECOVERING, **_ENDS},
    _PHASE.ENDED: {},
}
