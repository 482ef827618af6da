"""What the demo bank does for its customers: login, accounts, transfers, rates."""

from __future__ import annotations

import random

from gradual.demo.accounts import Accounts, Tokens
from gradual.demo.routing import Answer, Call, Route, Routes
from gradual.demo.service import Work
from gradual.errors import TransferRefusedError

CURRENCIES = {"EUR": 1.0, "USD": 1.08, "GBP": 0.85, "CHF": 0.95, "JPY": 164.0}


class Banking:
    """The routes of the bank itself. They share its workers, the lock of its reports, and its ledger."""

    def __init__(self, seed: int = 1) -> None:
        self.accounts = Accounts()
        self.tokens = Tokens()
        self._random = random.Random(seed)  # noqa: S311 - a rate that moves, not a secret

    def routes(self) -> Routes:
        """The table of the routes."""
        return {
            ("POST", "/api/auth/login"): Route(self.log_in, Work(0.020)),
            ("POST", "/api/auth/logout"): Route(self.log_out, Work(0.003), needs_token=True),
            ("GET", "/api/dashboard"): Route(self.show_dashboard, Work(0.014), needs_token=True),
            ("GET", "/api/reports"): Route(self.list_reports, Work(0.028, locked=0.006), needs_token=True),
            ("POST", "/api/transfer"): Route(self.transfer, Work(0.016), needs_token=True, is_booked=True),
            ("POST", "/api/register"): Route(self.register, Work(0.022), is_booked=True),
            ("GET", "/api/rates"): Route(self.quote_rates, Work(0.005)),
            ("GET", "/api/help"): Route(self.help, Work(0.004)),
        }

    def log_in(self, call: Call) -> Answer:
        """Exchange credentials for a token."""
        account = self.accounts.find(call.body.get("username"), call.body.get("password"))
        if account is None:
            return Answer(401, {"error": "unknown user or wrong password"})
        return Answer(200, {"data": {"token": self.tokens.issue(account), "account": account}})

    def log_out(self, call: Call) -> Answer:
        """End a session."""
        self.tokens.revoke(call.token)
        return Answer(200, {"data": {"account": call.account}})

    def show_dashboard(self, call: Call) -> Answer:
        """The first page after the login."""
        return Answer(200, {"data": {"account": call.account, "balance_cents": self.accounts.balance(call.account)}})

    def list_reports(self, call: Call) -> Answer:
        """Statements, newest first."""
        months = [{"month": f"2026-{month:02d}", "id": call.account * 100 + month} for month in range(12, 0, -1)]
        return Answer(200, {"data": {"account": call.account, "reports": months}})

    def transfer(self, call: Call) -> Answer:
        """Move money to another account."""
        try:
            left = self.accounts.transfer(call.account, call.body.get("to"), call.body.get("amount_cents"))
        except TransferRefusedError as refusal:
            return Answer(409, {"error": str(refusal)})
        return Answer(200, {"data": {"account": call.account, "balance_cents": left}})

    def register(self, call: Call) -> Answer:
        """Open an empty account for a guest."""
        return Answer(201, {"data": {"account": self.accounts.open_account(), "name": call.body.get("name")}})

    def quote_rates(self, call: Call) -> Answer:
        """Exchange rates, without a login."""
        return Answer(
            200, {"data": {name: round(rate * self._random.gauss(1, 0.002), 4) for name, rate in CURRENCIES.items()}}
        )

    def help(self, call: Call) -> Answer:
        """Topics of the help page."""
        return Answer(200, {"data": {"topics": ["forgotten password", "blocked account", "call us"]}})
