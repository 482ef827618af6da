"""Everything that is due goes out in as few messages as the bound of 256 KiB allows (DESIGN 4.11).

grpc.aio costs about 0.15 ms of a core per message, whatever is in it, so a ping rides on a batch.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest

from gradual_agent.coordination.outbox import WaitingBatch
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import MAX_MESSAGE_BYTES, AgentMessage, SlotRun

NOTHING = AgentMessage()

RUN_BYTES = 24
"""A slot run on the wire, from above: four varints of at most 5 bytes with tags, and the length."""

RUNS_PER_MESSAGE = MAX_MESSAGE_BYTES // 4 // RUN_BYTES


def pack(message: AgentMessage, waiting: tuple[WaitingBatch, ...]) -> list[AgentMessage]:
    """The messages that carry one of any size, and batches: its slots and they as they fit, all else in the first."""
    if not waiting and message == NOTHING:
        return []
    parts = zip_longest(_portions(message.released), _portions(message.finished), _loads(waiting), fillvalue=())
    first, *others = list(parts) or [((), (), ())]
    return [
        replace(message, released=first[0], finished=first[1], batches=first[2]),
        *(
            AgentMessage(released=released, finished=finished, batches=batches)
            for released, finished, batches in others
        ),
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
