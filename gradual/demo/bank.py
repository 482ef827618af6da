"""The HTTP interface of the demo bank: its routes, their answers, and their response times.

Login returns a token as JSON and as a cookie; a client may send either back. All bodies are JSON.

Response times come from a queueing model. A request occupies one of a bounded number of workers for a lognormal service
time; reports and transfers hold one lock for a part of it (contention, α of the Universal Scalability Law); and every
service time grows with the number of requests being served (crosstalk, β: Gunther, "Guerrilla Capacity Planning", 2007,
chapter 6). So throughput first rises with the users, stops rising when all workers or the lock are always busy, and
then falls.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gradual.demo.accounts import Accounts, Counts, Tokens
from gradual.errors import TransferRefusedError

COOKIE = "session"
CURRENCIES = {"EUR": 1.0, "USD": 1.08, "GBP": 0.85, "CHF": 0.95, "JPY": 164.0}

SPREAD = 0.45
"""σ of the lognormal service times."""

CROSSTALK = 1 / 400
"""Each further request being served adds this share to a service time."""


@dataclass(frozen=True, slots=True)
class Work:
    """The mean service time of a request, in seconds."""

    busy: float
    """How long it occupies a worker."""
    locked: float = 0.0
    """How much of that it holds the lock."""


class Service:
    """The bank's workers and its one contended lock."""

    def __init__(self, workers: int, seed: int = 1) -> None:
        self._workers = asyncio.Semaphore(workers)
        self._lock = asyncio.Lock()
        self._random = random.Random(seed)  # noqa: S311 - latencies are to be repeatable, not secret
        self._present = 0

    async def perform(self, work: Work) -> None:
        """Wait for a worker (and the lock), then be served."""
        self._present += 1
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(self._workers)
                await asyncio.sleep(self._draw(work.busy - work.locked))
                if work.locked:
                    await stack.enter_async_context(self._lock)
                    await asyncio.sleep(self._draw(work.locked))
        finally:
            self._present -= 1

    def _draw(self, mean: float) -> float:
        """A lognormal time whose mean is `mean`·(1 + crosstalk·requests being served)."""
        slowed = mean * (1 + CROSSTALK * (self._present - 1))
        # The mean of a lognormal variable is e^(μ + σ²/2): with μ = -σ²/2 it is 1, for any spread.
        return slowed * self._random.lognormvariate(-SPREAD * SPREAD / 2, SPREAD)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it; `account` is 0 where no token was needed, `body` the JSON object sent."""

    account: int
    token: str
    body: dict[str, Any]


Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """A route: its handler, the work it costs, and whether it needs a token."""

    answer: Callable[[Bank, Call], Answer]
    work: Work
    needs_token: bool = False


class Bank:
    """The bank: accounts, service and counts."""

    def __init__(self, workers: int, seed: int = 1) -> None:
        self.accounts = Accounts()
        self.tokens = Tokens()
        self.service = Service(workers, seed)
        self.counts = Counts(frozenset(f"{method} {path}" for method, path in ROUTES))
        self._random = random.Random(seed)  # noqa: S311 - a rate that moves, not a secret

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, and count its start and its end."""
        if internal := INTERNAL.get(request.path):
            return internal(self)
        self.counts.begin()
        status = None
        try:
            status, content = await self._serve(request)
            response = web.json_response(content, status=status)
            if token := content.get("data", {}).get("token"):
                response.set_cookie(COOKIE, token, httponly=True, samesite="Lax")
            return response
        finally:
            self.counts.end(status)

    async def _serve(self, request: web.BaseRequest) -> Answer:
        route = ROUTES.get((request.method, request.path))
        if route is None:
            methods = sorted(method for method, path in ROUTES if path == request.path)
            if methods:
                return 405, {"error": f"{request.path} takes {' or '.join(methods)}"}
            return 404, {"error": f"there is no {request.path}; GET / lists the routes"}
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")
        account = self.tokens.account(token) or 0
        if route.needs_token and not account:
            return 401, {"error": "log in first: POST /api/auth/login gives a token"}
        body = read_object(await request.read())
        if body is None:
            return 400, {"error": "the body must be a JSON object"}
        await self.service.perform(route.work)
        return route.answer(self, Call(account, token, body))

    def log_in(self, call: Call) -> Answer:
        """Exchange credentials for a token."""
        account = self.accounts.find(call.body.get("username"), call.body.get("password"))
        if account is None:
            return 401, {"error": "unknown user or wrong password"}
        return 200, {"data": {"token": self.tokens.issue(account), "account": account}}

    def log_out(self, call: Call) -> Answer:
        """End a session."""
        self.tokens.revoke(call.token)
        return 200, {"data": {"account": call.account}}

    def show_dashboard(self, call: Call) -> Answer:
        """The first page after the login."""
        return 200, {"data": {"account": call.account, "balance_cents": self.accounts.balance(call.account)}}

    def list_reports(self, call: Call) -> Answer:
        """Statements, newest first."""
        months = [{"month": f"2026-{month:02d}", "id": call.account * 100 + month} for month in range(12, 0, -1)]
        return 200, {"data": {"account": call.account, "reports": months}}

    def transfer(self, call: Call) -> Answer:
        """Move money to another account."""
        try:
            left = self.accounts.transfer(call.account, call.body.get("to"), call.body.get("amount_cents"))
        except TransferRefusedError as refusal:
            return 409, {"error": str(refusal)}
        return 200, {"data": {"account": call.account, "balance_cents": left}}

    def register(self, call: Call) -> Answer:
        """Open an empty account for a guest."""
        return 201, {"data": {"account": self.accounts.open_account(), "name": call.body.get("name")}}

    def quote_rates(self, call: Call) -> Answer:
        """Exchange rates, without a login."""
        return 200, {"data": {name: round(rate * self._random.gauss(1, 0.002), 4) for name, rate in CURRENCIES.items()}}

    def help(self, call: Call) -> Answer:
        """Topics of the help page."""
        return 200, {"data": {"topics": ["forgotten password", "blocked account", "call us"]}}

    def welcome(self, call: Call) -> Answer:
        """The front page: a list of the routes."""
        return 200, {"bank": "Gradual's demo bank", "routes": sorted(" ".join(route) for route in ROUTES)}

    def show_stats(self) -> web.Response:
        """The counts of requests, and the totals of all accounts."""
        return web.json_response({**self.counts.report(), **self.accounts.totals()})

    def reset_stats(self) -> web.Response:
        """Set the counts to 0; accounts, balances and tokens do not change."""
        self.counts.reset()
        return web.json_response({"reset": True})


INTERNAL: dict[str, Callable[[Bank], web.Response]] = {"/stats": Bank.show_stats, "/reset": Bank.reset_stats}

ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/"): Route(Bank.welcome, Work(0.002)),
    ("POST", "/api/auth/login"): Route(Bank.log_in, Work(0.020)),
    ("POST", "/api/auth/logout"): Route(Bank.log_out, Work(0.003), needs_token=True),
    ("GET", "/api/dashboard"): Route(Bank.show_dashboard, Work(0.014), needs_token=True),
    ("GET", "/api/reports"): Route(Bank.list_reports, Work(0.028, locked=0.006), needs_token=True),
    ("POST", "/api/transfer"): Route(Bank.transfer, Work(0.016, locked=0.005), needs_token=True),
    ("POST", "/api/register"): Route(Bank.register, Work(0.022)),
    ("GET", "/api/rates"): Route(Bank.quote_rates, Work(0.005)),
    ("GET", "/api/help"): Route(Bank.help, Work(0.004)),
}


def read_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body ({} when it is empty), or None if it holds anything else."""
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
