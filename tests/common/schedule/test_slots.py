"""Slot order is Webster's: exact, house-monotone, and the same for every total."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.schedule.slots import apportion

mixes = st.lists(st.integers(0, 500), min_size=1, max_size=8).filter(any)


def by_definition(weights: list[int], total: int) -> tuple[int, ...]:
    """Webster's method seat by seat, as textbooks have it."""
    counts = [0] * len(weights)
    for _ in range(total):
        claims = [(Fraction(2 * counts[i] + 1, weight), i) for i, weight in enumerate(weights) if weight]
        counts[min(claims)[1]] += 1
    return tuple(counts)


@given(mixes, st.integers(0, 300))
def test_the_shortcut_seats_as_the_definition_does(weights: list[int], total: int) -> None:
    assert apportion(weights, total) == by_definition(weights, total)


@given(mixes, st.integers(0, 10**7))
def test_seats_sum_to_the_total(weights: list[int], total: int) -> None:
    assert sum(apportion(weights, total)) == total


@given(mixes)
def test_a_total_of_all_weights_gives_each_its_weight(weights: list[int]) -> None:
    assert apportion(weights, sum(weights)) == tuple(weights)


@given(mixes, st.integers(0, 5000))
def test_one_user_more_adds_one_seat_and_moves_none(weights: list[int], total: int) -> None:
    before, after = apportion(weights, total), apportion(weights, total + 1)
    gains = [late - early for early, late in zip(before, after, strict=True)]
    assert sorted(gains) == [0] * (len(weights) - 1) + [1]


def seated_one_by_one(weights: list[int], total: int) -> tuple[int, ...]:
    """Webster's rule as it is written in the books: each seat to the largest weight / (2·seats + 1), ties in order."""
    seats = [0] * len(weights)
    for _ in range(total):
        best = max(range(len(weights)), key=lambda i: (Fraction(weights[i], 2 * seats[i] + 1), -i))
        seats[best] += 1
    return tuple(seats)


@given(mixes, st.integers(0, 300))
def test_seats_are_those_of_the_rule_applied_one_by_one(weights: list[int], total: int) -> None:
    assert apportion(weights, total) == seated_one_by_one(weights, total)


@pytest.mark.parametrize(
    ("weights", "total", "seats"),
    [
        ((1, 1, 1), 2, (1, 1, 0)),  # ties in file order
        ((100, 50), 15, (10, 5)),  # an exact share
        ((100, 50), 1, (1, 0)),  # the largest group first
        ((0, 3), 3, (0, 3)),  # a group without weight has no seat
        ((5, 3, 1), 0, (0, 0, 0)),  # no user yet
        ((), 0, ()),  # no group at all
        ((51_000, *[490] * 100), 100, (52, *[1] * 48, *[0] * 52)),  # rounding the quotas leaves 49 too few
        ((1, *[1] * 99), 50, (*[1] * 50, *[0] * 50)),  # rounding the quotas leaves fifty too many
        ((3, 7), 10**12, (3 * 10**11, 7 * 10**11)),  # totals cost nothing
    ],
)
def test_known_apportionments(weights: tuple[int, ...], total: int, seats: tuple[int, ...]) -> None:
    assert apportion(weights, total) == seats


@pytest.mark.parametrize(
    ("weights", "total", "message"),
    [((0, 0), 1, "all zero"), ((), 1, "all zero"), ((-1, 2), 1, "negative"), ((1,), -1, "negative")],
)
def test_what_cannot_be_shared_is_an_error(weights: tuple[int, ...], total: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apportion(weights, total)
