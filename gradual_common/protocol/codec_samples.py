"""Translates single samples and exchanges to and from protobuf, with the same distrust as `codec`."""

from __future__ import annotations

from functools import partial
from typing import Any

from gradual_common.errors import WireError
from gradual_common.kinds.failed_exchange import check_exchange
from gradual_common.protocol import messages, samples
from gradual_common.protocol.batch_checks import MAX_OUTCOMES, check_range
from gradual_common.protocol.provisions import dump_json, load_json
from gradual_common.protocol.records import RecordCodec, WireField, columns, each, number, read_key
from gradual_common.wire import fleet_pb2 as pb

MAX_BLOCKS = 256
"""Blocks of samples, or exchanges, of one message; an agent sends one block, or four exchanges."""

SAMPLE_COLUMNS = ("started", "duration", "slot", "step", "kind", "status")


def _read_random(key: float) -> float:
    if not 0 <= key < 1:
        raise WireError(f"the key of an exchange is {key}; allowed is [0, 1)")
    return key


def _read_document(data: bytes) -> dict[str, Any]:
    """An exchange. It must have exactly the form of `describe_exchange`, as it is copied into a summary unchanged."""
    document = load_json(data, "an exchange")
    if not isinstance(document, dict):
        raise WireError("an exchange is not a mapping")
    check_exchange(document)
    return document


EXEMPLARS = RecordCodec(
    samples.Exemplar,
    pb.Exemplar,
    kind=number("kind of an exchange", 1, MAX_OUTCOMES - 1),
    key=WireField(_read_random),
    document=WireField(_read_document, dump_json),
)

_BLOCKS = RecordCodec(
    samples.SampleColumns, pb.SampleBlock, level=number("level of samples", -1), **columns(*SAMPLE_COLUMNS, "trace")
)


def _read_block(message: pb.SampleBlock) -> samples.SampleColumns:
    """A block of samples: columns of one length, numbers in range. The master compares steps with the plan."""
    block = _BLOCKS.read(message)
    for name in SAMPLE_COLUMNS:
        if len(getattr(block, name)) != len(block):
            raise WireError(f"{name} has {len(getattr(block, name))} rows where {len(block)} belong")
    if len(block.trace) not in (0, samples.TRACE_BYTES * len(block)):
        raise WireError(f"trace has {len(block.trace)} bytes for {len(block)} samples")
    check_range("start of a sample", block.started, 2**62, -(2**62))
    check_range("duration of a sample", block.duration, 2**62)
    check_range("slot of a sample", block.slot, 2**31)
    return block


_SAMPLES = RecordCodec(
    messages.SampleMessage,
    pb.SampleMessage,
    incarnation=WireField(partial(read_key, "an incarnation")),
    blocks=each(_BLOCKS, _read_block, MAX_BLOCKS),
    exemplars=each(EXEMPLARS, at_most=MAX_BLOCKS),
)

encode_samples = _SAMPLES.write
decode_samples = _SAMPLES.read
