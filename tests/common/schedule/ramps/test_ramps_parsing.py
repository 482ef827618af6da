"""Ramps are read in every way of writing them, and what does not fit together is reported at its key."""

from typing import Any

import pytest

from gradual_common.schedule.ramps.additive import AdditiveAlone
from gradual_common.schedule.ramps.linear import LinearRamp
from gradual_common.schedule.ramps.multiplicative import MultiplicativeAlone
from gradual_common.schedule.ramps.parsing import RampMistakeError, read_ramp

ADDITIVE = {"strategy": "additive", "increment": 1, "interval": 5}


@pytest.mark.parametrize(
    ("owner", "ramp"),
    [
        ({}, (None, "ramp_up")),
        ({"ramp_up": "additive"}, (AdditiveAlone(strategy="additive"), "ramp_up")),
        ({"ramp": "multiplicative"}, (MultiplicativeAlone(strategy="multiplicative"), "ramp")),
        ({"ramp_up": "linear"}, (LinearRamp(strategy="linear"), "ramp_up")),
        ({"ramp_up": ADDITIVE}, (ADDITIVE, "ramp_up")),
        ({"ramp_config": ADDITIVE}, (ADDITIVE, "ramp_config")),
        ({"ramp_up": "additive", "ramp_config": ADDITIVE}, (ADDITIVE, "ramp_config")),
        ({"ramp": "additive", "ramp_config": {"increment": 1, "interval": 5}}, (ADDITIVE, "ramp_config")),
        ({"ramp_config": str(ADDITIVE)}, (ADDITIVE, "ramp_config")),
    ],
)
def test_a_ramp_is_read_however_it_is_written(owner: dict[str, Any], ramp: Any) -> None:
    assert read_ramp(owner) == ramp


@pytest.mark.parametrize(
    ("owner", "key", "message"),
    [
        ({"ramp_up": "additive", "ramp": "additive"}, "ramp", "two names for one thing"),
        ({"ramp_up": "aditive"}, "ramp_up", "did you mean 'additive'"),
        ({"ramp_up": 5}, "ramp_up", "found 5"),
        ({"ramp_up": "levels"}, "ramp_up", "levels needs a list"),
        ({"ramp_up": {"initial": 1}}, "ramp_up", "strategy is missing"),
        ({"ramp_config": "additive"}, "ramp_config", "a mapping is expected"),
        ({"ramp_up": ADDITIVE, "ramp_config": ADDITIVE}, "ramp_up", "keep one of them"),
        ({"ramp_up": "linear", "ramp_config": ADDITIVE}, "ramp_config", "they must agree"),
        ({"ramp_up": "{'a': }"}, "ramp_up", "neither a strategy nor a mapping"),
        ({"ramp_up": "{1, 2}"}, "ramp_up", "a strategy or a mapping"),
    ],
)
def test_ramps_that_do_not_fit_together_are_reported_at_their_key(
    owner: dict[str, Any], key: str, message: str
) -> None:
    with pytest.raises(RampMistakeError, match=message) as caught:
        read_ramp(owner)
    assert caught.value.key == key
