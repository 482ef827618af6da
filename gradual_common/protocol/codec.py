"""Between the records of `messages` and protobuf.

Decoding trusts nothing: whatever does not hold together is a WireError that names it, and no other exception leaves
this module. What a number must mean beyond its range (a run, an epoch, a plan's step) is judged by its reader.

A provision is sent in chunks well below a message's limit: the job as JSON in parts, then rows, some at a time; a row
that fills a chunk by itself is cut, and its ordinal stands with the last part.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from gradual_common.errors import WireError
from gradual_common.histogram.columns import HistogramColumns
from gradual_common.protocol import batch, messages
from gradual_common.protocol.batch_checks import check_batch, check_number, read_per_group, write_column
from gradual_common.protocol.names import shown_name
from gradual_common.protocol.provisions import decode_job, decode_values, encode_job, pieces_of, row_pieces
from gradual_common.protocol.records import (
    INCARNATION_BYTES,
    RecordCodec,
    WireField,
    columns,
    each,
    line,
    number,
    part,
    read_key,
    read_line,
    read_reason,
)
from gradual_common.wire import fleet_pb2 as pb

MOST_PROCESSES = 2**16
MOST_ORDINALS = 2**24
"""Ordinals end here, so that a run of slots can be written out by its reader without harm."""

_REASON = WireField(read_reason)
_SLOTS = RecordCodec(messages.SlotRun, pb.SlotRun, at=number("instant"))


def _slots(what: str) -> WireField:
    """Runs of slots; `what` says which, where they are wrong."""
    return each(partial(_read_slots, what), _SLOTS.write)


def _read_slots(what: str, run: pb.SlotRun) -> messages.SlotRun:
    check_number(f"count of {what} slots", run.count, 1, MOST_ORDINALS)
    check_number(f"first of {what} slots", run.first, 0, MOST_ORDINALS - run.count)
    return _SLOTS.read(run)


_HELLO = RecordCodec(
    messages.Hello,
    pb.Hello,
    ("part",),
    incarnation=WireField(partial(read_key, "incarnation")),
    name=WireField(shown_name),
    host=WireField(partial(shown_name, otherwise="unknown")),
    version=line("version"),
    stream=number("stream", 1),
    run=line("run"),
    epoch=number("epoch"),
    last_batch=number("last batch"),
    held=_slots("held"),
)


def _write_hello(hello: messages.Hello) -> pb.Hello:
    message: pb.Hello = _HELLO.write(hello)
    if hello.part is not None:
        message.command, message.process, message.processes = hello.part.command, hello.part.number, hello.part.of
    return message


def _read_hello(message: pb.Hello) -> messages.Hello:
    if message.protocol != messages.PROTOCOL:
        return _read_foreign_hello(message)
    return _HELLO.read(message, part=_read_part(message) if message.command else None)


def _read_foreign_hello(message: pb.Hello) -> messages.Hello:
    """Of an agent that speaks another protocol: who it is. Whatever else it says may mean something else."""
    incarnation = message.incarnation[:INCARNATION_BYTES].ljust(INCARNATION_BYTES, b"\0")
    name, host, version = (shown_name(text, "unknown") for text in (message.name, message.host, message.version))
    return messages.Hello(message.protocol, incarnation, name, host, message.pid, version, stream=1, max_users=0)


def _read_part(message: pb.Hello) -> messages.Part:
    command = read_key("command", message.command)
    processes = check_number("processes of a command", message.processes, 1, MOST_PROCESSES)
    return messages.Part(command, check_number("process of a command", message.process, 1, processes), processes)


_FRAMES = RecordCodec(batch.Frame, pb.Frame)
_APPLIED = RecordCodec(batch.Applied, pb.Applied)
_HEALTH = RecordCodec(batch.Health, pb.Health)
_HISTOGRAMS = RecordCodec(HistogramColumns, pb.Histograms, **columns("keys", "stats", "sizes", "indices", "counts"))


def _read_health(message: pb.Health) -> batch.Health:
    if not (math.isfinite(message.cpu) and message.cpu >= 0):
        raise WireError(f"CPU share is {message.cpu}; allowed is a number from 0 up")
    return _HEALTH.read(message)


_BATCH = RecordCodec(
    batch.Batch,
    pb.Batch,
    ("users", "iterations"),
    frames=each(_FRAMES.read, _FRAMES.write),
    users=WireField(write=write_column),
    iterations=WireField(write=write_column),
    histograms=WireField(_HISTOGRAMS.read, _HISTOGRAMS.write),
    health=WireField(_read_health, _HEALTH.write),
    applied=each(_APPLIED.read, _APPLIED.write),
    **columns("cells", "requests", "counters", "statuses", "assertions"),
)


def _read_batch(message: pb.Batch) -> batch.Batch:
    """The shape of what is counted per group follows from the number of frames, so it is read apart."""
    frames = len(message.frames)
    decoded = _BATCH.read(
        message,
        users=read_per_group("users", message.users, frames, 4),
        iterations=read_per_group("iterations", message.iterations, frames, 2),
    )
    check_batch(decoded)
    return decoded


_CONFIRM = RecordCodec(
    messages.Confirm,
    pb.Confirm,
    epoch=number("epoch"),
    version=number("version"),
    provisioned=number("provision"),
)
_AGENT = RecordCodec(
    messages.AgentMessage,
    pb.AgentMessage,
    hello=WireField(_read_hello, _write_hello, is_part=True),
    ping=part(RecordCodec(messages.Ping, pb.Ping, begun=number("requests begun"))),
    confirm=part(_CONFIRM),
    released=_slots("released"),
    finished=_slots("finished"),
    batches=each(_read_batch, _BATCH.write),
    goodbye=part(RecordCodec(messages.Goodbye, pb.Goodbye, reason=_REASON)),
)


def encode_agent_message(message: messages.AgentMessage) -> pb.AgentMessage:
    """For the wire."""
    encoded: pb.AgentMessage = _AGENT.write(message)
    return encoded


def decode_agent_message(message: pb.AgentMessage) -> messages.AgentMessage:
    """From the wire; raises WireError for anything that does not hold together."""
    return _AGENT.read(message)


_WELCOME = RecordCodec(
    messages.Welcome,
    pb.Welcome,
    run=line("run"),
    epoch=number("epoch"),
    lease=number("lease", 1),
    guard=number("guard"),
    interval=number("interval", 1),
    batch_offset=number("batch offset"),
    last_batch=number("last batch"),
    name=line("agent name"),
)
_LEVELS = RecordCodec(messages.LevelOrder, pb.Level, number=number("level", -1), users=WireField(tuple))
_ORDERS = RecordCodec(
    messages.Orders,
    pb.Orders,
    epoch=number("epoch"),
    version=number("version"),
    slots=_slots("ordered"),
    levels=each(_LEVELS.read, _LEVELS.write),
    graceful_stop=number("graceful stop"),
)


def _read_orders(message: pb.Orders) -> messages.Orders:
    if len({len(level.users) for level in message.levels}) > 1:
        raise WireError("the levels of one set of orders count different numbers of groups")
    return _ORDERS.read(message)


_MASTER = RecordCodec(
    messages.MasterMessage,
    pb.MasterMessage,
    welcome=part(_WELCOME),
    pong=part(RecordCodec(messages.Pong, pb.Pong)),
    orders=WireField(_read_orders, _ORDERS.write, is_part=True),
    ack=number("ack"),
    expired=part(RecordCodec(messages.Expired, pb.Expired, reason=_REASON)),
    refused=part(RecordCodec(messages.Refused, pb.Refused, reason=_REASON)),
    finish=part(RecordCodec(messages.Finish, pb.Finish, reason=_REASON)),
)


def encode_master_message(message: messages.MasterMessage) -> pb.MasterMessage:
    """For the wire."""
    encoded: pb.MasterMessage = _MASTER.write(message)
    return encoded


def decode_master_message(message: pb.MasterMessage) -> messages.MasterMessage:
    """From the wire; raises WireError for anything that does not hold together."""
    return _MASTER.read(message)


def encode_provision(provision: messages.Provision) -> Iterator[pb.ProvisionChunk]:
    """The chunks of one provision, in order; the last is marked complete."""
    if provision.job is not None:
        for part in pieces_of(encode_job(provision.job)):
            yield pb.ProvisionChunk(sequence=provision.sequence, job=part)
    for rows in provision.rows:
        for ordinals, values in row_pieces(rows):
            piece = pb.Rows(group=rows.group, name=rows.name, ordinals=ordinals, values=values)
            yield pb.ProvisionChunk(sequence=provision.sequence, rows=piece)
    yield pb.ProvisionChunk(sequence=provision.sequence, complete=True)


class ProvisionAssembler:
    """Puts chunks together again, one provision after the other."""

    def __init__(self) -> None:
        self._sequence = 0  # of the provision under way; the lowest that may come when there is none
        self._job = bytearray()
        self._values = bytearray()
        self._rows: list[messages.Rows] = []

    def feed(self, chunk: pb.ProvisionChunk) -> messages.Provision | None:
        """Take the next chunk; the provision if that was its last.

        Raises WireError for a sequence that does not rise or begins before the last one was complete, and for
        content that cannot be read.
        """
        self._begin(check_number("provision", chunk.sequence, 1))
        self._job += chunk.job
        if chunk.HasField("rows"):
            self._feed_rows(chunk.rows)
        return self._complete() if chunk.complete else None

    @property
    def _is_begun(self) -> bool:
        return bool(self._job or self._values or self._rows)

    def _begin(self, sequence: int) -> None:
        if sequence < self._sequence or (sequence > self._sequence and self._is_begun):
            raise WireError(f"provision {sequence} does not follow: {self._sequence} is due")
        self._sequence = sequence

    def _feed_rows(self, rows: pb.Rows) -> None:
        self._values += rows.values
        if not rows.ordinals:
            return
        ordinals = tuple(rows.ordinals)
        values = decode_values(bytes(self._values), len(ordinals))
        self._values.clear()
        self._rows.append(messages.Rows(rows.group, read_line("data set", rows.name), ordinals, values))

    def _complete(self) -> messages.Provision:
        if self._values:
            raise WireError(f"provision {self._sequence} ends in the middle of a row")
        job = decode_job(bytes(self._job)) if self._job else None
        provision = messages.Provision(self._sequence, job, tuple(self._rows))
        self._job.clear()
        self._rows = []
        self._sequence += 1
        return provision
