"""The content of a provision as bytes: the job as one JSON document, rows as JSON lists, both in pieces."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

from gradual_common.errors import WireError
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import MAX_MESSAGE_BYTES, Rows

PIECE_BYTES = MAX_MESSAGE_BYTES * 3 // 4
"""Room is left for names, ordinals and framing."""

ORDINAL_BYTES = 6
"""What one more row costs beside its value: a varint of its ordinal and a comma."""


def pieces_of(data: bytes) -> Iterator[bytes]:
    """`data` cut into pieces that fit into a message."""
    return (data[begin : begin + PIECE_BYTES] for begin in range(0, len(data), PIECE_BYTES))


def dump_json(value: Any) -> bytes:
    """Plain data as JSON; halves of surrogate pairs that a response brought in survive."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def load_json(data: bytes, what: str) -> Any:
    """Read `dump_json` back; raises WireError."""
    try:
        return json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"{what} cannot be read: {error}") from error


def encode_job(job: Job) -> bytes:
    """The job as JSON; the content of assets in base64."""
    assets = {path: b64encode(content).decode("ascii") for path, content in job.assets.items()}
    return dump_json(
        {
            "document": job.document,
            "assets": assets,
            "secrets": job.secrets,
            "seed": job.seed,
            "wants_samples": job.wants_samples,
            "credentials": list(job.credentials),
        }
    )


def decode_job(data: bytes) -> Job:
    """Read `encode_job` back; raises WireError."""
    content = load_json(data, "the job")
    try:
        document, secrets = content["document"], content["secrets"]
        assets = {path: b64decode(text, validate=True) for path, text in content["assets"].items()}
        seed, wants_samples = content["seed"], content.get("wants_samples")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError(f"the job is not whole: {error!r}") from error
    if not (isinstance(document, dict) and isinstance(secrets, dict) and isinstance(seed, int)):
        raise WireError("the job is not whole: document and secrets are mappings, the seed is an integer")
    credentials = content.get("credentials", [])
    if not isinstance(credentials, list) or not all(isinstance(value, str) for value in credentials):
        raise WireError("the job is not whole: credentials are a list of texts")
    return Job(document, assets, secrets, seed, bool(wants_samples), tuple(credentials))


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
