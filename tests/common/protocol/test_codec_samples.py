"""Samples and exchanges survive the wire, and no bytes make the decoder raise anything but WireError."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import WireError
from gradual_common.kinds.failures import KINDS
from gradual_common.protocol.batch_checks import MAX_OUTCOMES
from gradual_common.protocol.codec_samples import SAMPLE_COLUMNS, decode_samples, encode_samples
from gradual_common.protocol.messages import MAX_MESSAGE_BYTES, SampleMessage
from gradual_common.protocol.samples import MAX_SAMPLES, MAX_TRACED_SAMPLES, TRACE_BYTES, Exemplar, SampleColumns
from gradual_common.wire import fleet_pb2 as pb

INCARNATION = b"i" * 16
DTYPES = ("int64", "int64", "int32", "uint16", "uint8", "uint16")

text = st.text(max_size=20)
header = st.lists(text, min_size=2, max_size=2)
size = st.integers(0, 2**40)
request = st.fixed_dictionaries(
    {"method": text, "url": text, "headers": st.lists(header, max_size=3), "body": text, "body_bytes": size}
)
response = st.fixed_dictionaries(
    {
        "status_code": st.integers(100, 599),
        "headers": st.lists(header, max_size=3),
        "body": st.none() | text,
        "body_bytes": st.none() | size,
    }
)
document = st.fixed_dictionaries({"detail": text, "request": st.none() | request, "response": st.none() | response})
exemplar = st.builds(
    Exemplar,
    step=st.integers(0, 2**32 - 1),
    kind=st.integers(1, len(KINDS) - 1),
    number=st.integers(0, 2**63),
    key=st.floats(0, 1, exclude_max=True),
    ended=st.integers(-(2**62), 2**62),
    slot=st.integers(0, 2**31 - 1),
    document=document,
)
row = st.tuples(
    st.integers(-(2**62), 2**62 - 1),
    st.integers(0, 2**62 - 1),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 255),
    st.integers(0, 2**16 - 1),
)


def columns(level: int, rows: list[tuple[int, ...]]) -> SampleColumns:
    parts = list(zip(*rows, strict=True)) if rows else [()] * len(DTYPES)
    return SampleColumns(level, *(np.array(part, dtype=dtype) for part, dtype in zip(parts, DTYPES, strict=True)))


block = st.builds(columns, st.integers(-1, 2**31 - 1), st.lists(row, max_size=5))
message = st.builds(
    SampleMessage,
    st.binary(min_size=16, max_size=16),
    st.lists(block, max_size=3).map(tuple),
    st.lists(exemplar, max_size=3).map(tuple),
)
ROW = (100, 50, 3, 1, 2, 404)
DOCUMENT = {
    "detail": "d",
    "request": {"method": "GET", "url": "http://h/", "headers": [["A", "b"]], "body": "", "body_bytes": 0},
    "response": {"status_code": 500, "headers": [], "body": None, "body_bytes": None},
}
EXEMPLAR = Exemplar(1, 2, 3, 0.25, 100, 7, DOCUMENT)


def carried(message: SampleMessage) -> SampleMessage:
    return decode_samples(pb.SampleMessage.FromString(encode_samples(message).SerializeToString()))


def as_lists(block: SampleColumns) -> dict[str, Any]:
    return {"level": block.level} | {
        name: (getattr(block, name).dtype.name, getattr(block, name).tolist()) for name in SAMPLE_COLUMNS
    }


@given(message)
def test_a_message_is_the_same_afterwards(message: SampleMessage) -> None:
    decoded = carried(message)
    assert decoded.incarnation == message.incarnation
    assert [as_lists(block) for block in decoded.blocks] == [as_lists(block) for block in message.blocks]
    assert decoded.exemplars == message.exemplars


def test_traces_come_with_their_samples() -> None:
    traces = np.arange(2 * TRACE_BYTES, dtype=np.uint8)
    (block,) = carried(SampleMessage(INCARNATION, (replace(columns(0, [ROW, ROW]), trace=traces),))).blocks
    assert block.trace.tolist() == traces.tolist()
    (block,) = carried(SampleMessage(INCARNATION, (columns(0, [ROW]),))).blocks
    assert len(block.trace) == 0


def test_traces_of_another_number_of_samples_are_refused() -> None:
    wrong = replace(columns(0, [ROW, ROW]), trace=np.zeros(TRACE_BYTES, dtype=np.uint8))
    with pytest.raises(WireError, match="trace has 16 bytes for 2 samples"):
        carried(SampleMessage(INCARNATION, (wrong,)))


def test_the_largest_block_fits_into_a_message() -> None:
    full = SampleColumns(0, *(np.zeros(MAX_SAMPLES, dtype=dtype) for dtype in DTYPES))
    assert encode_samples(SampleMessage(INCARNATION, (full,))).ByteSize() < MAX_MESSAGE_BYTES
    traces = np.zeros(MAX_TRACED_SAMPLES * TRACE_BYTES, dtype=np.uint8)
    full = SampleColumns(0, *(np.zeros(MAX_TRACED_SAMPLES, dtype=dtype) for dtype in DTYPES), traces)
    assert encode_samples(SampleMessage(INCARNATION, (full,))).ByteSize() < MAX_MESSAGE_BYTES


def test_texts_that_no_utf8_holds_survive() -> None:
    odd = replace(EXEMPLAR, document={**DOCUMENT, "detail": "a\ud800ü\0"})
    assert carried(SampleMessage(INCARNATION, (), (odd,))).exemplars == (odd,)


@pytest.mark.parametrize(
    ("changes", "wording"),
    [
        ({"level": -2}, "level of samples"),
        ({"started": b"1234567"}, "started has 7 bytes"),
        ({"duration": b""}, "duration has 0 rows where 1 belong"),
        ({"slot": b"\0" * 8}, "slot has 2 rows where 1 belong"),
        ({"step": b"\0"}, "step has 1 bytes"),
        ({"kind": b"\0\0"}, "kind has 2 rows where 1 belong"),
        ({"status": b""}, "status has 0 rows where 1 belong"),
        ({"duration": (-1).to_bytes(8, "little", signed=True)}, "duration of a sample"),
        ({"slot": (-1).to_bytes(4, "little", signed=True)}, "slot of a sample"),
        ({"started": (2**63 - 1).to_bytes(8, "little")}, "start of a sample"),
        ({"started": (-(2**63)).to_bytes(8, "little", signed=True)}, "start of a sample"),
    ],
)
def test_a_block_that_does_not_hold_together_is_refused(changes: dict[str, Any], wording: str) -> None:
    encoded = encode_samples(SampleMessage(INCARNATION, (columns(0, [ROW]),)))
    for name, value in changes.items():
        setattr(encoded.blocks[0], name, value)
    with pytest.raises(WireError, match=wording):
        decode_samples(encoded)


@pytest.mark.parametrize(
    ("changes", "wording"),
    [
        ({"kind": 0}, "kind of an exchange"),
        ({"kind": MAX_OUTCOMES}, "kind of an exchange"),
        ({"key": 1.0}, "key of an exchange"),
        ({"key": -0.1}, "key of an exchange"),
        ({"key": float("nan")}, "key of an exchange is nan"),
        ({"key": float("inf")}, "key of an exchange"),
        ({"document": b""}, "an exchange cannot be read"),
        ({"document": b"\xff"}, "an exchange cannot be read"),
        ({"document": b"[" * 100_000}, "an exchange cannot be read"),
        ({"document": b"[]"}, "not a mapping"),
        ({"document": b"{}"}, "an exchange has the keys"),
        ({"document": b'{"detail": 5, "request": null, "response": null}'}, "detail of an exchange is a int"),
        ({"document": b'{"detail": "", "request": 5, "response": null}'}, "request of an exchange is a int"),
        ({"document": b'{"detail": "", "request": null, "response": []}'}, "response of an exchange is a list"),
        ({"document": b'{"detail": "", "request": {}, "response": null}'}, "a request has the keys"),
    ],
)
def test_an_exchange_that_is_none_is_refused(changes: dict[str, Any], wording: str) -> None:
    encoded = encode_samples(SampleMessage(INCARNATION, (), (EXEMPLAR,)))
    for name, value in changes.items():
        setattr(encoded.exemplars[0], name, value)
    with pytest.raises(WireError, match=wording):
        decode_samples(encoded)


@pytest.mark.parametrize(
    ("side", "changes"),
    [
        ("request", {"method": None}),
        ("request", {"body": None}),
        ("request", {"body_bytes": 1.5}),
        ("request", {"body_bytes": True}),
        ("request", {"headers": {}}),
        ("request", {"headers": [["a"]]}),
        ("request", {"headers": [["a", 1]]}),
        ("request", {"headers": ["ab"]}),
        ("request", {"more": 1}),
        ("response", {"status_code": "500"}),
        ("response", {"status_code": None}),
        ("response", {"headers": None}),
        ("response", {"body_bytes": float("nan")}),
    ],
)
def test_a_part_of_an_exchange_that_is_of_another_kind_is_refused(side: str, changes: dict[str, Any]) -> None:
    """It goes into a summary as it is, where every reader relies on its shape."""
    known: Any = DOCUMENT[side]
    odd = replace(EXEMPLAR, document={**DOCUMENT, side: {**known, **changes}})
    with pytest.raises(WireError, match=f"a {side}"):
        carried(SampleMessage(INCARNATION, (), (odd,)))


@pytest.mark.parametrize("incarnation", [b"", b"i" * 15, b"i" * 17])
def test_an_incarnation_of_another_length_is_refused(incarnation: bytes) -> None:
    with pytest.raises(WireError, match=f"an incarnation has {len(incarnation)} bytes"):
        decode_samples(pb.SampleMessage(incarnation=incarnation))


@given(message, st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=5))
def test_damaged_bytes_are_never_anything_but_a_wire_error(
    message: SampleMessage, damage: list[tuple[int, int]]
) -> None:
    data = bytearray(encode_samples(message).SerializeToString())
    for place, value in damage:
        data[place % len(data)] = value
    with suppress(WireError, DecodeError):
        decode_samples(pb.SampleMessage.FromString(bytes(data)))


@given(st.binary(max_size=100))
def test_no_bytes_at_all_raise_anything_else(data: bytes) -> None:
    with suppress(WireError, DecodeError):
        decode_samples(pb.SampleMessage.FromString(data))
    with suppress(WireError):
        decode_samples(
            pb.SampleMessage(incarnation=INCARNATION, blocks=[pb.SampleBlock(started=data, duration=data, kind=data)])
        )
    with suppress(WireError):
        decode_samples(pb.SampleMessage(incarnation=INCARNATION, exemplars=[pb.Exemplar(kind=1, document=data)]))
