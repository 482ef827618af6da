"""Between `SampleMessage` and protobuf; decoding trusts nothing, as in `codec`."""

from __future__ import annotations

from types import NoneType
from typing import Any

from gradual_common.errors import WireError
from gradual_common.protocol.batch_checks import MOST_OUTCOMES, check_number, check_range, read_column, write_column
from gradual_common.protocol.messages import SampleMessage
from gradual_common.protocol.provisions import decode_document, encode_document
from gradual_common.protocol.samples import Exemplar, SampleColumns
from gradual_common.wire import fleet_pb2 as pb

COLUMNS = ("started", "duration", "slot", "step", "kind", "status")
INCARNATION_BYTES = 16

Kinds = dict[str, type | tuple[type, ...]]


def encode_samples(message: SampleMessage) -> pb.SampleMessage:
    """For the wire."""
    return pb.SampleMessage(
        incarnation=message.incarnation,
        blocks=[_encode_block(block) for block in message.blocks],
        exemplars=[_encode_exemplar(exemplar) for exemplar in message.exemplars],
    )


def decode_samples(message: pb.SampleMessage) -> SampleMessage:
    """From the wire; raises WireError for anything that does not hold together."""
    if len(message.incarnation) != INCARNATION_BYTES:
        raise WireError(f"an incarnation has {len(message.incarnation)} bytes; {INCARNATION_BYTES} are wanted")
    return SampleMessage(
        message.incarnation,
        tuple(_decode_block(block) for block in message.blocks),
        tuple(_decode_exemplar(exemplar) for exemplar in message.exemplars),
    )


def _encode_block(block: SampleColumns) -> pb.SampleBlock:
    return pb.SampleBlock(
        level=block.level,
        started=write_column(block.started),
        duration=write_column(block.duration),
        slot=write_column(block.slot),
        step=write_column(block.step),
        kind=write_column(block.kind),
        status=write_column(block.status),
    )


def _decode_block(block: pb.SampleBlock) -> SampleColumns:
    level = check_number("level of samples", block.level, -1)
    decoded = SampleColumns(level, *(read_column(name, getattr(block, name)) for name in COLUMNS))
    check_samples(decoded)
    return decoded


def check_samples(block: SampleColumns) -> None:
    """Raise WireError unless the columns are of one length and hold what they may; steps are the plan's affair."""
    for name in COLUMNS:
        if len(getattr(block, name)) != len(block):
            raise WireError(f"{name} has {len(getattr(block, name))} rows where {len(block)} belong")
    check_range("start of a sample", block.started, 2**62, -(2**62))
    check_range("duration of a sample", block.duration, 2**62)
    check_range("slot of a sample", block.slot, 2**31)


def _encode_exemplar(exemplar: Exemplar) -> pb.Exemplar:
    return pb.Exemplar(
        step=exemplar.step,
        kind=exemplar.kind,
        number=exemplar.number,
        key=exemplar.key,
        ended=exemplar.ended,
        slot=exemplar.slot,
        document=encode_document(exemplar.document),
    )


def _decode_exemplar(exemplar: pb.Exemplar) -> Exemplar:
    if not 0 <= exemplar.key < 1:
        raise WireError(f"the key of an exchange is {exemplar.key}; allowed is [0, 1)")
    return Exemplar(
        step=exemplar.step,
        kind=check_number("kind of an exchange", exemplar.kind, 1, MOST_OUTCOMES - 1),
        number=exemplar.number,
        key=exemplar.key,
        ended=exemplar.ended,
        slot=exemplar.slot,
        document=_read_document(exemplar.document),
    )


def _read_document(data: bytes) -> dict[str, Any]:
    """An exchange as `describe_exchange` makes it, and nothing else: it goes into a summary as it is."""
    document = decode_document(data)
    _check_keys("an exchange", document, {"detail": str, "request": (dict, NoneType), "response": (dict, NoneType)})
    if document["request"] is not None:
        _check_message("a request", document["request"], {"method": str, "url": str, "body": str, "body_bytes": int})
    if document["response"] is not None:
        kinds: Kinds = {"status_code": int, "body": (str, NoneType), "body_bytes": (int, NoneType)}
        _check_message("a response", document["response"], kinds)
    return document


def _check_message(what: str, message: dict[str, Any], kinds: Kinds) -> None:
    _check_keys(what, message, {**kinds, "headers": list})
    for entry in message["headers"]:
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry)):
            raise WireError(f"a header of {what} is no pair of texts")


def _check_keys(what: str, document: dict[str, Any], kinds: Kinds) -> None:
    if document.keys() != kinds.keys():
        raise WireError(f"{what} has the keys {', '.join(sorted(document))}; {', '.join(sorted(kinds))} are wanted")
    for key, kind in kinds.items():
        if not isinstance(document[key], kind) or isinstance(document[key], bool):
            raise WireError(f"{key} of {what} is a {type(document[key]).__name__}")
