"""Events, which the shell passes to the core, and instructions, which the core returns: two sets of frozen records.

`stream` is the shell's number of one connection. `agent` is the incarnation of an agent, hexadecimal. Instants are run
time in nanoseconds.
"""

from dataclasses import dataclass
from typing import Any, Literal

from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import AgentMessage, MasterMessage, OnceReport, SlotRun
from gradual_common.schedule.schedule import Schedule

Signal = Literal["interrupt", "terminate"]

AgentState = Literal["silent", "back", "lost", "left"]
"""What has become of an agent: nothing is heard of it, it is heard again, its slots were lost, it left on request."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message was received on a stream."""

    stream: int
    message: AgentMessage


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message was received that cannot be decoded."""

    stream: int
    reason: str
    peer: str = ""
    """The sender's address."""


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A stream has ended, from either side."""

    stream: int


@dataclass(frozen=True, slots=True)
class Provided:
    """The data rows of these slots are prepared for an agent; the last of them is in provision `sequence`."""

    agent: str
    slots: tuple[SlotRun, ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class Merged:
    """A batch was merged into the aggregate."""

    agent: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class Unmergeable:
    """A batch does not fit the plan's series."""

    agent: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class OnceMerged:
    """The report of a set-up or teardown is in the results, and all agents can be provided with what it extracted."""

    report: OnceReport


@dataclass(frozen=True, slots=True)
class Stop:
    """The user or the system asks to end the run: Ctrl-C or SIGTERM."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class Abort:
    """An objective of the plan asks to end the run."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChooseLevel:
    """A search asks for a level."""

    users: int
    why: str


@dataclass(frozen=True, slots=True)
class EndSearch:
    """A search is over: the run ends as at the end of its schedule."""

    why: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: sent every 50 ms, so that deadlines are noticed when no message comes."""


Event = (
    Received
    | Unreadable
    | StreamEnded
    | Provided
    | Merged
    | Unmergeable
    | OnceMerged
    | Stop
    | Abort
    | ChooseLevel
    | EndSearch
    | Tick
)


@dataclass(frozen=True, slots=True)
class Send:
    """Put a message into the send queue of a stream."""

    stream: int
    message: MasterMessage
    ahead: bool = False
    """Before all other messages that wait: for orders and pongs (docs/design/fleet.md, 4.11)."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close a stream after everything in its queue has been written."""

    stream: int


@dataclass(frozen=True, slots=True)
class Provide:
    """Prepare the data rows of these slots for an agent, then dispatch `Provided`."""

    agent: str
    slots: tuple[SlotRun, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """Merge a batch, then dispatch `Merged` (it is acknowledged after that) or `Unmergeable`."""

    agent: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class MergeOnce:
    """Merge the report of a set-up or teardown, then dispatch `OnceMerged` or `Unmergeable`."""

    agent: str
    report: OnceReport


@dataclass(frozen=True, slots=True)
class CloseInterval:
    """Close an interval and report it. Intervals are closed in order; later batches change no decision made on them."""

    number: int


@dataclass(frozen=True, slots=True)
class StartSchedule:
    """The schedule's time 0 is at the run time `start`."""

    start: int


@dataclass(frozen=True, slots=True)
class Reschedule:
    """A search has chosen a level: the schedule has one more, before any agent can be in it."""

    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Note:
    """A message for the log and for reporters."""

    level: Literal["info", "warning", "error"]
    text: str
    about: tuple[tuple[str, Any], ...] = ()
    """Key-value pairs for the log."""
    agent_state: AgentState | None = None
    """The new state of the agent that the note is about, if it has changed."""
    is_stop: bool = False
    """Whether it reports that the run is being stopped."""


@dataclass(frozen=True, slots=True)
class End:
    """The run is over: all batches that are still expected are merged, and every interval is closed."""


Instruction = Send | Close | Provide | Merge | MergeOnce | CloseInterval | StartSchedule | Reschedule | Note | End
