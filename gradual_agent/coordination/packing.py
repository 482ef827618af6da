"""Everything that is due goes out in as few messages as the bound of 256 KiB allows (DESIGN 4.11).

grpc.aio costs about 0.15 ms of a core per message, whatever is in it, so a ping rides on a batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest

from gradual_agent.coordination.outbox import WaitingBatch
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import MAX_MESSAGE_BYTES, AgentMessage, Confirm, Ping, SlotRun

RUN_BYTES = 24
"""A slot run on the wire, from above: four varints of at most 5 bytes with tags, and the length."""

RUNS_PER_MESSAGE = MAX_MESSAGE_BYTES // 4 // RUN_BYTES


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is due."""

    confirm: Confirm | None = None
    released: tuple[SlotRun, ...] = ()
    finished: tuple[SlotRun, ...] = ()
    batches: tuple[WaitingBatch, ...] = ()
    ping: Ping | None = None
    leaving: bool = False

    @property
    def is_empty(self) -> bool:
        """There is nothing to send."""
        return self == Outgoing()


def pack(outgoing: Outgoing) -> list[AgentMessage]:
    """The messages that carry it: ping, confirm and leaving in the first, the rest as it fits, in order."""
    if outgoing.is_empty:
        return []
    parts = zip_longest(
        _portions(outgoing.released), _portions(outgoing.finished), _loads(outgoing.batches), fillvalue=()
    )
    messages = [
        AgentMessage(released=released, finished=finished, batches=batches) for released, finished, batches in parts
    ]
    first = messages[0] if messages else AgentMessage()
    return [
        replace(first, ping=outgoing.ping, confirm=outgoing.confirm, leaving=outgoing.leaving),
        *messages[1:],
    ]


def _portions(runs: tuple[SlotRun, ...]) -> list[tuple[SlotRun, ...]]:
    return [runs[first : first + RUNS_PER_MESSAGE] for first in range(0, len(runs), RUNS_PER_MESSAGE)]


def _loads(waiting: tuple[WaitingBatch, ...]) -> list[tuple[Batch, ...]]:
    """Batches in order, as many to a message as fit into half of it (the other parts have the rest)."""
    loads: list[list[Batch]] = []
    room = 0
    for one in waiting:
        if not loads or one.size > room:
            loads.append([])
            room = MAX_MESSAGE_BYTES // 2
        loads[-1].append(one.batch)
        room -= one.size
    return [tuple(load) for load in loads]
