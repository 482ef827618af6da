"""Codings are undone as the bytes come: nothing waits for the end of a stream, and pieces have a limit."""

import gzip
import zlib

import pytest

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.inflating import PIECE, Inflater, inflater_of

TEXTS = [b"data: first\n\n", b"data: second\n\n", b"x" * (3 * PIECE), b""]
FORMATS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def flushed(wbits: int) -> list[bytes]:
    """Each text as a server sends it at once."""
    packer = zlib.compressobj(wbits=wbits)
    return [packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH) for text in TEXTS]


@pytest.mark.parametrize(("coding", "wbits"), [*FORMATS.items(), ("deflate", -zlib.MAX_WBITS)])
def test_each_text_comes_when_it_is_flushed(coding: str, wbits: int) -> None:
    inflater = Inflater(coding)
    for text, packed in zip(TEXTS, flushed(wbits), strict=True):
        pieces = list(inflater.feed(packed))
        assert b"".join(pieces) == text
        assert all(0 < len(piece) <= PIECE for piece in pieces)


@pytest.mark.parametrize(("coding", "wbits"), [*FORMATS.items(), ("deflate", -zlib.MAX_WBITS)])
def test_the_cuts_do_not_matter(coding: str, wbits: int) -> None:
    packed = b"".join(flushed(wbits))
    inflater = Inflater(coding)
    assert b"".join(piece for n in range(len(packed)) for piece in inflater.feed(packed[n : n + 1])) == b"".join(TEXTS)


def test_members_of_gzip_follow_each_other_and_other_bytes_are_skipped() -> None:
    packed = gzip.compress(b"one") + gzip.compress(b"two") + b"rest" + gzip.compress(b"never")
    assert b"".join(Inflater("gzip").feed(packed)) == b"onetwo"
    inflater = Inflater("gzip")
    assert (
        b"".join(piece for each in (gzip.compress(b"a"), gzip.compress(b"b")) for piece in inflater.feed(each)) == b"ab"
    )


@pytest.mark.parametrize(("coding", "wbits"), [*FORMATS.items(), ("deflate", -zlib.MAX_WBITS)])
def test_it_is_whole_with_its_end_or_without_a_byte(coding: str, wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(b"data: a") + packer.flush()
    inflater = Inflater(coding)
    known = [inflater.is_whole]
    for number in range(len(packed)):
        list(inflater.feed(packed[number : number + 1]))
        known.append(inflater.is_whole)
    assert known == [True, *[False] * (len(packed) - 1), True]


def test_what_is_not_in_the_coding_is_a_failure() -> None:
    with pytest.raises(ResponseError, match="the stream is not valid gzip: "):
        list(Inflater("gzip").feed(b"data: plain\n\n"))


def test_only_one_coding_that_can_be_cut_is_known() -> None:
    assert inflater_of(()) is None
    assert inflater_of(("identity",)) is None
    assert isinstance(inflater_of(("identity", "gzip")), Inflater)
    for codings in (("br",), ("gzip", "gzip"), ("unknown",)):
        with pytest.raises(KeyError):
            inflater_of(codings)
