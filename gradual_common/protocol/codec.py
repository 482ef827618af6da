"""Between the records of `messages` and protobuf, one pair of functions per message.

Decoding trusts nothing: whatever does not hold together is a WireError that names it, and no other exception leaves
this module. What a number must mean beyond its range (a run, an epoch, a plan's step) is judged by its reader.

A provision is sent in chunks well below a message's limit: the job as JSON in parts, then rows, some at a time; a row
that fills a chunk by itself is cut, and its ordinal stands with the last part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from gradual_common.errors import WireError
from gradual_common.protocol.batch import Applied, Batch, Frame, Health, HistogramColumns
from gradual_common.protocol.batch_checks import check_batch, check_number, read_column, read_per_group, write_column
from gradual_common.protocol.messages import (
    PROTOCOL,
    AgentMessage,
    Confirm,
    Expired,
    Finish,
    Goodbye,
    Hello,
    LevelOrder,
    MasterMessage,
    Orders,
    Part,
    Ping,
    Pong,
    Provision,
    Refused,
    Rows,
    SlotRun,
    Welcome,
)
from gradual_common.protocol.names import shown_name
from gradual_common.protocol.provisions import decode_job, decode_values, encode_job, pieces_of, row_pieces
from gradual_common.wire import fleet_pb2 as pb

INCARNATION_BYTES = 16
LONGEST_NAME = 256
LONGEST_REASON = 4096
MOST_PROCESSES = 2**16
MOST_ORDINALS = 2**24
"""Ordinals end here, so that a run of slots can be written out by its reader without harm."""


# ── From the agent ─────────────────────────────────────────────────────────────────────────────────────────────────


def encode_agent_message(message: AgentMessage) -> pb.AgentMessage:
    """For the wire."""
    hello, ping, confirm, goodbye = message.hello, message.ping, message.confirm, message.goodbye
    return pb.AgentMessage(
        hello=None if hello is None else _encode_hello(hello),
        ping=None if ping is None else pb.Ping(stamp=ping.stamp, begun=ping.begun, offset=ping.offset),
        confirm=None
        if confirm is None
        else pb.Confirm(epoch=confirm.epoch, version=confirm.version, provisioned=confirm.provisioned),
        released=_encode_slots(message.released),
        finished=_encode_slots(message.finished),
        batches=[_encode_batch(batch) for batch in message.batches],
        goodbye=None if goodbye is None else pb.Goodbye(reason=goodbye.reason),
        leaving=message.leaving,
    )


def decode_agent_message(message: pb.AgentMessage) -> AgentMessage:
    """From the wire; raises WireError for anything that does not hold together."""
    return AgentMessage(
        hello=_decode_hello(message.hello) if message.HasField("hello") else None,
        ping=_decode_ping(message.ping) if message.HasField("ping") else None,
        confirm=_decode_confirm(message.confirm) if message.HasField("confirm") else None,
        released=_decode_slots("released", message.released),
        finished=_decode_slots("finished", message.finished),
        batches=tuple(_decode_batch(batch) for batch in message.batches),
        goodbye=Goodbye(_reason(message.goodbye.reason)) if message.HasField("goodbye") else None,
        leaving=message.leaving,
    )


def _encode_hello(hello: Hello) -> pb.Hello:
    return pb.Hello(
        protocol=hello.protocol,
        incarnation=hello.incarnation,
        name=hello.name,
        host=hello.host,
        pid=hello.pid,
        version=hello.version,
        stream=hello.stream,
        max_users=hello.max_users,
        run=hello.run,
        epoch=hello.epoch,
        last_batch=hello.last_batch,
        held=_encode_slots(hello.held),
        command=b"" if hello.part is None else hello.part.command,
        process=0 if hello.part is None else hello.part.number,
        processes=0 if hello.part is None else hello.part.of,
    )


def _decode_hello(hello: pb.Hello) -> Hello:
    if hello.protocol != PROTOCOL:
        return _foreign_hello(hello)
    if len(hello.incarnation) != INCARNATION_BYTES:
        raise WireError(f"incarnation has {len(hello.incarnation)} bytes; it takes {INCARNATION_BYTES}")
    return Hello(
        protocol=hello.protocol,
        incarnation=hello.incarnation,
        name=shown_name(hello.name),
        host=shown_name(hello.host, "unknown"),
        pid=hello.pid,
        version=_name("version", hello.version),
        stream=check_number("stream", hello.stream, 1),
        max_users=hello.max_users,
        run=_name("run", hello.run),
        epoch=check_number("epoch", hello.epoch),
        last_batch=check_number("last batch", hello.last_batch),
        held=_decode_slots("held", hello.held),
        part=_decode_part(hello) if hello.command else None,
    )


def _foreign_hello(hello: pb.Hello) -> Hello:
    """Of an agent that speaks another protocol: who it is. Whatever else it says may mean something else."""
    incarnation = hello.incarnation[:INCARNATION_BYTES].ljust(INCARNATION_BYTES, b"\0")
    name, host, version = (shown_name(text, "unknown") for text in (hello.name, hello.host, hello.version))
    return Hello(hello.protocol, incarnation, name, host, hello.pid, version, stream=1, max_users=0)


def _decode_part(hello: pb.Hello) -> Part:
    if len(hello.command) != INCARNATION_BYTES:
        raise WireError(f"command has {len(hello.command)} bytes; it takes {INCARNATION_BYTES}")
    processes = check_number("processes of a command", hello.processes, 1, MOST_PROCESSES)
    return Part(hello.command, check_number("process of a command", hello.process, 1, processes), processes)


def _decode_ping(ping: pb.Ping) -> Ping:
    return Ping(ping.stamp, check_number("requests begun", ping.begun), ping.offset)


def _decode_confirm(confirm: pb.Confirm) -> Confirm:
    return Confirm(
        epoch=check_number("epoch", confirm.epoch),
        version=check_number("version", confirm.version),
        provisioned=check_number("provision", confirm.provisioned),
    )


def _name(what: str, text: str) -> str:
    """What we named ourselves goes to logs and terminals: one printable line, of bounded length."""
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise WireError(f"{what} is {text[:LONGEST_NAME]!r}; allowed are {LONGEST_NAME} printable characters")
    return text


def _reason(text: str) -> str:
    if len(text) > LONGEST_REASON:
        raise WireError(f"a reason of {len(text)} characters; allowed are {LONGEST_REASON}")
    return text


def _encode_slots(slots: Iterable[SlotRun]) -> list[pb.SlotRun]:
    return [
        pb.SlotRun(group=run.group, first=run.first, count=run.count, tenure=run.tenure, at=run.at) for run in slots
    ]


def _decode_slots(what: str, slots: Iterable[pb.SlotRun]) -> tuple[SlotRun, ...]:
    return tuple(_decode_slot_run(what, run) for run in slots)


def _decode_slot_run(what: str, run: pb.SlotRun) -> SlotRun:
    check_number(f"count of {what} slots", run.count, 1, MOST_ORDINALS)
    check_number(f"first of {what} slots", run.first, 0, MOST_ORDINALS - run.count)
    return SlotRun(run.group, run.first, run.count, run.tenure, check_number("instant", run.at))


# ── Batches ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _encode_batch(batch: Batch) -> pb.Batch:
    health = batch.health
    return pb.Batch(
        number=batch.number,
        interval=batch.interval,
        last=batch.last,
        frames=[pb.Frame(level=frame.level, begin=frame.begin, end=frame.end) for frame in batch.frames],
        users=write_column(batch.users),
        iterations=write_column(batch.iterations),
        cells=write_column(batch.cells),
        requests=write_column(batch.requests),
        counters=write_column(batch.counters),
        statuses=write_column(batch.statuses),
        assertions=write_column(batch.assertions),
        histograms=_encode_histograms(batch.histograms),
        health=pb.Health(
            cpu=health.cpu, users=health.users, connections=health.connections, late_starts=health.late_starts
        ),
        applied=[pb.Applied(level=a.level, apply_at=a.apply_at, applied_at=a.applied_at) for a in batch.applied],
    )


def _decode_batch(batch: pb.Batch) -> Batch:
    frames = tuple(Frame(frame.level, frame.begin, frame.end) for frame in batch.frames)
    decoded = Batch(
        number=batch.number,
        interval=batch.interval,
        last=batch.last,
        frames=frames,
        users=read_per_group("users", batch.users, len(frames), 4),
        iterations=read_per_group("iterations", batch.iterations, len(frames), 2),
        cells=read_column("cells", batch.cells),
        requests=read_column("requests", batch.requests),
        counters=read_column("counters", batch.counters),
        statuses=read_column("statuses", batch.statuses),
        assertions=read_column("assertions", batch.assertions),
        histograms=_decode_histograms(batch.histograms),
        health=_decode_health(batch.health),
        applied=tuple(Applied(a.level, a.apply_at, a.applied_at) for a in batch.applied),
    )
    check_batch(decoded)
    return decoded


def _encode_histograms(columns: HistogramColumns) -> pb.Histograms:
    return pb.Histograms(
        keys=write_column(columns.keys),
        stats=write_column(columns.stats),
        sizes=write_column(columns.sizes),
        indices=write_column(columns.indices),
        counts=write_column(columns.counts),
    )


def _decode_histograms(histograms: pb.Histograms) -> HistogramColumns:
    return HistogramColumns(
        keys=read_column("keys", histograms.keys),
        stats=read_column("stats", histograms.stats),
        sizes=read_column("sizes", histograms.sizes),
        indices=read_column("indices", histograms.indices),
        counts=read_column("counts", histograms.counts),
    )


def _decode_health(health: pb.Health) -> Health:
    if not (math.isfinite(health.cpu) and health.cpu >= 0):
        raise WireError(f"CPU share is {health.cpu}; allowed is a number from 0 up")
    return Health(health.cpu, health.users, health.connections, health.late_starts)


# ── From the master ────────────────────────────────────────────────────────────────────────────────────────────────


def encode_master_message(message: MasterMessage) -> pb.MasterMessage:
    """For the wire."""
    welcome, pong, orders = message.welcome, message.pong, message.orders
    expired, refused, finish = message.expired, message.refused, message.finish
    return pb.MasterMessage(
        welcome=None if welcome is None else _encode_welcome(welcome),
        pong=None if pong is None else pb.Pong(stamp=pong.stamp, now=pong.now),
        orders=None if orders is None else _encode_orders(orders),
        ack=message.ack,
        expired=None if expired is None else pb.Expired(reason=expired.reason),
        refused=None if refused is None else pb.Refused(reason=refused.reason),
        finish=None if finish is None else pb.Finish(reason=finish.reason),
    )


def decode_master_message(message: pb.MasterMessage) -> MasterMessage:
    """From the wire; raises WireError for anything that does not hold together."""
    return MasterMessage(
        welcome=_decode_welcome(message.welcome) if message.HasField("welcome") else None,
        pong=Pong(message.pong.stamp, message.pong.now) if message.HasField("pong") else None,
        orders=_decode_orders(message.orders) if message.HasField("orders") else None,
        ack=check_number("ack", message.ack),
        expired=Expired(_reason(message.expired.reason)) if message.HasField("expired") else None,
        refused=Refused(_reason(message.refused.reason)) if message.HasField("refused") else None,
        finish=Finish(_reason(message.finish.reason)) if message.HasField("finish") else None,
    )


def _encode_welcome(welcome: Welcome) -> pb.Welcome:
    return pb.Welcome(
        run=welcome.run,
        epoch=welcome.epoch,
        lease=welcome.lease,
        guard=welcome.guard,
        interval=welcome.interval,
        batch_offset=welcome.batch_offset,
        last_batch=welcome.last_batch,
        name=welcome.name,
    )


def _decode_welcome(welcome: pb.Welcome) -> Welcome:
    return Welcome(
        run=_name("run", welcome.run),
        epoch=check_number("epoch", welcome.epoch),
        lease=check_number("lease", welcome.lease, 1),
        guard=check_number("guard", welcome.guard),
        interval=check_number("interval", welcome.interval, 1),
        batch_offset=check_number("batch offset", welcome.batch_offset),
        last_batch=check_number("last batch", welcome.last_batch),
        name=_name("agent name", welcome.name),
    )


def _encode_orders(orders: Orders) -> pb.Orders:
    return pb.Orders(
        epoch=orders.epoch,
        version=orders.version,
        slots=_encode_slots(orders.slots),
        levels=[
            pb.Level(apply_at=level.apply_at, number=level.number, phase=level.phase, users=level.users)
            for level in orders.levels
        ],
        start=orders.start,
        graceful_stop=orders.graceful_stop,
    )


def _decode_orders(orders: pb.Orders) -> Orders:
    levels = tuple(_decode_level(level) for level in orders.levels)
    if len({len(level.users) for level in levels}) > 1:
        raise WireError("the levels of one set of orders count different numbers of groups")
    return Orders(
        epoch=check_number("epoch", orders.epoch),
        version=check_number("version", orders.version),
        slots=_decode_slots("ordered", orders.slots),
        levels=levels,
        start=orders.start,
        graceful_stop=check_number("graceful stop", orders.graceful_stop),
    )


def _decode_level(level: pb.Level) -> LevelOrder:
    return LevelOrder(level.apply_at, check_number("level", level.number, -1), level.phase, tuple(level.users))


# ── Provisions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def encode_provision(provision: Provision) -> Iterator[pb.ProvisionChunk]:
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
        self._rows: list[Rows] = []

    def feed(self, chunk: pb.ProvisionChunk) -> Provision | None:
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
        self._rows.append(Rows(rows.group, _name("data set", rows.name), ordinals, values))

    def _complete(self) -> Provision:
        if self._values:
            raise WireError(f"provision {self._sequence} ends in the middle of a row")
        job = decode_job(bytes(self._job)) if self._job else None
        provision = Provision(self._sequence, job, tuple(self._rows))
        self._job.clear()
        self._rows = []
        self._sequence += 1
        return provision
