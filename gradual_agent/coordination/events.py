"""What happens to a session and what it has done about it: a closed set of frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import AgentMessage, MasterMessage, Orders, Part, SlotRun

# ── Events ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Wake:
    """A deadline has come."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message came on stream number `stream`."""

    stream: int
    message: MasterMessage


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """Stream number `stream` is over."""

    stream: int
    reason: str


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
    """Slots that are not ours any more and whose users have ended; slots whose users ended for good."""

    released: tuple[SlotRun, ...] = ()
    finished: tuple[SlotRun, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """The process was told to end: first drain, then cut, then at once."""


SessionEvent = Wake | Received | StreamEnded | Sealed | Provisioned | SlotsEnded | Leave

# ── Instructions ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Dial:
    """Open stream number `stream`."""

    stream: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close stream number `stream`; nothing that still comes on it counts."""

    stream: int
    reason: str


@dataclass(frozen=True, slots=True)
class Send:
    """Write a message to the stream."""

    message: AgentMessage


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read the provisions of a run."""

    run: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """`offset` (run time − agent clock, ns) is the one to use from here on."""

    offset: int


@dataclass(frozen=True, slots=True)
class Renew:
    """The lease ends at `until` (agent clock, ns)."""

    until: int


@dataclass(frozen=True, slots=True)
class Obey:
    """Put orders in force."""

    orders: Orders


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
    """End the process with `code`; `dropped` are the numbers of batches that no master has taken."""

    code: int
    reason: str
    dropped: tuple[int, ...] = ()


SessionInstruction = Dial | HangUp | Send | Fetch | Adopt | Renew | Obey | CutUsers | DrainUsers | Exit

# ── What it is told at the start, and what it asks ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this agent is; `incarnation` is 16 random bytes made when the process started.

    `part`: which process of which command it is, of one that runs several.
    """

    incarnation: bytes
    name: str
    host: str
    pid: int
    version: str
    max_users: int
    part: Part | None = None


class Holdings(Protocol):
    """What the session says about the users without knowing them."""

    @property
    def begun(self) -> int:
        """Requests begun so far."""
        ...

    @property
    def held(self) -> tuple[SlotRun, ...]:
        """Slots with a user in them."""
        ...

    @property
    def finished(self) -> tuple[SlotRun, ...]:
        """Slots whose users have ended for good."""
        ...
