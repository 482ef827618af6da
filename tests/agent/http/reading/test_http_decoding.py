"""Codings are undone within limits; a coding that is broken, cut off or not known is a failure."""

import gzip
import random
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.decoding import KNOWN_CODINGS, decode_body
from gradual_common.kinds.failures import KIND

PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@given(st.binary(), st.sampled_from([*PACKERS.items(), ("deflate", raw_deflate)]))
def test_codings_are_undone(data, coding):
    name, pack = coding
    assert decode_body(pack(data), (name,), len(data)) == data


def test_codings_are_undone_last_first_and_members_joined():
    assert decode_body(gzip.compress(zlib.compress(b"x")), ("deflate", "gzip"), 100) == b"x"
    assert decode_body(gzip.compress(b"a") + gzip.compress(b"b"), ("x-gzip",), 100) == b"ab"


def test_what_is_no_coding_changes_nothing():
    assert decode_body(b"x", ("identity",), 1) == decode_body(b"x", ("none",), 1) == b"x"
    assert decode_body(b"", ("gzip", "unknown"), 1) == b""


def test_a_coding_that_is_not_known_is_named():
    with pytest.raises(ResponseError, match="coding 'snappy' is not known; gzip, x-gzip, deflate, br, zstd are"):
        decode_body(b"x", ("snappy",), 100)
    with pytest.raises(ResponseError, match="6 codings; 5 are undone"):
        decode_body(b"x", ("identity",) * 6, 100)


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("trailing", [b"\r\n", bytes(9), b"x" * 100, b"\x1f", b"\x28\xb5"])
@pytest.mark.parametrize("size", [0, 5, 4090, 4092, 100_000])
def test_bytes_after_the_end_of_a_stream_are_skipped(coding, trailing, size):
    data = random.Random(size).randbytes(size)
    assert decode_body(PACKERS[coding](data) + trailing, (coding,), size) == data


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("missing", [1, 3])
def test_a_stream_without_its_end_is_refused(coding, size, missing):
    packed = PACKERS[coding](random.Random(size).randbytes(size))
    with pytest.raises(ResponseError, match=f"the body is not valid {coding}: it ends early") as caught:
        decode_body(packed[:-missing], (coding,), size)
    assert caught.value.failure.kind == KIND["protocol"]


@pytest.mark.parametrize("coding", PACKERS)
def test_what_is_not_of_its_coding_is_refused(coding):
    with pytest.raises(ResponseError, match=f"the body is not valid {coding}") as caught:
        decode_body(b"junkjunkjunk", (coding,), 100)
    assert caught.value.failure.kind == KIND["protocol"]


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("limit", [0, 1, 100, 1_000_000, 99_999_999])
def test_a_few_bytes_that_stand_for_many_are_not_unpacked(coding, limit):
    bomb = PACKERS[coding](bytes(100_000_000))
    made, _ = KNOWN_CODINGS[coding](bomb, limit + 1)
    assert limit < len(made) <= 2 * limit + 16_000_000
    with pytest.raises(ResponseError, match=f"larger than {limit} bytes once {coding} is undone") as caught:
        decode_body(bomb, (coding,), limit)
    assert caught.value.failure.kind == KIND["body_too_large"]


@pytest.mark.parametrize(("coding", "members"), [("gzip", 2), ("gzip", 7), ("zstd", 2), ("zstd", 7)])
def test_members_are_joined_and_bounded_together(coding, members):
    packed = PACKERS[coding](bytes(60)) * members
    assert decode_body(packed, (coding,), 60 * members) == bytes(60 * members)
    with pytest.raises(ResponseError) as caught:
        decode_body(packed, (coding,), 60 * members - 1)
    assert caught.value.failure.kind == KIND["body_too_large"]


def test_frames_that_zstd_skips_are_skipped():
    skipped = b"\x53\x2a\x4d\x18\x02\0\0\0ab"
    assert decode_body(skipped + zstandard.compress(b"a") + skipped, ("zstd",), 9) == b"a"


@pytest.mark.parametrize(("coding", "part"), [("gzip", gzip.compress(b"")), ("zstd", zstandard.compress(b""))])
def test_a_body_of_very_many_empty_parts_is_refused(coding, part):
    assert decode_body(part * 4095, (coding,), 100) == b""
    with pytest.raises(ResponseError, match=f"{coding} of more than 4,096 parts"):
        decode_body(part * 5000, (coding,), 100)


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_parts_of_any_size_are_read_wherever_they_start(coding, pack):
    parts = [random.Random(size).randbytes(size) for size in (0, 65_500, 1, 200_000, 3)]
    body = b"".join(map(pack, parts))
    assert decode_body(body + b"rest", (coding,), 300_000) == b"".join(parts)
    with pytest.raises(ResponseError, match="larger than 265502 bytes"):
        decode_body(body, (coding,), 265_502)
