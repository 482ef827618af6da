"""Translates the records of `messages` to and from protobuf.

`provisions` does it for provisions, sent in chunks, and `codec_samples` for single samples and exchanges.

Decoding trusts nothing: each inconsistency is a WireError that names it, and no other exception leaves this module.
Ranges are checked here. Whether a number exists (a run, an epoch, a step of the plan) is checked by its reader.
"""

from __future__ import annotations

import math
from functools import partial

from gradual_common.errors import WireError
from gradual_common.histogram.columns import HistogramColumns
from gradual_common.language.document import ONCE
from gradual_common.protocol import batch, messages
from gradual_common.protocol.batch_checks import (
    check_batch,
    check_number,
    read_per_group,
    write_column,
)
from gradual_common.protocol.codec_samples import EXEMPLARS, MAX_BLOCKS
from gradual_common.protocol.names import shown_name
from gradual_common.protocol.provisions import MAX_VARIABLES_BYTES, decode_values, dump_json, load_variables
from gradual_common.protocol.records import (
    INCARNATION_BYTES,
    RecordCodec,
    WireField,
    columns,
    each,
    line,
    number,
    numbers,
    part,
    read_key,
    read_reason,
)
from gradual_common.wire import fleet_pb2 as pb

MAX_PROCESSES = 2**16
MAX_ORDINALS = 2**24
"""Upper bound of ordinals: a reader may expand a run of slots to a list without using up memory."""

MAX_BATCHES = 16
"""Of one message: twice what an agent sends before the first of them is acknowledged."""

MAX_ENTRIES = 2**16
"""Of any other list of an agent: slots of one agent, or levels within an interval. Reading them takes 0.1 s."""

_REASON = WireField(read_reason)
_SLOTS = RecordCodec(messages.SlotRun, pb.SlotRun, at=number("instant"))


def _slots(what: str, at_most: int | None = MAX_ENTRIES) -> WireField:
    """A field of slot runs; `what` names it in errors."""

    def read(run: pb.SlotRun) -> messages.SlotRun:
        check_number(f"count of {what} slots", run.count, 1, MAX_ORDINALS)
        check_number(f"first of {what} slots", run.first, 0, MAX_ORDINALS - run.count)
        return _SLOTS.read(run)

    return each(_SLOTS, read, at_most)


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
    held=_slots("held"),
    **numbers("epoch", "last_batch"),
)


def _write_hello(hello: messages.Hello) -> pb.Hello:
    message = _HELLO.write(hello)
    if hello.part is not None:
        message.command, message.process, message.processes = hello.part.command, hello.part.number, hello.part.of
    return message


def _read_hello(message: pb.Hello) -> messages.Hello:
    if message.protocol != messages.PROTOCOL:
        return _read_foreign_hello(message)
    part = None
    if message.command:
        command = read_key("command", message.command)
        processes = check_number("processes of a command", message.processes, 1, MAX_PROCESSES)
        number = check_number("process of a command", message.process, 1, processes)
        part = messages.Part(command, number, processes)
    return _HELLO.read(message, part=part)


def _read_foreign_hello(message: pb.Hello) -> messages.Hello:
    """The Hello of an agent with another protocol version: its name only, as other fields may mean something else."""
    # It is read leniently, since the master answers with Refused and the agent shows why. A WireError would close the
    # stream instead, and the agent would retry forever.
    incarnation = message.incarnation[:INCARNATION_BYTES].ljust(INCARNATION_BYTES, b"\0")
    name, host, version = (shown_name(text, "unknown") for text in (message.name, message.host, message.version))
    return messages.Hello(message.protocol, incarnation, name, host, message.pid, version, stream=1, max_users=0)


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
    frames=each(_FRAMES, at_most=MAX_ENTRIES),
    users=WireField(write=write_column),
    iterations=WireField(write=write_column),
    histograms=WireField(_HISTOGRAMS.read, _HISTOGRAMS.write),
    health=WireField(_read_health, _HEALTH.write),
    applied=each(_APPLIED, at_most=MAX_ENTRIES),
    **columns("cells", "requests", "counters", "statuses", "assertions"),
)


def _read_batch(message: pb.Batch) -> batch.Batch:
    """A batch. The shape of the arrays per group depends on the number of frames, so they are read separately."""
    frames = len(message.frames)
    decoded = _BATCH.read(
        message,
        users=read_per_group("users", message.users, frames, 4),
        iterations=read_per_group("iterations", message.iterations, frames, 2),
    )
    check_batch(decoded)
    return decoded


def _read_section(text: str) -> str:
    if text not in ONCE:
        raise WireError(f"a section is called {text[:20]!r}; allowed are {', '.join(ONCE)}")
    return text


def _read_variables(data: bytes) -> bytes:
    if len(data) > MAX_VARIABLES_BYTES:
        raise WireError(f"variables of {len(data):,} bytes; at most {MAX_VARIABLES_BYTES:,} are allowed")
    if data:
        load_variables(data)
    return data


_SECTION, _VARIABLES = WireField(_read_section), WireField(_read_variables)
_ONCE_REPORT = RecordCodec(
    messages.OnceReport,
    pb.OnceReport,
    section=_SECTION,
    batch=WireField(_read_batch, _BATCH.write),
    variables=_VARIABLES,
    failure=_REASON,
    exemplars=each(EXEMPLARS, at_most=MAX_BLOCKS),
)


_SET_NAME = line("data set")
_WANTED = RecordCodec(
    messages.BlockRequest,
    pb.BlockRequest,
    name=_SET_NAME,
    number=number("block", 1),
    count=number("rows wanted", 1),
)
_USED = RecordCodec(messages.BlockUse, pb.BlockUse, name=_SET_NAME, used=number("rows used"))
_CONFIRM = RecordCodec(messages.Confirm, pb.Confirm, provisioned=number("provision"), **numbers("epoch", "version"))
_WAITING = RecordCodec(messages.Waiting, pb.Waiting, users=number("users that wait", 0, MAX_ORDINALS))
_AGENT = RecordCodec(
    messages.AgentMessage,
    pb.AgentMessage,
    hello=WireField(_read_hello, _write_hello, is_part=True),
    ping=part(RecordCodec(messages.Ping, pb.Ping, begun=number("requests begun"))),
    confirm=part(_CONFIRM),
    released=_slots("released"),
    finished=_slots("finished"),
    batches=each(_BATCH, _read_batch, MAX_BATCHES),
    goodbye=part(RecordCodec(messages.Goodbye, pb.Goodbye, reason=_REASON)),
    abort=_REASON,
    once=part(_ONCE_REPORT),
    waiting=each(_WAITING, at_most=MAX_ENTRIES),
    wanted=each(_WANTED, at_most=MAX_ENTRIES),
    used=each(_USED, at_most=MAX_ENTRIES),
)


encode_agent_message = _AGENT.write
"""From record to protobuf, as every `encode_…` here."""

decode_agent_message = _AGENT.read
"""From protobuf to record, as every `decode_…` here; raises WireError for anything that does not hold together."""


_WELCOME = RecordCodec(
    messages.Welcome,
    pb.Welcome,
    run=line("run"),
    lease=number("lease", 1),
    interval=number("interval", 1),
    name=line("agent name"),
    **numbers("epoch", "guard", "batch_offset", "last_batch"),
)
_LEVELS = RecordCodec(messages.LevelOrder, pb.Level, number=number("level", -1), users=WireField(tuple))
_ORDERS = RecordCodec(
    messages.Orders,
    pb.Orders,
    slots=_slots("ordered", at_most=None),
    levels=each(_LEVELS),
    **numbers("epoch", "version", "graceful_stop"),
)


def _read_orders(message: pb.Orders) -> messages.Orders:
    if len({len(level.users) for level in message.levels}) > 1:
        raise WireError("the levels of one set of orders count different numbers of groups")
    return _ORDERS.read(message)


_BLOCK = RecordCodec(
    messages.DealtBlock,
    pb.DealtBlock,
    ("values", "count"),
    name=_SET_NAME,
    number=number("block", 1),
    first=number("first row of a block"),
)


def _write_block(block: messages.DealtBlock) -> pb.DealtBlock:
    message = _BLOCK.write(block)
    message.count = len(block.values) or block.count
    message.values = dump_json(block.values) if block.group != messages.SEQUENCE else b""
    return message


def _read_block_of_rows(message: pb.DealtBlock) -> messages.DealtBlock:
    if message.group == messages.SEQUENCE:
        return _BLOCK.read(message, values=(), count=message.count)
    return _BLOCK.read(message, values=decode_values(message.values, message.count), count=0)


_MASTER = RecordCodec(
    messages.MasterMessage,
    pb.MasterMessage,
    welcome=part(_WELCOME),
    pong=part(RecordCodec(messages.Pong, pb.Pong)),
    orders=part(_ORDERS, _read_orders),
    ack=number("ack"),
    expired=part(RecordCodec(messages.Expired, pb.Expired, reason=_REASON)),
    refused=part(RecordCodec(messages.Refused, pb.Refused, reason=_REASON)),
    finish=part(RecordCodec(messages.Finish, pb.Finish, reason=_REASON)),
    once=part(RecordCodec(messages.Once, pb.Once, section=_SECTION, variables=_VARIABLES)),
    rounds=WireField(tuple),
    block=WireField(_read_block_of_rows, _write_block, is_part=True),
)

encode_master_message = _MASTER.write
decode_master_message = _MASTER.read
