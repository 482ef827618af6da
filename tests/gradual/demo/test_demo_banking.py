"""The bank's own routes answer from its accounts."""

import pytest

from gradual.demo.banking import CURRENCIES, Banking
from gradual.demo.routing import Call


def test_rates_move_a_little_and_are_the_same_for_the_same_seed() -> None:
    first, again, other = (Banking(seed).quote_rates(Call()).content for seed in (3, 3, 4))
    assert first == again != other
    assert isinstance(first, dict)
    assert first["data"] == pytest.approx(CURRENCIES, rel=0.02)


def test_a_transfer_that_is_refused_is_a_conflict_with_its_reason() -> None:
    answer = Banking().transfer(Call(1, body={"to": 2, "amount_cents": 0}))
    assert answer.status == 409
    assert isinstance(answer.content, dict)
    assert "positive whole number" in answer.content["error"]
