"""The options of a run."""

from typing import Any

import pytest

from gradual_master.errors import OptionError
from gradual_master.run.options import RunOptions

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"lease": 2_999_999_999}, "--lease 2.9.*at least 3s"),
    ({"interval": 99}, "--interval.*at least 100ms"),
    ({"expect_agents": 0}, "at least 1 agent"),
    ({"agents_wait": 0}, "--agents-wait"),
    ({"guard": -1}, "guard"),
    ({"allow_missing": 1.5}, "0% to 100%"),
]


@pytest.mark.parametrize(("options", "wording"), WRONG)
def test_an_option_out_of_range_says_what_is_allowed(options: dict[str, Any], wording: str) -> None:
    with pytest.raises(OptionError, match=wording):
        RunOptions(**options)


def test_the_defaults_are_those_of_the_contract() -> None:
    options = RunOptions()
    assert (options.lease, options.guard, options.interval, options.agents_wait) == (
        10_000_000_000,
        1_000_000_000,
        1_000_000_000,
        60_000_000_000,
    )
    assert options.allow_missing == 0.01
