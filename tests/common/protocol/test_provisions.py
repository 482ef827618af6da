"""The content of provisions is cut into pieces and put together again without loss."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import Rows
from gradual_common.protocol.provisions import PIECE_BYTES, decode_job, decode_values, encode_job, pieces_of, row_pieces


@given(st.integers(0, 3 * PIECE_BYTES))
def test_pieces_are_the_whole_and_none_is_too_long(size: int) -> None:
    pieces = list(pieces_of(bytes(size)))
    assert b"".join(pieces) == bytes(size)
    assert all(len(piece) <= PIECE_BYTES for piece in pieces)


def test_a_job_is_the_same_afterwards_whatever_its_texts_hold() -> None:
    job = Job({"a": [1, 2.5, None, True, "ü\ud800"]}, {"p": b"\x00"}, {"K": "v"}, 7)
    assert decode_job(encode_job(job)) == job
    asking = replace(job, wants_samples=True)
    assert decode_job(encode_job(asking)) == asking


def test_rows_share_a_message_as_long_as_they_fit() -> None:
    """Two rows of a good third of a piece, the third begins another."""
    text = "x" * (PIECE_BYTES * 2 // 5)
    pieces = list(row_pieces(Rows(0, "user", (4, 5, 6), ({"t": text},) * 3)))
    assert [ordinals for ordinals, _ in pieces] == [[4, 5], [6]]
    assert decode_values(pieces[1][1], 1) == ({"t": text},)


def test_the_ordinal_of_a_cut_row_stands_with_its_last_part() -> None:
    pieces = list(row_pieces(Rows(0, "user", (4, 5), ({"t": "x" * 2 * PIECE_BYTES}, {}))))
    assert [ordinals for ordinals, _ in pieces] == [[], [], [4], [5]]


def test_no_rows_are_no_message() -> None:
    assert list(row_pieces(Rows(0, "user", (), ()))) == []
