"""What the shell tells the core, and what the core tells the shell to do: two closed sets of frozen records.

A `stream` is the shell's number for one connection; an `agent` is the hexadecimal incarnation. Instants are run time
in nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import AgentMessage, MasterMessage, SlotRun
from gradual_master.results.summary.history import Fate

Signal = Literal["interrupt", "terminate"]


@dataclass(frozen=True, slots=True)
class Received:
    """A message came on a stream."""

    stream: int
    message: AgentMessage


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something came on a stream that cannot be read."""

    stream: int
    reason: str
    peer: str = ""
    """The sender's address."""


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A stream is over, whoever ended it."""

    stream: int


@dataclass(frozen=True, slots=True)
class Provided:
    """The rows of these slots are prepared for an agent, up to the provision `sequence`."""

    agent: str
    slots: tuple[SlotRun, ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class Merged:
    """A batch is in the aggregate."""

    agent: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class Unmergeable:
    """A batch does not fit the plan's series."""

    agent: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody wants the run to end: Ctrl-C, or a termination."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = Received | Unreadable | StreamEnded | Provided | Merged | Unmergeable | Stop | Tick


@dataclass(frozen=True, slots=True)
class Send:
    """Put a message on a stream."""

    stream: int
    message: MasterMessage
    ahead: bool = False
    """Of everything that may wait: orders and pongs are (DESIGN 4.11)."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close a stream once everything put on it has been written."""

    stream: int


@dataclass(frozen=True, slots=True)
class Provide:
    """Prepare the rows of these slots for an agent, then say `Provided`."""

    agent: str
    slots: tuple[SlotRun, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """Merge a batch, then say `Merged` (the acknowledgement follows it) or `Unmergeable`."""

    agent: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class CloseInterval:
    """Close an interval and show it; they come in order. What comes later changes no decision on it."""

    number: int


@dataclass(frozen=True, slots=True)
class Begin:
    """The schedule's time 0 is at the run time `start`."""

    start: int


@dataclass(frozen=True, slots=True)
class Note:
    """Say something."""

    level: Literal["info", "warning", "error"]
    text: str
    about: tuple[tuple[str, Any], ...] = ()
    """What belongs to it, for the log."""
    fate: Fate | None = None
    """What has become of the agent that it is about."""
    is_stop: bool = False
    """It says that the run is being stopped."""


@dataclass(frozen=True, slots=True)
class End:
    """The run is over: everything that will come is merged and every interval is closed."""


Instruction = Send | Close | Provide | Merge | CloseInterval | Begin | Note | End
