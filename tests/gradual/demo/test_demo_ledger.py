"""The demo bank's ledger conserves money and knows its customers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual.demo.accounts import OPENING_BALANCE, Ledger, Tokens, password_of, username_of
from gradual.errors import TransferRefusedError


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 7), st.integers(-5, 150_000)), max_size=60))
def test_transfers_conserve_money_and_leave_no_debt(moves: list[tuple[int, int, int]]) -> None:
    ledger = Ledger(customers=5)
    for source, target, amount in moves:
        try:
            ledger.transfer(source, target, amount)
        except TransferRefusedError:
            continue
    assert ledger.totals()["balance_cents"] == 5 * OPENING_BALANCE
    assert all(ledger.balance(number) >= 0 for number in range(1, 6))


@pytest.mark.parametrize(
    ("target", "amount", "said"),
    [
        (2, 0, "positive whole number"),
        (2, 1.5, "positive whole number"),
        (2, True, "positive whole number"),
        (9, 1, "no account 9"),
        ("2", 1, "no account '2'"),
        (2, OPENING_BALANCE + 1, "too little"),
    ],
)
def test_a_transfer_that_cannot_be_says_why_and_moves_nothing(target: object, amount: object, said: str) -> None:
    ledger = Ledger(customers=2)
    with pytest.raises(TransferRefusedError, match=said):
        ledger.transfer(1, target, amount)
    assert ledger.balance(1) == ledger.balance(2) == OPENING_BALANCE


def test_only_the_right_credentials_find_an_account() -> None:
    ledger = Ledger(customers=3)
    assert ledger.find(username_of(2), password_of(2)) == 2
    assert ledger.find(username_of(2), password_of(3)) is None
    assert ledger.find(username_of(4), password_of(4)) is None
    assert ledger.find(None, password_of(1)) is None
    assert ledger.find(username_of(1), 7) is None


def test_a_new_account_is_empty_and_can_be_paid_into() -> None:
    ledger = Ledger(customers=1)
    number = ledger.open_account()
    assert (number, ledger.balance(number)) == (2, 0)
    assert ledger.transfer(1, number, 40) == OPENING_BALANCE - 40
    assert ledger.balance(number) == 40


def test_tokens_end_by_revocation_and_the_oldest_by_their_number() -> None:
    tokens = Tokens(most=2)
    first, second, third = (tokens.issue(account) for account in (1, 2, 3))
    assert tokens.account(first) is None
    assert (tokens.account(second), tokens.account(third)) == (2, 3)
    tokens.revoke(second)
    assert tokens.account(second) is None
