"""The HTTP interface of the demo bank: finds the route of a request, answers when it is time, and counts.

Login returns a token as JSON and as a cookie; a client may send either back. Bodies are JSON, except documents that are
uploaded and the stream of prices.

Response times of the bank itself come from its `Service` and its `Ledger`. The desks of `gradual.demo.fintech` each
have a queue of their own, and say with their answer when it is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from gradual.demo.accounts import Counts
from gradual.demo.banking import Banking
from gradual.demo.fintech.documents import Documents
from gradual.demo.fintech.ingestion import Ingestion
from gradual.demo.fintech.prices import Prices
from gradual.demo.fintech.reporting import ReportJobs
from gradual.demo.fintech.risk import Risk
from gradual.demo.fintech.trading import Trading
from gradual.demo.ledger import Ledger
from gradual.demo.metrics import CONTENT_TYPE, metrics_page
from gradual.demo.routing import Answer, Call, Events, Route, RouteTable
from gradual.demo.service import Service, Work
from gradual.errors import RequestRefusedError

COOKIE = "session"


class Bank:
    """The bank: its desks, their routes, and the counts."""

    def __init__(self, workers: int, seed: int = 1, slower: float = 0.0) -> None:
        self.banking = Banking(seed)
        self.service = Service(workers, seed, slower)
        self.ledger = Ledger()
        self.desks = (Trading(), Risk(), ReportJobs(), Ingestion(), Documents())
        self.routes = {("GET", "/"): Route(self.welcome, Work(0.002)), **self.banking.routes(), **Prices().routes()}
        for desk in self.desks:
            self.routes |= desk.routes()
        self.table = RouteTable(self.routes)
        self.counts = Counts(self.table.name)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, and count its start and its end."""
        if internal := INTERNAL.get(request.path):
            return internal(self)
        self.counts.begin()
        status = None
        try:
            answer = await self._serve(request)
            status = answer.status
            return await respond(request, answer)
        finally:
            self.counts.end(status)

    async def _serve(self, request: web.BaseRequest) -> Answer:
        try:
            route = self.table.find(request.method, request.path)
            token = token_of(request)
            account = self.banking.tokens.account(token) or 0
            if route.needs_token and not account:
                return Answer(401, {"error": "log in first: POST /api/auth/login gives a token"})
            body = await route.read(request)
            if route.work is not None:
                await self.service.perform(route.work)
            if route.is_booked:
                await self.ledger.book()
            name, now = request.path.rpartition("/")[2], asyncio.get_running_loop().time()
            answer = route.answer(Call(account, token, body, name, request.query, now))
        except RequestRefusedError as refusal:
            return Answer(refusal.status, {"error": str(refusal)})
        if answer.ready > now:
            await asyncio.sleep(answer.ready - now)
        return answer

    def welcome(self, call: Call) -> Answer:
        """The front page: a list of the routes."""
        return Answer(200, {"bank": "Gradual's demo bank", "routes": self.table.names()})

    def show_stats(self) -> web.Response:
        """The counts of requests, and the totals of the accounts and of every desk."""
        stats = {**self.counts.report(), **self.banking.accounts.totals()}
        for desk in self.desks:
            stats |= desk.totals()
        return web.json_response(stats)

    def show_metrics(self) -> web.Response:
        """The same as a page for Prometheus: requests, and how busy workers, lock and ledger are."""
        now = asyncio.get_running_loop().time()
        page = metrics_page(self.counts.report(), self.service.usage(now), self.ledger.usage(now))
        return web.Response(text=page, headers={"Content-Type": CONTENT_TYPE})

    def reset_stats(self) -> web.Response:
        """Set the counts to 0; accounts, tokens, and what the desks hold do not change."""
        self.counts.reset()
        return web.json_response({"reset": True})


INTERNAL: dict[str, Callable[[Bank], web.Response]] = {
    "/stats": Bank.show_stats,
    "/metrics": Bank.show_metrics,
    "/reset": Bank.reset_stats,
}


def token_of(request: web.BaseRequest) -> str:
    """The token that a request brings, in its `Authorization` or as a cookie; empty if it has none."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")


async def respond(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Turn an answer into a response; a stream of events is sent here, to its end."""
    if isinstance(answer.content, Events):
        return await send_events(request, answer.content)
    response = web.json_response(answer.content, status=answer.status)
    if token := answer.content.get("data", {}).get("token"):
        response.set_cookie(COOKIE, token, httponly=True, samesite="Lax")
    return response


async def send_events(request: web.BaseRequest, events: Events) -> web.StreamResponse:
    """Send Server-Sent Events (WHATWG HTML, 9.2) at their pace, until the last one or until the client leaves."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    with suppress(ConnectionResetError):  # a client that has seen enough closes; that is how such streams end
        await response.prepare(request)
        for number, frame in enumerate(events.frames):
            if number:
                await asyncio.sleep(events.gap)
            await response.write(frame)
        await response.write_eof()
    return response
