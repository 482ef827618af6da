"""The state of the demo bank: accounts and balances, tokens, and exact counts of its requests.

Money is integer cents, so that nothing is lost in rounding.
"""

from __future__ import annotations

import hmac
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from gradual.errors import TransferRefusedError

CUSTOMERS = 10_000
OPENING_BALANCE = 100_000
MAX_TOKENS = 200_000

UNREADABLE = "unreadable"
OTHER = "other"
NOT_COUNTED = frozenset({"/stats", "/metrics", "/reset"})


def username_of(number: int) -> str:
    """The username of customer `number`, counted from 1."""
    return f"user{number:04d}"


def password_of(number: int) -> str:
    """The password of customer `number`: predictable, so that a `users.csv` is easily written."""
    return f"secret-{number:04d}"


class Accounts:
    """Customers and the balances of all accounts."""

    def __init__(self, customers: int = CUSTOMERS) -> None:
        self._numbers = {username_of(number): number for number in range(1, customers + 1)}
        self._balances = dict.fromkeys(self._numbers.values(), OPENING_BALANCE)
        self._transfers = 0

    def find(self, username: object, password: object) -> int | None:
        """The account of these credentials, or None."""
        number = self._numbers.get(username) if isinstance(username, str) else None
        if number is None or not isinstance(password, str):
            return None
        matches = hmac.compare_digest(password.encode(), password_of(number).encode())
        return number if matches else None

    def open_account(self) -> int:
        """A new, empty account; returns its number."""
        number = len(self._balances) + 1
        self._balances[number] = 0
        return number

    def transfer(self, source: int, target: object, amount: object) -> int:
        """Move `amount` cents and return the balance left; TransferRefusedError if it is not possible."""
        if type(amount) is not int or amount <= 0:
            raise TransferRefusedError(f"amount must be a positive whole number of cents, not {amount!r}")
        if type(target) is not int or target not in self._balances:
            raise TransferRefusedError(f"there is no account {target!r}; accounts are 1 to {len(self._balances)}")
        if self._balances[source] < amount:
            raise TransferRefusedError(f"the balance is {self._balances[source]} cents, too little for {amount}")
        self._balances[source] -= amount
        self._balances[target] += amount
        self._transfers += 1
        return self._balances[source]

    def balance(self, number: int) -> int:
        """Cents in an account."""
        return self._balances[number]

    def totals(self) -> dict[str, int]:
        """Number of accounts, sum of their balances in cents (transfers never change it), and number of transfers."""
        return {
            "accounts": len(self._balances),
            "balance_cents": sum(self._balances.values()),
            "transfers": self._transfers,
        }


class Tokens:
    """Who is logged in. Beyond `max_tokens` the oldest tokens are removed, because some clients never log out."""

    def __init__(self, max_tokens: int = MAX_TOKENS) -> None:
        self._max_tokens = max_tokens
        self._accounts: OrderedDict[str, int] = OrderedDict()

    def issue(self, account: int) -> str:
        """A new token for an account."""
        token = secrets.token_urlsafe(24)
        self._accounts[token] = account
        if len(self._accounts) > self._max_tokens:
            self._accounts.popitem(last=False)
        return token

    def account(self, token: str) -> int | None:
        """The account of a token, or None."""
        return self._accounts.get(token)

    def revoke(self, token: str) -> None:
        """Forget a token."""
        self._accounts.pop(token, None)


class Counts:
    """Requests per route, responses per status, and how many requests were served at once at most.

    `name_of` gives the name of the route of a method and a path, or None.
    """

    def __init__(self, name_of: Callable[[str, str], str | None]) -> None:
        self._name_of = name_of
        self._requests: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._concurrent = 0
        self._peak = 0

    def count(self, message: Any) -> None:
        """Count one parsed request; for a malformed one aiohttp has an error object without a URL."""
        url = getattr(message, "url", None)
        if url is None:
            self._requests[UNREADABLE] += 1
        elif url.path not in NOT_COUNTED:
            self._requests[self._name_of(message.method, url.path) or OTHER] += 1

    def begin(self) -> None:
        """Count a request whose handler starts."""
        self._concurrent += 1
        self._peak = max(self._peak, self._concurrent)

    def end(self, status: int | None) -> None:
        """Count a request whose handler has ended; `status` is None without a response."""
        self._concurrent -= 1
        if status is not None:
            self._statuses[status] += 1

    def reset(self) -> None:
        """Set the counts to 0; requests that are being served still count as concurrent."""
        self._requests.clear()
        self._statuses.clear()
        self._peak = self._concurrent

    def report(self) -> dict[str, Any]:
        """The counts as JSON data."""
        return {
            "requests": self._requests.total(),
            "routes": dict(sorted(self._requests.items())),
            "statuses": {str(status): number for status, number in sorted(self._statuses.items())},
            "concurrent": self._concurrent,
            "peak_concurrent": self._peak,
        }
