"""Every message survives the wire, and no bytes make the decoder raise anything but WireError."""

import re
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import WireError
from gradual_common.histogram.columns import HistogramColumns, pack_values
from gradual_common.kinds.failures import KINDS
from gradual_common.language.document import ONCE
from gradual_common.protocol.batch import COUNTERS, Applied, Batch, Frame, Health
from gradual_common.protocol.codec import (
    decode_agent_message,
    decode_master_message,
    encode_agent_message,
    encode_master_message,
)
from gradual_common.protocol.messages import (
    PROTOCOL,
    AgentMessage,
    BlockRequest,
    BlockUse,
    Confirm,
    DealtBlock,
    Expired,
    Finish,
    Goodbye,
    Hello,
    LevelOrder,
    MasterMessage,
    Once,
    OnceReport,
    Orders,
    Part,
    Ping,
    Pong,
    Refused,
    SlotRun,
    Welcome,
)
from gradual_common.protocol.names import shown_name
from gradual_common.protocol.provisions import MAX_VARIABLES_BYTES
from gradual_common.wire import fleet_pb2 as pb

small, count = st.integers(0, 2**31 - 1), st.integers(0, 2**62)
instant = st.integers(-(2**62), 2**62)
name = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, categories=("L", "N", "P")), max_size=20)
slots = st.lists(
    st.builds(SlotRun, st.integers(0, 9), st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 99)), max_size=4
).map(tuple)
positive = st.integers(1, 2**40)
incarnation = st.binary(min_size=16, max_size=16)
shown = name.map(shown_name)
part = st.integers(1, 2**16).flatmap(lambda of: st.builds(Part, incarnation, st.integers(1, of), st.just(of)))
hello = st.builds(
    Hello,
    st.just(PROTOCOL),
    incarnation,
    shown,
    shown,
    small,
    name,
    positive,
    small,
    name,
    count,
    count,
    slots,
    st.none() | part,
)


def table(rows: int, *columns: st.SearchStrategy[int], dtype: type = np.int64) -> st.SearchStrategy[np.ndarray]:
    row = st.tuples(*columns)
    return st.lists(row, min_size=rows, max_size=rows).map(
        lambda found: np.array(found, dtype=dtype).reshape(rows, len(columns))
    )


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    frames, groups, cells, rows = (draw(st.integers(low, 3)) for low in (1, 1, 0, 0))
    frame, kind, any_count = st.integers(0, frames - 1), st.integers(0, len(KINDS) - 1), st.integers(0, 2**40)
    values = draw(st.lists(st.lists(st.integers(0, 2**42), min_size=1, max_size=5), min_size=cells, max_size=cells))
    keys = [*((cell, 0) for cell in range(cells)), (-1, 6)]
    return Batch(
        number=draw(st.integers(1, 2**40)),
        interval=draw(small),
        last=draw(st.booleans()),
        frames=tuple(Frame(draw(st.integers(-1, 5)), begin, begin + 7) for begin in range(frames)),
        users=draw(table(frames * groups, *[any_count] * 4)).reshape(frames, groups, 4),
        iterations=draw(table(frames * groups, *[any_count] * 2)).reshape(frames, groups, 2),
        cells=draw(table(cells, frame, small, kind, dtype=np.int32)),
        requests=draw(table(cells, any_count)).reshape(cells),
        counters=draw(table(rows, frame, small, *[any_count] * len(COUNTERS))),
        statuses=draw(table(rows, frame, small, st.integers(0, len(KINDS) - 1), st.integers(0, 999), any_count)),
        assertions=draw(table(rows, frame, small, st.integers(0, 9), any_count, any_count)),
        histograms=pack_values(keys, [np.array(found, dtype=np.int64) for found in [*values, [123]]]),
        health=Health(draw(st.floats(0, 100)), draw(small), draw(small), draw(small)),
        applied=tuple(draw(st.lists(st.builds(Applied, st.integers(-1, 9), instant, instant), max_size=2))),
    )


some_rows = st.lists(st.dictionaries(name, name | instant, max_size=2), max_size=3).map(tuple)
variables = st.sampled_from((b"", b"{}", b'{"token":"t-1"}'))
once_reports = st.builds(OnceReport, st.sampled_from(ONCE), batches(), variables, name)
agent_messages = st.builds(
    AgentMessage,
    hello=st.none() | hello,
    ping=st.none() | st.builds(Ping, instant, count, instant),
    confirm=st.none() | st.builds(Confirm, count, count, count),
    released=slots,
    finished=slots,
    batches=st.lists(batches(), max_size=2).map(tuple),
    goodbye=st.none() | st.builds(Goodbye, name),
    abort=name,
    once=st.none() | once_reports,
    wanted=st.lists(st.builds(BlockRequest, small, name, positive, st.integers(1, 2**31)), max_size=3).map(tuple),
    used=st.lists(st.builds(BlockUse, small, name, count), max_size=3).map(tuple),
)
levels = st.integers(1, 3).flatmap(
    lambda groups: st.lists(
        st.builds(LevelOrder, instant, st.integers(-1, 99), small, st.tuples(*[small] * groups)), max_size=4
    ).map(tuple)
)
master_messages = st.builds(
    MasterMessage,
    welcome=st.none() | st.builds(Welcome, name, count, positive, count, positive, count, count),
    pong=st.none() | st.builds(Pong, instant, instant),
    orders=st.none() | st.builds(Orders, count, count, slots, levels, instant, count),
    ack=count,
    expired=st.none() | st.builds(Expired, name),
    refused=st.none() | st.builds(Refused, name),
    finish=st.none() | st.builds(Finish, name),
    once=st.none() | st.builds(Once, st.sampled_from(ONCE), variables),
    block=st.none()
    | st.builds(
        DealtBlock, st.just(-1), name, positive, count, small, st.just(()), st.booleans(), st.integers(0, 2**31)
    )
    | st.builds(DealtBlock, small, name, positive, count, small, some_rows, st.booleans()),
)


def plain(value: Any) -> Any:
    """Records with arrays, as something that can be compared; an array bears its type and shape."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tolist())
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, AgentMessage | Batch | HistogramColumns | OnceReport):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


@given(agent_messages)
def test_a_message_of_an_agent_survives_the_wire(message: AgentMessage) -> None:
    wire = encode_agent_message(message).SerializeToString()
    assert plain(decode_agent_message(pb.AgentMessage.FromString(wire))) == plain(message)


@given(master_messages)
def test_a_message_of_the_master_survives_the_wire(message: MasterMessage) -> None:
    wire = encode_master_message(message).SerializeToString()
    assert decode_master_message(pb.MasterMessage.FromString(wire)) == message


@given(agent_messages, st.data())
def test_a_damaged_message_of_an_agent_is_a_wire_error_or_nothing_at_all(
    message: AgentMessage, data: st.DataObject
) -> None:
    """Bytes that protobuf itself cannot read do not get as far as the decoder."""
    wire = damaged(encode_agent_message(message).SerializeToString(), data)
    with suppress(WireError, DecodeError):
        decode_agent_message(pb.AgentMessage.FromString(wire))


@given(master_messages, st.data())
def test_a_damaged_message_of_the_master_is_a_wire_error_or_nothing_at_all(
    message: MasterMessage, data: st.DataObject
) -> None:
    wire = damaged(encode_master_message(message).SerializeToString(), data)
    with suppress(WireError, DecodeError):
        decode_master_message(pb.MasterMessage.FromString(wire))


def damaged(wire: bytes, data: st.DataObject) -> bytes:
    """Some bytes replaced, and the end cut off or not."""
    wire_bytes = bytearray(wire)
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, max(0, len(wire) - 1)), st.integers(0, 255)), max_size=6)
    ):
        if wire_bytes:
            wire_bytes[place] = byte
    return bytes(wire_bytes[: data.draw(st.integers(0, len(wire)))] if data.draw(st.booleans()) else wire_bytes)


columns = st.binary(max_size=200)
garbage_batches = st.builds(
    pb.Batch,
    number=count,
    interval=instant,
    frames=st.lists(st.builds(pb.Frame, level=st.integers(-9, 9), begin=instant, end=instant), max_size=3),
    users=columns,
    iterations=columns,
    cells=columns,
    requests=columns,
    counters=columns,
    statuses=columns,
    assertions=columns,
    histograms=st.builds(pb.Histograms, keys=columns, stats=columns, sizes=columns, indices=columns, counts=columns),
    health=st.builds(pb.Health, cpu=st.floats()),
)


@given(garbage_batches)
def test_garbage_in_the_columns_is_a_wire_error_or_holds_together(batch: pb.Batch) -> None:
    with suppress(WireError):
        decode_agent_message(pb.AgentMessage(batches=[batch]))


HELLO = Hello(PROTOCOL, bytes(16), "a", "h", 1, "0", 1, 10)


@pytest.mark.parametrize(
    ("hello", "message"),
    [
        (replace(HELLO, incarnation=b"short"), "incarnation has 5 bytes"),
        (replace(HELLO, version="1\n2"), "version is '1\\\\n2'; allowed are 256 printable"),
        (replace(HELLO, run="r" * 300), "run is 'rrr"),
        (replace(HELLO, part=Part(b"short", 1, 1)), "command has 5 bytes; it takes 16"),
        (replace(HELLO, part=Part(bytes(16), 0, 4)), "process of a command is 0; allowed is 1 … 4"),
        (replace(HELLO, part=Part(bytes(16), 5, 4)), "process of a command is 5; allowed is 1 … 4"),
        (replace(HELLO, part=Part(bytes(16), 1, 2**20)), "processes of a command is 1048576; allowed is 1 … 65536"),
        (replace(HELLO, stream=0), "stream is 0; allowed is 1"),
        (replace(HELLO, held=(SlotRun(0, 0, 0, 1),)), "count of held slots is 0"),
        (replace(HELLO, held=(SlotRun(0, 2**31, 5, 1),)), "first of held slots is 2147483648"),
        (replace(HELLO, last_batch=2**63), "last batch is 9223372036854775808"),
    ],
)
def test_a_hello_that_cannot_be_true_is_refused_by_name(hello: Hello, message: str) -> None:
    with pytest.raises(WireError, match=message):
        decode_agent_message(encode_agent_message(AgentMessage(hello=hello)))


def test_a_hello_is_never_refused_for_what_its_agent_or_host_is_called() -> None:
    hello = replace(HELLO, name="b\x1b[2J" + "x" * 300, host="")
    read = decode_agent_message(encode_agent_message(AgentMessage(hello=hello))).hello
    assert read is not None
    assert (read.name[:6], len(read.name), read.host) == ("b?[2Jx", 64, "unknown")


@pytest.mark.parametrize("incarnation", [b"", b"i" * 32])
def test_of_a_hello_in_another_protocol_only_the_sender_is_read(incarnation: bytes) -> None:
    """So that the master can answer what is wrong: its other fields may mean something else."""
    hello = pb.Hello(protocol=99, incarnation=incarnation, name="b\n", host="h", pid=7, version="9.0", command=b"?")
    read = decode_agent_message(pb.AgentMessage(hello=hello)).hello
    assert read is not None
    assert (read.protocol, read.name, read.host, read.pid, read.version) == (99, "b", "h", 7, "9.0")
    assert len(read.incarnation) == 16
    assert read.part is None


WELCOME = Welcome("r", 1, 10, 1, 1, 0)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (MasterMessage(welcome=replace(WELCOME, lease=0)), "lease is 0"),
        (MasterMessage(welcome=replace(WELCOME, interval=0)), "interval is 0"),
        (MasterMessage(welcome=replace(WELCOME, guard=-1)), "guard is -1"),
        (MasterMessage(orders=Orders(1, 1, (), (LevelOrder(0, -2, 0, ()),), 0, 0)), "level is -2"),
        (MasterMessage(orders=Orders(1, 1, (), (LevelOrder(0, 0, 0, ()), LevelOrder(1, 1, 0, (1,))), 0, 0)), "groups"),
        (MasterMessage(finish=Finish("x" * 5000)), "a reason of 5000 characters"),
    ],
)
def test_a_message_of_the_master_that_cannot_be_true_is_refused_by_name(message: MasterMessage, text: str) -> None:
    with pytest.raises(WireError, match=text):
        decode_master_message(encode_master_message(message))


@pytest.mark.parametrize("cpu", [float("nan"), float("inf"), -0.1])
def test_a_cpu_share_is_a_number_from_zero_up(cpu: float) -> None:
    batch = pb.Batch(number=1, health=pb.Health(cpu=cpu))
    with pytest.raises(WireError, match="CPU share"):
        decode_agent_message(pb.AgentMessage(batches=[batch]))


RUN = pb.SlotRun(count=1)
LISTS = {
    "runs that are held": (
        pb.AgentMessage(hello=pb.Hello(protocol=PROTOCOL, incarnation=bytes(16), stream=1, held=[RUN] * 65_537)),
        "65,537 times SlotRun",
    ),
    "runs that are released": (pb.AgentMessage(released=[RUN] * 65_537), "65,537 times SlotRun; at most 65,536"),
    "runs that are finished": (pb.AgentMessage(finished=[RUN] * 65_537), "65,537 times SlotRun"),
    "batches": (pb.AgentMessage(batches=[pb.Batch(number=1)] * 17), "17 times Batch; at most 16 are allowed"),
    "frames": (pb.AgentMessage(batches=[pb.Batch(frames=[pb.Frame()] * 65_537)]), "65,537 times Frame"),
    "levels": (pb.AgentMessage(batches=[pb.Batch(applied=[pb.Applied()] * 65_537)]), "65,537 times Applied"),
}  # fmt: skip


@pytest.mark.parametrize("which", LISTS)
def test_more_entries_than_an_agent_can_have_are_not_read(which: str) -> None:
    message, error = LISTS[which]
    with pytest.raises(WireError, match=error):
        decode_agent_message(message)


@pytest.mark.parametrize(
    ("once", "problem"),
    [
        (pb.Once(section="set-up"), "a section is called 'set-up'; allowed are setup, teardown"),
        (pb.Once(section="setup", variables=b"x"), "what the set-up extracted cannot be read"),
        (pb.Once(section="setup", variables=b"[]"), "what the set-up extracted is not a mapping"),
        (pb.Once(section="setup", variables=bytes(MAX_VARIABLES_BYTES + 1)), "variables of 65,537 bytes; at most"),
    ],
)
def test_a_set_up_that_does_not_hold_together_is_refused(once: pb.Once, problem: str) -> None:
    with pytest.raises(WireError, match=re.escape(problem)):
        decode_master_message(pb.MasterMessage(once=once))
    report = pb.OnceReport(section=once.section, variables=once.variables, batch=pb.Batch(number=1))
    with pytest.raises(WireError, match=re.escape(problem)):
        decode_agent_message(pb.AgentMessage(once=report))
