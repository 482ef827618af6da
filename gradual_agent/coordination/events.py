"""The parts of a session's table: states, events, instructions and reactions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import (
    AgentMessage,
    DealtBlock,
    MasterMessage,
    Once,
    OnceReport,
    Orders,
    SlotRun,
    Waiting,
)

M = TypeVar("M")
E = TypeVar("E")


class SessionState(Enum):
    """The state of the session."""

    DISCONNECTED = "disconnected"
    GREETING = "greeting"
    LIVE = "live"
    ENDED = "ended"


DISCONNECTED, GREETING, LIVE, ENDED = SessionState


@dataclass(frozen=True, slots=True)
class Wake:
    """A deadline has come."""


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message came on stream number `stream`."""

    stream: int
    message: MasterMessage


@dataclass(frozen=True, slots=True)
class StreamLost:
    """Stream number `stream` is over."""

    stream: int
    reason: str
    is_denied: bool = False
    """The master refused the join token."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch was sealed; it goes out at `send_at` (agent clock, ns)."""

    batch: Batch
    send_at: int


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Everything up to provision `sequence` is stored and ready."""

    sequence: int


@dataclass(frozen=True, slots=True)
class SlotsEnded:
    """Users of some slots have ended."""

    released: tuple[SlotRun, ...] = ()
    """Slots that are not ours any more."""
    finished: tuple[SlotRun, ...] = ()
    """Slots whose users have ended for good."""


@dataclass(frozen=True, slots=True)
class AbortAsked:
    """A user asks the master to end the run."""

    reason: str


@dataclass(frozen=True, slots=True)
class OncePerformed:
    """The set-up or the teardown that this agent performs has ended."""

    report: OnceReport


@dataclass(frozen=True, slots=True)
class WaitingChanged:
    """Another number of users waits at some places."""

    reports: tuple[Waiting, ...]
    """The state of every place."""


@dataclass(frozen=True, slots=True)
class PlacesOpened:
    """A message's `rounds`: how often each place of a rendezvous was opened."""

    rounds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """A signal asks the process to stop: the first drains the users, the second cuts them, the third ends at once."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A message's `ack`: the master has the batches up to `number`."""

    number: int


SessionEvent = (
    Wake
    | MessageReceived
    | StreamLost
    | Sealed
    | Provisioned
    | SlotsEnded
    | AbortAsked
    | OncePerformed
    | WaitingChanged
    | Leave
)


@dataclass(frozen=True, slots=True)
class DialMaster:
    """Open stream number `stream`."""

    stream: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close stream number `stream`; messages that still come on it are ignored."""

    stream: int
    reason: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read the provisions of a run."""

    run: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """Use `offset` (run time − agent clock, ns) from here on."""

    offset: int


@dataclass(frozen=True, slots=True)
class Renew:
    """The lease ends at `until` (agent clock, ns)."""

    until: int


@dataclass(frozen=True, slots=True)
class CutUsers:
    """End every user at once: sockets closed, nothing more is sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class DrainUsers:
    """Let every user end, and start none."""

    reason: str


@dataclass(frozen=True, slots=True)
class Exit:
    """End the process."""

    code: int
    """The exit code."""
    reason: str
    dropped: tuple[int, ...] = ()
    """The numbers of batches that no master has taken."""


SessionInstruction = (
    DialMaster
    | HangUp
    | AgentMessage
    | Fetch
    | Adopt
    | Renew
    | Orders
    | Once
    | PlacesOpened
    | DealtBlock
    | CutUsers
    | DrainUsers
    | Exit
)
"""A message is to be sent; orders, and a set-up or teardown, are to be carried out; rows are for users that wait."""


def parts_of(message: MasterMessage, *, greets: bool) -> list[object]:
    """The parts of a message. The first message of a stream (`greets`) is a Welcome, or says why there is none."""
    ack = Acknowledged(message.ack) if message.ack else None
    parts: list[object] = [message.welcome] if greets else []
    if not greets or message.welcome is not None:
        opened = PlacesOpened(message.rounds) if message.rounds else None
        parts += [message.pong, ack, message.orders, message.once, opened, message.block]
    parts += [message.refused, message.expired, message.finish]
    return [part for part in parts if part is not None]


def always(*_: object) -> bool:
    """The condition of a reaction without one."""
    return True


@dataclass(frozen=True, slots=True)
class Reaction(Generic[M, E]):
    """What the session M does at an event E, at an instant (after h11's `_state.py`)."""

    act: Callable[[M, E, int], list[Any]]
    """Returns the instructions that follow."""
    to: SessionState | None = None
    """The state after it; None: the same."""
    when: Callable[[M, E, int], bool] = always
    """Of several reactions to one event, the first whose condition holds is used; if none holds, nothing follows."""


Rows: TypeAlias = dict[type[Any], tuple[Reaction[Any, Any], ...]]


def on(event: type[E], *reactions: Reaction[M, E]) -> Rows:
    """A row of the table. Its type makes mypy check that each callable takes this event."""
    return {event: reactions}


def notes(note: Callable[[M, Any, int], object]) -> Reaction[M, Any]:
    """Only take note: what is to be said of it is due with the next messages."""

    def act(session: M, event: Any, now: int) -> list[Any]:
        note(session, event, now)
        return []

    return Reaction(act)
