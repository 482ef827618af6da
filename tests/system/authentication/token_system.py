"""A system with a token endpoint that a test can hold: it notes every request, and says whose token opened what."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from small_server import SmallHandler, SmallServer

LONGEST_HOLD_S = 120
EARLY_USES = 10
"""Requests that a token opens, if it was given before the endpoint is held."""


@dataclass(frozen=True)
class Arrival:
    """A request as it arrived; `user` is its X-User, `port` that of its sender, `arrived` ns of CLOCK_BOOTTIME."""

    path: str
    user: str
    token: str
    port: int
    arrived: int
    status: int


class TokenSystem(SmallServer):
    """`POST /token` gives tokens, everything else wants one.

    The first `early` fetches are answered together, so that they are of as many agents. Every later one is held until
    `gate` is set.
    """

    request_queue_size = 128

    def __init__(self, early: int = 0) -> None:
        super().__init__(_Handler)
        self.early = early
        self.gate = threading.Event()
        self.fetches: list[Arrival] = []
        self.arrivals: list[Arrival] = []
        self._tokens: dict[str, int] = {}
        """How many requests each token opens."""
        self._uses: Counter[str] = Counter()
        self._early_gate = threading.Event()
        self._lock = threading.Lock()

    @property
    def held(self) -> list[Arrival]:
        """The fetches that were held, or are."""
        return self.fetches[self.early :]

    @property
    def messages(self) -> int:
        """Everything that arrived."""
        return len(self.fetches) + len(self.arrivals)

    def give_token(self, fetch: Arrival) -> str:
        """Hold a fetch; then its token, which is named after the fetch's port."""
        with self._lock:
            self.fetches.append(fetch)
            is_early = len(self.fetches) <= self.early
            if len(self.fetches) == self.early:
                self._early_gate.set()
        (self._early_gate if is_early else self.gate).wait(LONGEST_HOLD_S)
        token = f"early-{fetch.port}" if is_early else token_of(fetch)
        self._tokens[token] = EARLY_USES if is_early else 1 << 30
        return token

    def judge(self, token: str) -> int:
        """The status of a request with this token."""
        with self._lock:
            self._uses[token] += 1
            return 200 if self._uses[token] <= self._tokens.get(token, 0) else 401

    def handle_error(self, request: object, client_address: object) -> None:
        """A killed agent breaks its connections."""


def token_of(fetch: Arrival) -> str:
    """The token that answers a fetch that was held."""
    return f"token-{fetch.port}"


class _Handler(SmallHandler):
    server: TokenSystem

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        arrival = self._arrival(token, self.server.judge(token))
        self.server.arrivals.append(arrival)
        self._answer(arrival.status, b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        token = self.server.give_token(self._arrival("", 200))
        self._answer(200, json.dumps({"access_token": token, "token_type": "Bearer"}).encode())

    def _arrival(self, token: str, status: int) -> Arrival:
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return Arrival(self.path, self.headers.get("X-User", ""), token, self.client_address[1], now, status)

    def _answer(self, status: int, body: bytes) -> None:
        with suppress(OSError):  # Its client may have been killed.
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
