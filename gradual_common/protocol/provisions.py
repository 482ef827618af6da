"""A provision on the wire: the job as a JSON document and the files that it needs, rows as JSON lists, all in pieces.

The chunks stay below the size limit of a message: first the parts of the job, then rows, several per chunk. A row that
is larger than a chunk is cut, and its ordinal is sent with the last part. Decoding trusts nothing, as in `codec`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from gradual_common.errors import WireError
from gradual_common.protocol.batch_checks import check_number
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import MAX_MESSAGE_BYTES, Provision, Rows
from gradual_common.protocol.records import read_line
from gradual_common.wire import fleet_pb2 as pb

PIECE_BYTES = MAX_MESSAGE_BYTES * 3 // 4
"""The rest of a message is room for names, ordinals and framing."""

MAX_VARIABLES_BYTES = MAX_MESSAGE_BYTES // 4
"""What a set-up may extract, as JSON: it goes in one message, beside the other parts of its report."""

ORDINAL_BYTES = 6
"""What a row needs in addition to its value: a varint of its ordinal (up to 5 bytes for 32 bits) and a comma."""


def pieces_of(data: bytes) -> Iterator[bytes]:
    """`data` cut into pieces that fit into a message."""
    return (data[start : start + PIECE_BYTES] for start in range(0, len(data), PIECE_BYTES))


def dump_json(value: Any) -> bytes:
    """Plain data as JSON; halves of surrogate pairs that a response brought in survive."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def load_json(data: bytes, what: str) -> Any:
    """Read `dump_json` back; raises WireError."""
    try:
        return json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"{what} cannot be read: {error}") from error


def load_variables(data: bytes) -> dict[str, Any]:
    """Read the variables of a set-up; raises WireError. Empty for nothing."""
    variables = load_json(data, "what the set-up extracted") if data else {}
    if not isinstance(variables, dict):
        raise WireError("what the set-up extracted is not a mapping")
    return variables


def encode_job(job: Job) -> Iterator[bytes]:
    """The job: JSON, which has the sizes of the assets; if there are any, a line end and their contents as they are."""
    # An asset may be large, and every agent gets it: as JSON it would be in memory several times.
    sizes = {path: len(content) for path, content in job.assets.items()}
    yield dump_json({field.name: getattr(job, field.name) for field in fields(Job)} | {"assets": sizes})
    if sizes:
        yield b"\n"
        yield from job.assets.values()


def decode_job(data: bytes | bytearray) -> Job:
    """Read `encode_job` back; raises WireError."""
    end = data.find(b"\n") if b"\n" in data else len(data)
    content = load_json(bytes(data[:end]), "the job")
    try:
        document, secrets = content["document"], content["secrets"]
        seed, wants_samples, sizes = content["seed"], content.get("wants_samples"), content["assets"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError(f"the job is not whole: {error!r}") from error
    if not (isinstance(document, dict) and isinstance(secrets, dict) and isinstance(seed, int)):
        raise WireError("the job is not whole: document and secrets are mappings, the seed is an integer")
    credentials = content.get("credentials", [])
    if not isinstance(credentials, list) or not all(isinstance(value, str) for value in credentials):
        raise WireError("the job is not whole: credentials are a list of texts")
    assets = _read_assets(data, min(end + 1, len(data)), sizes)
    return Job(document, assets, secrets, seed, bool(wants_samples), tuple(credentials), _read_dealt(content))


def _read_assets(data: bytes | bytearray, start: int, sizes: Any) -> dict[str, bytes]:
    if not isinstance(sizes, dict) or not all(isinstance(size, int) and size >= 0 for size in sizes.values()):
        raise WireError("the job is not whole: assets are sizes by path")
    assets: dict[str, bytes] = {}
    with memoryview(data) as view:
        for path, size in sizes.items():
            assets[path] = bytes(view[start : start + size])
            start += size
    if start != len(data):
        raise WireError(f"the job is not whole: its assets end at {start:,} of {len(data):,} bytes")
    return assets


def _read_dealt(content: dict[str, Any]) -> tuple[tuple[int, str], ...]:
    try:
        dealt = tuple((group, name) for group, name in content.get("dealt", []))
    except (TypeError, ValueError):
        dealt = ((-1, ""),)
    if not all(isinstance(group, int) and group >= 0 and isinstance(name, str) for group, name in dealt):
        raise WireError("the job is not whole: dealt are pairs of group and data set")
    return dealt


def row_pieces(rows: Rows) -> Iterator[tuple[list[int], bytes]]:
    """The (ordinals, values) messages of rows: as many rows as fit; parts of a row that is larger have no ordinal."""
    ordinals: list[int] = []
    texts: list[bytes] = []
    room = PIECE_BYTES
    for ordinal, value in zip(rows.ordinals, rows.values, strict=True):
        text = dump_json(value)
        if texts and len(text) + ORDINAL_BYTES > room:
            yield from _message(ordinals, texts)
            ordinals, texts, room = [], [], PIECE_BYTES
        ordinals.append(ordinal)
        texts.append(text)
        room -= len(text) + ORDINAL_BYTES
    if texts:
        yield from _message(ordinals, texts)


def _message(ordinals: list[int], texts: list[bytes]) -> Iterator[tuple[list[int], bytes]]:
    *parts, last = pieces_of(b"[" + b",".join(texts) + b"]")
    yield from (([], part) for part in parts)
    yield ordinals, last


def decode_values(data: bytes, count: int) -> tuple[dict[str, Any], ...]:
    """`count` rows of a JSON list; raises WireError."""
    values = load_json(data, "a list of data rows")
    if not isinstance(values, list) or len(values) != count or not all(isinstance(value, dict) for value in values):
        raise WireError(f"a list of data rows does not hold {count} mappings")
    return tuple(values)


def encode_provision(provision: Provision) -> Iterator[pb.ProvisionChunk]:
    """The chunks of one provision, in order; the last is marked complete."""
    if provision.job is not None:
        for part in encode_job(provision.job):
            yield from (pb.ProvisionChunk(sequence=provision.sequence, job=data) for data in pieces_of(part))
    for rows in provision.rows:
        for ordinals, values in row_pieces(rows):
            piece = pb.Rows(group=rows.group, name=rows.name, ordinals=ordinals, values=values)
            yield pb.ProvisionChunk(sequence=provision.sequence, rows=piece)
    yield pb.ProvisionChunk(sequence=provision.sequence, variables=provision.variables, complete=True)


class ProvisionAssembler:
    """Joins chunks to provisions, one provision after the other."""

    def __init__(self) -> None:
        # The number of the provision that is being received; between two of them, the lowest number that may follow.
        self._sequence = 0
        self._job = bytearray()
        self._values = bytearray()
        self._rows: list[Rows] = []

    def feed(self, chunk: pb.ProvisionChunk) -> Provision | None:
        """Take the next chunk; returns the provision if the chunk was its last one.

        Raises WireError for a sequence that does not rise or starts before the last one was complete, and for
        content that cannot be read.
        """
        sequence = check_number("provision", chunk.sequence, 1)
        is_begun = self._job or self._values or self._rows
        if sequence < self._sequence or (sequence > self._sequence and is_begun):
            raise WireError(f"provision {sequence} does not follow: {self._sequence} is due")
        self._sequence = sequence
        self._job += chunk.job
        if chunk.HasField("rows"):
            self._feed_rows(chunk.rows)
        return self._complete(chunk.variables) if chunk.complete else None

    def _feed_rows(self, rows: pb.Rows) -> None:
        self._values += rows.values
        if not rows.ordinals:
            return
        ordinals = tuple(rows.ordinals)
        values = decode_values(bytes(self._values), len(ordinals))
        self._values.clear()
        self._rows.append(Rows(rows.group, read_line("data set", rows.name), ordinals, values))

    def _complete(self, variables: bytes) -> Provision:
        if self._values:
            raise WireError(f"provision {self._sequence} ends in the middle of a row")
        job = decode_job(self._job) if self._job else None
        load_variables(variables)  # It is checked here, and read where it is used.
        provision = Provision(self._sequence, job, tuple(self._rows), variables)
        self._job.clear()
        self._rows = []
        self._sequence += 1
        return provision
