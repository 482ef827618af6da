"""A slot's random stream is reproducible, its own, and even."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gradual_common.randomness import RandomStream


def test_the_words_are_those_of_splitmix64() -> None:
    """The reference values for seed 1234567 in Vigna's splitmix64.c, as Rosetta Code lists them."""
    stream = RandomStream(1234567)
    assert [stream.word() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_a_stream_depends_on_seed_group_ordinal_and_tenure_and_on_nothing_else() -> None:
    keys = [(1, 2, 3, 4), (2, 2, 3, 4), (1, 3, 3, 4), (1, 2, 4, 4), (1, 2, 3, 5), (12, 3, 4, 0), (1, 23, 4, 0)]
    assert len({RandomStream.of_slot(*key).word() for key in keys}) == len(keys)
    assert RandomStream.of_slot(1, 2, 3, 4).word() == RandomStream.of_slot(1, 2, 3, 4).word()


@given(st.integers(0, 2**64 - 1))
def test_a_unit_draw_is_never_an_end(state: int) -> None:
    assert 0 < RandomStream(state).unit() < 1


def test_two_halves_are_one_word_whatever_is_drawn_in_between() -> None:
    words, halves = RandomStream(7), RandomStream(7)
    first, second, third = (words.word() for _ in range(3))
    assert halves.half() == first >> 32
    assert halves.word() == second
    assert halves.half() == first & 0xFFFFFFFF
    assert halves.half() == third >> 32


@given(st.integers(0, 2**64 - 1), st.integers(-(2**80), 2**80), st.integers(0, 2**80))
def test_an_integer_lies_between_its_bounds(state: int, low: int, span: int) -> None:
    assert low <= RandomStream(state).integer(low, low + span) <= low + span


def test_every_face_of_a_die_comes_up_as_often() -> None:
    stream = RandomStream(1)
    faces = Counter(stream.choice("123456") for _ in range(60_000))
    assert set(faces) == set("123456")
    assert max(abs(count - 10_000) for count in faces.values()) < 400
