"""Long messages in pieces have the bytes of plain ones."""

from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http import long_bytes
from gradual_agent.http.long_bytes import PIECE, LongBytes, insert_bytes, join_pieces, split_piece

FILE = bytes(range(256)) * (PIECE // 128)
PARTS = st.lists(st.sampled_from([b"", b"a", b"head\r\n", FILE, FILE[:PIECE], FILE[1:]]), max_size=5)


@given(PARTS, st.integers(0, 5 * PIECE), st.integers(0, 5 * PIECE))
def test_a_part_is_that_of_the_joined_bytes(pieces: list[bytes], start: int, stop: int) -> None:
    whole, long = b"".join(pieces), LongBytes(pieces)
    part = long[start:stop]
    assert (len(long), bytes(long), bytes(part)) == (len(whole), whole, whole[start:stop])
    assert isinstance(part, bytes) == (len(part) <= PIECE)


@given(PARTS, PARTS)
def test_they_are_joined_and_split_as_bytes_are(before: list[bytes], after: list[bytes]) -> None:
    first, second = b"".join(before), b"".join(after)
    assert bytes(join_pieces(before) + join_pieces(after)) == first + second
    assert bytes(insert_bytes(join_pieces([*before, *after]), len(first), b"+")) == first + b"+" + second
    piece, rest = split_piece(join_pieces(before))
    assert (bytes(piece), bytes(rest)) == (first[:PIECE], first[PIECE:])


def test_a_large_file_is_not_copied() -> None:
    message = b"head" + join_pieces((b"before", FILE, b"after"))
    assert isinstance(message, LongBytes)
    assert any(piece.obj is FILE for piece in message._pieces)
    assert long_bytes.join_pieces((b"short",)) == b"short"
