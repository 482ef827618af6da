"""Provisions are cut into pieces and put together again without loss; no bytes raise anything but WireError."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import WireError
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import MAX_MESSAGE_BYTES, Provision, Rows
from gradual_common.protocol.provisions import (
    PIECE_BYTES,
    ProvisionAssembler,
    decode_job,
    decode_values,
    encode_job,
    encode_provision,
    pieces_of,
    row_pieces,
)
from gradual_common.wire import fleet_pb2 as pb

name = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, categories=("L", "N", "P")), max_size=20)


@given(st.integers(0, 3 * PIECE_BYTES))
def test_pieces_are_the_whole_and_none_is_too_long(size: int) -> None:
    pieces = list(pieces_of(bytes(size)))
    assert b"".join(pieces) == bytes(size)
    assert all(len(piece) <= PIECE_BYTES for piece in pieces)


def test_a_job_is_the_same_afterwards_with_any_texts() -> None:
    job = Job({"a": [1, 2.5, None, True, "ü\ud800"]}, {"p": b"\x00"}, {"K": "v"}, 7)
    assert decode_job(b"".join(encode_job(job))) == job
    asking = replace(job, wants_samples=True)
    assert decode_job(b"".join(encode_job(asking))) == asking


@given(st.dictionaries(name, st.binary()))
def test_its_files_are_the_same_afterwards(assets: dict[str, bytes]) -> None:
    job = Job({}, assets, {}, 7)
    assert decode_job(b"".join(encode_job(job))) == job


@pytest.mark.parametrize(
    ("line", "content"),
    [
        (b'{"a":3}', b"ab"),
        (b'{"a":1}', b"ab"),
        (b'{"a":3,"b":-1}', b"ab"),
        (b'{"a":"2"}', b"ab"),
        (b'{"a":2.0}', b"ab"),
        (b"[]", b"ab"),
        (b"{}", b"ab"),
        (b'{"a":2}', b""),
    ],
)
def test_a_job_whose_files_are_not_whole_is_a_wire_error(line: bytes, content: bytes) -> None:
    for end in (b"\n", b""):
        with pytest.raises(WireError):
            decode_job(b'{"document":{},"secrets":{},"seed":1,"assets":' + line + b"}" + end + content)


def test_rows_share_a_message_as_long_as_they_fit() -> None:
    """Two rows of a good third of a piece, the third begins another."""
    text = "x" * (PIECE_BYTES * 2 // 5)
    pieces = list(row_pieces(Rows(0, "user", (4, 5, 6), ({"t": text},) * 3)))
    assert [ordinals for ordinals, _ in pieces] == [[4, 5], [6]]
    assert decode_values(pieces[1][1], 1) == ({"t": text},)


def test_the_ordinal_of_a_cut_row_is_sent_with_its_last_part() -> None:
    pieces = list(row_pieces(Rows(0, "user", (4, 5), ({"t": "x" * 2 * PIECE_BYTES}, {}))))
    assert [ordinals for ordinals, _ in pieces] == [[], [], [4], [5]]


def test_no_rows_are_no_message() -> None:
    assert list(row_pieces(Rows(0, "user", (), ()))) == []


@given(st.binary(max_size=300))
def test_garbage_in_a_chunk_is_a_wire_error_or_a_provision(data: bytes) -> None:
    for chunk in (
        pb.ProvisionChunk(sequence=1, job=data, complete=True),
        pb.ProvisionChunk(sequence=1, rows=pb.Rows(name="user", ordinals=[0], values=data), complete=True),
    ):
        with suppress(WireError):
            ProvisionAssembler().feed(chunk)


JOB = Job({"config": {"name": "größer"}}, {"ca.pem": b"\x00\xff"}, {"KEY": "hunter2"}, 2**63 - 1)
rows_of = st.builds(
    lambda group, name, values: Rows(group, name, tuple(range(5, 5 + len(values))), tuple(values)),
    st.integers(0, 9),
    name,
    st.lists(st.dictionaries(name, name | st.integers() | st.none(), max_size=3), min_size=1, max_size=9),
)


def assembled(*provisions: Provision) -> list[Provision]:
    assembler = ProvisionAssembler()
    done = [assembler.feed(chunk) for provision in provisions for chunk in encode_provision(provision)]
    return [provision for provision in done if provision is not None]


@given(st.lists(st.tuples(st.none() | st.just(JOB), st.lists(rows_of, max_size=3)), max_size=3))
def test_provisions_survive_the_wire_one_after_the_other(contents: list[tuple[Job | None, list[Rows]]]) -> None:
    provisions = [Provision(3 * n + 1, job, tuple(rows)) for n, (job, rows) in enumerate(contents)]
    assert assembled(*provisions) == provisions


def test_large_jobs_many_rows_and_giant_rows_go_in_chunks_below_the_limit() -> None:
    job = replace(JOB, assets={"blob": bytes(700_000)})
    many = Rows(0, "user", tuple(range(40_000)), tuple({"id": f"{n:032}"} for n in range(40_000)))
    giant = Rows(1, "doc", (0, 1, 2), ({"id": 1}, {"text": "ö" * 400_000}, {"id": 3}))
    provision = Provision(1, job, (many, giant))
    chunks = list(encode_provision(provision))
    assert max(chunk.ByteSize() for chunk in chunks) <= MAX_MESSAGE_BYTES
    (found,) = assembled(provision)
    assert found.job == job
    values = {
        (rows.name, ordinal): value
        for rows in found.rows
        for ordinal, value in zip(rows.ordinals, rows.values, strict=True)
    }
    assert values == {
        (rows.name, ordinal): value
        for rows in (many, giant)
        for ordinal, value in zip(rows.ordinals, rows.values, strict=True)
    }


def chunk(sequence: int, **content: Any) -> pb.ProvisionChunk:
    return pb.ProvisionChunk(sequence=sequence, **content)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([chunk(0)], "provision is 0"),
        ([chunk(2, complete=True), chunk(2)], "provision 2 does not follow: 3 is due"),
        ([chunk(1, job=b"{"), chunk(2)], "provision 2 does not follow: 1 is due"),
        ([chunk(1, rows=pb.Rows(values=b"[{")), chunk(1, complete=True)], "ends in the middle of a row"),
        ([chunk(1, rows=pb.Rows(ordinals=[1, 2], values=b"[{}]"))], "does not hold 2 mappings"),
        ([chunk(1, rows=pb.Rows(ordinals=[1], values=b"[1]"))], "does not hold 1 mappings"),
        ([chunk(1, rows=pb.Rows(name="a\x1b", ordinals=[1], values=b"[{}]"))], "data set is"),
        ([chunk(1, job=b"[]", complete=True)], "the job is not whole"),
        ([chunk(1, job=b"\xff", complete=True)], "the job cannot be read"),
        ([chunk(1, job=b"[" * 100_000, complete=True)], "the job cannot be read"),
        (
            [chunk(1, job=b'{"document":[],"secrets":{},"assets":{},"seed":1}', complete=True)],
            "document and secrets are mappings",
        ),
    ],
)
def test_chunks_that_do_not_fit_together_are_refused(chunks: list[pb.ProvisionChunk], message: str) -> None:
    *good, bad = chunks
    assembler = ProvisionAssembler()
    for piece in good:
        assembler.feed(piece)
    with pytest.raises(WireError, match=message):
        assembler.feed(bad)


def test_what_a_set_up_extracted_arrives_as_it_was_and_is_checked() -> None:
    assembler = ProvisionAssembler()
    (chunk,) = encode_provision(Provision(2, variables=b'{"token":"t-1"}'))
    assert assembler.feed(chunk) == Provision(2, variables=b'{"token":"t-1"}')
    with pytest.raises(WireError, match="what the set-up extracted is not a mapping"):
        assembler.feed(pb.ProvisionChunk(sequence=3, variables=b"[]", complete=True))
