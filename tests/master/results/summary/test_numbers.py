"""Numbers read as people write them."""

import pytest

from gradual_master.results.summary.numbers import count, percent


def test_a_noun_follows_its_number() -> None:
    assert [count(number, "agent") for number in (0, 1, 2, 3000)] == ["0 agents", "1 agent", "2 agents", "3,000 agents"]


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0%"),
        (0.000001, "<0.01%"),
        (0.0001, "0.01%"),
        (0.00126, "0.13%"),
        (0.025, "2.5%"),
        (0.0996, "10%"),
        (0.5636, "56%"),
        (0.996, "100%"),
        (1.0, "100%"),
        (12.3456, "1,235%"),
    ],
)
def test_a_share_is_a_percentage_of_two_figures_and_never_an_exponent(share: float, said: str) -> None:
    assert percent(share) == said
