"""The demo bank's accounts conserves money and knows its customers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual.demo.accounts import OPENING_BALANCE, Accounts, Tokens, password_of, username_of
from gradual.errors import TransferRefusedError


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 7), st.integers(-5, 150_000)), max_size=60))
def test_transfers_conserve_money_and_leave_no_debt(moves: list[tuple[int, int, int]]) -> None:
    accounts = Accounts(customers=5)
    for source, target, amount in moves:
        try:
            accounts.transfer(source, target, amount)
        except TransferRefusedError:
            continue
    assert accounts.totals()["balance_cents"] == 5 * OPENING_BALANCE
    assert all(accounts.balance(number) >= 0 for number in range(1, 6))


@pytest.mark.parametrize(
    ("target", "amount", "reason"),
    [
        (2, 0, "positive whole number"),
        (2, 1.5, "positive whole number"),
        (2, True, "positive whole number"),
        (9, 1, "no account 9"),
        ("2", 1, "no account '2'"),
        (2, OPENING_BALANCE + 1, "too little"),
    ],
)
def test_a_transfer_that_cannot_be_says_why_and_moves_nothing(target: object, amount: object, reason: str) -> None:
    accounts = Accounts(customers=2)
    with pytest.raises(TransferRefusedError, match=reason):
        accounts.transfer(1, target, amount)
    assert accounts.balance(1) == accounts.balance(2) == OPENING_BALANCE


def test_only_the_right_credentials_find_an_account() -> None:
    accounts = Accounts(customers=3)
    assert accounts.find(username_of(2), password_of(2)) == 2
    assert accounts.find(username_of(2), password_of(3)) is None
    assert accounts.find(username_of(4), password_of(4)) is None
    assert accounts.find(None, password_of(1)) is None
    assert accounts.find(username_of(1), 7) is None


def test_a_new_account_is_empty_and_can_be_paid_into() -> None:
    accounts = Accounts(customers=1)
    number = accounts.open_account()
    assert (number, accounts.balance(number)) == (2, 0)
    assert accounts.transfer(1, number, 40) == OPENING_BALANCE - 40
    assert accounts.balance(number) == 40


def test_tokens_end_by_revocation_and_the_oldest_by_their_number() -> None:
    tokens = Tokens(max_tokens=2)
    first, second, third = (tokens.issue(account) for account in (1, 2, 3))
    assert tokens.account(first) is None
    assert (tokens.account(second), tokens.account(third)) == (2, 3)
    tokens.revoke(second)
    assert tokens.account(second) is None
