"""The messages of master and agent, as frozen dataclasses; `codec` translates them to and from protobuf.

Every instant is run time, in integer nanoseconds since the run's origin, but for `Ping.stamp`, which is the agent's
own clock (docs/design/fleet.md, 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from gradual_common.protocol.batch import Batch
from gradual_common.protocol.job import Job
from gradual_common.protocol.samples import Exemplar, SampleColumns

PROTOCOL = 2
"""Increased with each change that an older agent would misread. Version 2 added the command of a process."""

MAX_MESSAGE_BYTES = 256 * 1024
DRAIN_LEVEL = -1

MAX_BLOCK_BYTES = MAX_MESSAGE_BYTES // 2
"""Rows of one block, as JSON. A row that is larger goes alone."""


@dataclass(frozen=True, slots=True)
class SlotRun:
    """Consecutive slots of one group under one tenure: ordinals `first … first + count - 1`."""

    group: int
    first: int
    count: int
    tenure: int

    at: int = 0
    """In `AgentMessage.finished` the run time at which their users ended for good, on average; 0 in other messages."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which `gradual-agent` command a process is of."""

    command: bytes
    """The command's key."""

    number: int
    """Of the command's processes: 1, 2, …"""

    of: int
    """How many processes the command has."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message of an agent on a stream."""

    protocol: int

    incarnation: bytes
    """The key of this process: 128 random bits made at its start."""

    name: str
    host: str
    pid: int
    version: str

    stream: int
    """Counts the streams of this incarnation; a stream with a higher number replaces the one before."""

    max_users: int

    run: str = ""
    """The run that the agent takes part in; "" for none. `epoch` is the last epoch that it received."""

    epoch: int = 0
    last_batch: int = 0

    held: tuple[SlotRun, ...] = ()
    """The slots in which users run, or will run from the next level on."""

    part: Part | None = None
    """None if it is the only process of its command."""


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life; the pong to it renews the agent's lease."""

    stamp: int
    """The agent's clock."""

    begun: int
    """Requests started so far."""

    offset: int = 0
    """Run time − agent clock, as estimated."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """The agent confirms the orders that it carries out."""

    epoch: int
    version: int

    provisioned: int
    """The highest provision that it has stored."""


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The agent leaves and will not come back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many users of an agent wait at a place of a rendezvous, for the round after `round`."""

    place: int
    round: int
    users: int


@dataclass(frozen=True, slots=True)
class OnceReport:
    """How the set-up or the teardown ended. Its series are those of `once_plan`."""

    section: str
    batch: Batch

    variables: bytes = b""
    """What the set-up extracted, as JSON (`dump_json`); empty for nothing."""

    failure: str = ""
    """Why it is not complete; "" if every sample succeeded."""

    exemplars: tuple[Exemplar, ...] = ()
    """Its failed exchanges."""


Source: TypeAlias = tuple[int, str]
"""Where blocks come from: the number of a group, and the name of its data set; or `SEQUENCE` and the name of one."""

SEQUENCE = -1


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """An agent asks for rows of a data set with `per: iteration`."""

    group: int
    name: str

    number: int
    """Counts the requests of this agent for this set, from 1. The same number gets the same block again."""

    count: int
    """How many rows it wants; the block may have fewer."""


@dataclass(frozen=True, slots=True)
class BlockUse:
    """How many rows of its blocks an agent has given to iterations so far."""

    group: int
    name: str
    used: int


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """One message to the master; any of its parts may be absent."""

    hello: Hello | None = None
    ping: Ping | None = None
    confirm: Confirm | None = None
    released: tuple[SlotRun, ...] = ()
    finished: tuple[SlotRun, ...] = ()
    batches: tuple[Batch, ...] = ()
    goodbye: Goodbye | None = None

    leaving: bool = False
    """The agent was asked to end. Its users end one by one, and it starts no new ones."""

    abort: str = ""
    """Why a user of the agent asks to end the run; "" if none does. It is sent once on each stream."""

    once: OnceReport | None = None
    """It is sent once on each stream."""

    waiting: tuple[Waiting, ...] = ()
    """Of the places at which another number of users waits than the last message said."""
    wanted: tuple[BlockRequest, ...] = ()
    used: tuple[BlockUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Welcome:
    """The master accepts the agent. Durations are nanoseconds."""

    run: str
    epoch: int

    lease: int
    """How long the agent may run its slots after it sent the last ping that was answered."""

    guard: int
    """How much longer the master waits before it gives the slots to another agent: the margin for clock drift."""

    interval: int

    batch_offset: int
    """How long after the start of an interval the agent sends the batch of the previous one.

    It differs by agent, so that the batches do not arrive all at once.
    """

    last_batch: int = 0

    name: str = ""
    """The agent's name in reports."""


@dataclass(frozen=True, slots=True)
class Pong:
    """Returns a ping's stamp."""

    stamp: int

    now: int
    """The master's run time when it received the ping."""


@dataclass(frozen=True, slots=True)
class LevelOrder:
    """From `apply_at` on, `users[g]` users of group g are active."""

    apply_at: int

    number: int
    """−1 is the end of the schedule."""

    phase: int
    users: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Orders:
    """The complete state that an agent has to reach. Newer orders replace older ones: none depends on a lost one."""

    epoch: int
    version: int
    slots: tuple[SlotRun, ...]
    levels: tuple[LevelOrder, ...]
    start: int
    graceful_stop: int


@dataclass(frozen=True, slots=True)
class Expired:
    """The agent's lease has expired: it stops all users at once, and sends a new Hello."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The master refuses this agent; the agent logs the reason and ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over and all measurements of this agent are merged: the agent ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class Once:
    """The agent performs the set-up or the teardown. An agent that has begun it does not begin it again."""

    section: str

    variables: bytes = b""
    """What the set-up extracted, as JSON."""

    ends: bool = False
    """Nothing more is performed, of no section: what has begun is cut, and reported."""


@dataclass(frozen=True, slots=True)
class DealtBlock:
    """Rows that no other agent gets: the answer to a request."""

    group: int
    name: str

    number: int
    """Of the request."""

    first: int
    """The index of its first row."""

    passes: int
    """How often the whole set had been handed out before."""

    values: tuple[dict[str, Any], ...]

    exhausted: bool = False
    """Nothing follows."""

    count: int = 0
    """How many numbers it has, of a sequence; 0 for rows."""


@dataclass(frozen=True, slots=True)
class MasterMessage:
    """One message to an agent; any of its parts may be absent."""

    welcome: Welcome | None = None
    pong: Pong | None = None
    orders: Orders | None = None

    ack: int = 0
    """The last batch that is merged; 0 for none."""

    expired: Expired | None = None
    refused: Refused | None = None
    finish: Finish | None = None
    once: Once | None = None
    block: DealtBlock | None = None

    rounds: tuple[int, ...] = ()
    """How often each place of a rendezvous was opened; empty: no news."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the data set `name` for slots of one group: `values[i]` belongs to ordinal `ordinals[i]`."""

    group: int
    name: str
    ordinals: tuple[int, ...]
    values: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Provision:
    """What an agent needs before it can start users: the job, or rows of data."""

    sequence: int
    """Counts up per agent."""

    job: Job | None = None
    rows: tuple[Rows, ...] = ()

    variables: bytes = b""
    """What the set-up extracted, as JSON; empty for nothing."""


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """Single samples and exchanges of one agent."""

    incarnation: bytes
    """The agent's key."""

    blocks: tuple[SampleColumns, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
