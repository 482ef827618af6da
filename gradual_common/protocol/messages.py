"""What master and agent say to each other, as frozen records; `codec` carries them over protobuf.

Every instant is run time, in integer nanoseconds since the run's origin, but for `Ping.stamp`, which is the agent's
own clock (DESIGN 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradual_common.protocol.batch import Batch
from gradual_common.protocol.job import Job
from gradual_common.protocol.samples import Exemplar, SampleColumns

PROTOCOL = 2
"""Raised with whatever an agent of another version would misread: 2 says which command a process is of."""

MAX_MESSAGE_BYTES = 256 * 1024
DRAIN_LEVEL = -1


@dataclass(frozen=True, slots=True)
class SlotRun:
    """Consecutive slots of one group under one tenure: ordinals `first … first + count - 1`.

    `at`: in `AgentMessage.finished` the run time at which their users ended for good, on average; 0 elsewhere.
    """

    group: int
    first: int
    count: int
    tenure: int
    at: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """The `gradual-agent` command that a process is of, by its key, and which of its `of` processes: 1, 2, …"""

    command: bytes
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Hello:
    """An agent presents itself; a higher `stream` of the same incarnation supersedes the lower.

    `part` None: it is the only process of its command.
    """

    protocol: int
    incarnation: bytes
    name: str
    host: str
    pid: int
    version: str
    stream: int
    max_users: int
    run: str = ""
    epoch: int = 0
    last_batch: int = 0
    held: tuple[SlotRun, ...] = ()
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """`stamp`: the agent's clock; `begun`: requests begun so far; `offset`: run time − agent clock as estimated."""

    stamp: int
    begun: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Confirm:
    """The orders that are in force at the agent, and the highest provision it has stored."""

    epoch: int
    version: int
    provisioned: int


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The agent leaves and will not come back."""

    reason: str


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """One message to the master; any of its parts may be absent.

    `leaving`: the agent has been asked to end. Its users end one by one, and it takes no others.
    """

    hello: Hello | None = None
    ping: Ping | None = None
    confirm: Confirm | None = None
    released: tuple[SlotRun, ...] = ()
    finished: tuple[SlotRun, ...] = ()
    batches: tuple[Batch, ...] = ()
    goodbye: Goodbye | None = None
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Welcome:
    """The master takes the agent in. `lease`, `guard`, `interval`, `batch_offset` are nanoseconds.

    `name`: how the agent is shown.
    """

    run: str
    epoch: int
    lease: int
    guard: int
    interval: int
    batch_offset: int
    last_batch: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Pong:
    """Returns a ping's stamp, with the master's run time at its receipt."""

    stamp: int
    now: int


@dataclass(frozen=True, slots=True)
class LevelOrder:
    """From `apply_at` on, `users[g]` users of group g are active; `number` −1 is the end of the schedule."""

    apply_at: int
    number: int
    phase: int
    users: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Orders:
    """The complete state that an agent is to bring about; replaces what came before."""

    epoch: int
    version: int
    slots: tuple[SlotRun, ...]
    levels: tuple[LevelOrder, ...]
    start: int
    graceful_stop: int


@dataclass(frozen=True, slots=True)
class Expired:
    """The agent's lease is over: it cuts, and says Hello anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The master will not have this agent; the agent says why and ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over and everything of this agent is merged: it ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class MasterMessage:
    """One message to an agent; any of its parts may be absent. `ack` is cumulative, 0 for none."""

    welcome: Welcome | None = None
    pong: Pong | None = None
    orders: Orders | None = None
    ack: int = 0
    expired: Expired | None = None
    refused: Refused | None = None
    finish: Finish | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the data set `name` for slots of one group: `values[i]` belongs to ordinal `ordinals[i]`."""

    group: int
    name: str
    ordinals: tuple[int, ...]
    values: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Provision:
    """One complete provision: the job, or rows. `sequence` counts up per agent."""

    sequence: int
    job: Job | None = None
    rows: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """Single samples and exchanges of one agent; `incarnation` is its key."""

    incarnation: bytes
    blocks: tuple[SampleColumns, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
