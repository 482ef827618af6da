"""The settings of a search."""

from typing import Any

import pytest

from gradual_master.analysis.capacity.settings import CapacitySettings, hold_for
from gradual_master.errors import OptionError


def settings(**fields: Any) -> CapacitySettings:
    return CapacitySettings(**{"initial": 10, "max_concurrency": 500, "multiplier": 1.5, **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"initial": 0}, "initial: 0 users; at least 1"),
        ({"max_concurrency": 9}, "max_concurrency: 9; at least `initial`"),
        ({"multiplier": None}, "give `multiplier` or `increment`"),
        ({"increment": 5}, "give `multiplier` or `increment`"),
        ({"multiplier": 1.0}, "multiplier: 1.0; above 1"),
        ({"multiplier": None, "increment": 0}, "increment: 0; at least 1"),
        ({"hold_s": 0.0}, "hold: 0 s; above 0 s"),
        ({"precision": 0.0}, "precision: 0%; above 0% and below 100%"),
        ({"settle_s": -1.0}, "settle: -1 s; at least 0 s"),
    ],
)
def test_what_is_out_of_range_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        settings(**fields)


@pytest.mark.parametrize(
    ("fields", "users", "above"),
    [
        ({}, 10, 15),
        ({"multiplier": 1.1}, 10, 11),  # 10 × 1.1 is 11.000000000000002.
        ({"multiplier": 1.01}, 10, 11),  # At least one user more.
        ({}, 400, 500),  # Not above the maximum.
        ({"multiplier": 1e308}, 400, 500),  # The product is infinite as a float.
        ({"multiplier": 1.0000001}, 499, 500),
        ({"multiplier": None, "increment": 25}, 10, 35),
    ],
)
def test_the_climb_multiplies_or_adds(fields: dict[str, Any], users: int, above: int) -> None:
    assert settings(**fields).level_above(users) == above


def test_levels_are_narrow_within_half_the_precision_or_one_user() -> None:
    assert settings().is_narrow(200, 205)
    assert not settings().is_narrow(200, 206)
    assert settings().is_narrow(3, 4)


def test_recovery_is_looked_for_one_precision_below_but_not_below_the_first_level() -> None:
    assert settings().level_to_recover_at(200) == 190
    assert settings().level_to_recover_at(10) == 10


@pytest.mark.parametrize(("hold_s", "interval_s"), [(1.0, 6.3), (30.0, 15.0), (60.0, 24.0), (150.0, 60.0)])
def test_the_longest_trial_has_twice_as_many_intervals_as_a_judgement_needs(hold_s: float, interval_s: float) -> None:
    assert settings(hold_s=hold_s).longest_interval_s == pytest.approx(interval_s)
    assert hold_for(interval_s) == pytest.approx(hold_s)


def test_short_intervals_need_no_hold() -> None:
    assert hold_for(1.0) == 0.0
