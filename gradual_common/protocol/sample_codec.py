"""Between `SampleMessage` and protobuf; decoding trusts nothing, as in `codec`."""

from __future__ import annotations

from functools import partial
from typing import Any

from gradual_common.errors import WireError
from gradual_common.kinds.exchange import check_exchange
from gradual_common.protocol.batch_checks import MOST_OUTCOMES, check_range
from gradual_common.protocol.messages import SampleMessage
from gradual_common.protocol.provisions import dump_json, load_json
from gradual_common.protocol.records import RecordCodec, WireField, columns, each, number, read_key
from gradual_common.protocol.samples import Exemplar, SampleColumns
from gradual_common.wire import fleet_pb2 as pb

COLUMNS = ("started", "duration", "slot", "step", "kind", "status")


_BLOCK = RecordCodec(SampleColumns, pb.SampleBlock, level=number("level of samples", -1), **columns(*COLUMNS))


def encode_samples(message: SampleMessage) -> pb.SampleMessage:
    """For the wire."""
    encoded: pb.SampleMessage = _MESSAGE.write(message)
    return encoded


def decode_samples(message: pb.SampleMessage) -> SampleMessage:
    """From the wire; raises WireError for anything that does not hold together."""
    return _MESSAGE.read(message)


def _read_block(message: pb.SampleBlock) -> SampleColumns:
    block = _BLOCK.read(message)
    check_samples(block)
    return block


def check_samples(block: SampleColumns) -> None:
    """Raise WireError unless the columns are of one length and hold what they may; steps are the plan's affair."""
    for name in COLUMNS:
        if len(getattr(block, name)) != len(block):
            raise WireError(f"{name} has {len(getattr(block, name))} rows where {len(block)} belong")
    check_range("start of a sample", block.started, 2**62, -(2**62))
    check_range("duration of a sample", block.duration, 2**62)
    check_range("slot of a sample", block.slot, 2**31)


def _read_random(key: float) -> float:
    if not 0 <= key < 1:
        raise WireError(f"the key of an exchange is {key}; allowed is [0, 1)")
    return key


def _read_document(data: bytes) -> dict[str, Any]:
    """An exchange as `describe_exchange` makes it, and nothing else: it goes into a summary as it is."""
    document = load_json(data, "an exchange")
    if not isinstance(document, dict):
        raise WireError("an exchange is no mapping")
    check_exchange(document)
    return document


_EXEMPLAR = RecordCodec(
    Exemplar,
    pb.Exemplar,
    kind=number("kind of an exchange", 1, MOST_OUTCOMES - 1),
    key=WireField(_read_random),
    document=WireField(_read_document, dump_json),
)
_MESSAGE = RecordCodec(
    SampleMessage,
    pb.SampleMessage,
    incarnation=WireField(partial(read_key, "an incarnation")),
    blocks=each(_read_block, _BLOCK.write),
    exemplars=each(_EXEMPLAR.read, _EXEMPLAR.write),
)
