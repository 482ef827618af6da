"""Tokens of OAuth 2.0 client credentials (RFC 6749, 4.4): who has one, who waits for one, and the fetch in flight.

A fetch belongs to the requests that wait for it. The first of them is charged with its messages (`auth_sent`), so that
they are counted once; if it ends earlier, the next one is. When nobody waits any more, the fetch is cut. After one that
failed there is a pause (`fetch_pause`).
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Generator
from typing import Any, Protocol
from urllib.parse import quote_plus, urlencode

from gradual_agent.http.auth.fetch_pause import FetchPause
from gradual_agent.http.auth.logins import OAuth2Login
from gradual_agent.http.client import HttpClient
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.failures import Failure, unexpected
from gradual_agent.http.request import HttpRequest, build_request
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.clock import NEVER, NS_PER_MS, NS_PER_S
from gradual_common.kinds.failures import KIND
from gradual_common.net.urls import encode_text

MARGIN = 30 * NS_PER_S
"""A token is used no longer than until so long before its end, or a tenth of its life if that is less."""

MAX_LIFE = 1e9
"""Seconds, about 30 years: more is as good as no end."""

_DIGITS = re.compile(r"[0-9]{1,12}")
"""Python refuses to read thousands of digits."""


class TokenWaiter(Protocol):
    """A user's client that waits for a token."""

    def on_token(self, outcome: str | Failure) -> None:
        """The wait is over."""


def token_request(login: OAuth2Login, request: HttpRequest) -> HttpRequest:
    """The request for a token, on the way and within the time of the request that needs it; RequestError.

    The client authenticates by Basic, which every endpoint supports (RFC 6749, 2.3.1).
    """
    client = quote_plus(encode_text(login.client_id)), quote_plus(encode_text(login.client_secret))
    form = {"grant_type": "client_credentials", **({"scope": encode_text(login.scope)} if login.scope else {})}
    fields = {
        "Authorization": "Basic " + b64encode(":".join(client).encode("ascii")).decode("ascii"),
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    origin, settings = request.origin, request.settings
    return build_request(
        "POST", login.token_url, fields, urlencode(form).encode("ascii"), origin.tls, way=origin.way,
        timeout=settings.timeout, connect_timeout=settings.connect_timeout, follow_redirects=0,
        wants_headers=True, wants_body=True,
    )  # fmt: skip


def read_token(sample: Sample) -> tuple[str, int] | Failure:
    """The token of an answer and its life in ns (RFC 6749, 5.1), or why there is none. It shows no secret."""
    if sample.kind == INTERRUPTED:
        return Failure(INTERRUPTED, str(sample.detail))
    if sample.kind:
        return Failure(KIND["token"], f"the token could not be fetched: {sample.detail}")
    try:
        answer = json.loads(sample.response.body)
    except (ValueError, RecursionError):
        answer = None
    if sample.status_code != 200:
        error = answer.get("error") if isinstance(answer, dict) else None
        named = f" ({error})" if isinstance(error, str) and error.replace("_", "").isalpha() and len(error) < 40 else ""
        return Failure(KIND["token"], f"the token endpoint answered with status {sample.status_code}{named}")
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable() or " " in token:
        return Failure(KIND["token"], "the answer of the token endpoint cannot be read: it has no access_token")
    return token, _life_of(answer.get("expires_in"))


def _life_of(seconds: Any) -> int:
    """A life in ns of `expires_in`, which some endpoints write as a text; NEVER for what is no such number."""
    if isinstance(seconds, str) and _DIGITS.fullmatch(seconds):
        seconds = int(seconds)
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < MAX_LIFE
    return round(seconds * NS_PER_S) if known else NEVER


class TokenSource:
    """The token of one login, for all who share it."""

    __slots__ = ("_dialer", "_fetch", "_good_until", "_metric", "_pause", "_waiting", "token", "was_accepted")

    def __init__(self, dialer: Dialer, metric: str) -> None:
        self._dialer = dialer
        self._metric = metric
        self._fetch: _TokenFetch | None = None
        self._waiting: dict[TokenWaiter, Sample] = {}
        self._good_until = 0
        self._pause = FetchPause()
        self.token = ""
        self.was_accepted = False
        """Whether a request with the token had another answer than 401: then a 401 says that it is too old."""

    def current(self) -> str:
        """The token if it is still good, else nothing."""
        return self.token if self._dialer.context.clock() < self._good_until else ""

    def refusal(self) -> Failure | None:
        """Why no token is asked for now: the last fetch has failed, and its pause is not over."""
        return self._pause.failure_at(self._dialer.context.clock())

    def refuse(self, token: str) -> bool:
        """A request with the token met a 401: whether another token may help."""
        if token != self.token:
            return True
        if not self.was_accepted:
            return False
        self._good_until = 0
        return True

    def join(self, waiter: TokenWaiter, sample: Sample, request: HttpRequest) -> None:
        """Wait for a token; the first who waits has it fetched."""
        self._waiting[waiter] = sample
        if self._fetch is None:
            self._fetch = _TokenFetch(self._dialer, self, request)
            self._fetch.begin()

    def leave(self, waiter: TokenWaiter) -> None:
        """Wait no longer."""
        self._charge()
        del self._waiting[waiter]
        if not self._waiting and self._fetch is not None:
            self._fetch.cut()
            self._fetch = None

    def on_fetched(self, sample: Sample, bug: Failure | None = None) -> None:
        """The fetch has ended."""
        self._charge()
        self._fetch = None
        outcome: Any = bug or read_token(sample)
        if isinstance(outcome, Failure):
            if outcome.kind == KIND["token"]:
                self._pause.begin(outcome, self._dialer.context.clock())
        else:
            self._pause.end()
            outcome, life = outcome
            self._dialer.context.record(self._metric, (self._dialer.context.clock() - sample.started) / NS_PER_MS)
            self.token, self.was_accepted = outcome, False
            # From the moment when it was asked for: the endpoint counted from a later one.
            self._good_until = min(NEVER, sample.started + life - min(MARGIN, life // 10))
        waiting, self._waiting = self._waiting, {}
        for waiter in waiting:
            waiter.on_token(outcome)

    def _charge(self) -> None:
        """Charge the first who waits with what was sent and received since the last charge."""
        if self._fetch is None:
            return
        spent, charged = self._fetch.sample, next(iter(self._waiting.values()))
        charged.messages += spent.messages
        charged.auth_sent += spent.messages
        charged.bytes_sent += spent.bytes_sent
        charged.bytes_received += spent.bytes_received
        spent.messages = spent.bytes_sent = spent.bytes_received = 0


class _TokenFetch:
    """One fetch, by a client of its own."""

    __slots__ = ("_client", "_coroutine", "_dialer", "_handle", "_request", "_source", "sample")

    def __init__(self, dialer: Dialer, source: TokenSource, request: HttpRequest) -> None:
        self._dialer = dialer
        self._source = source
        self._request = request
        self._client = HttpClient(dialer, self, "per_user", "close")
        self._coroutine: Generator[None, Any, None] | None = None
        self._handle: Any = None
        self.sample = Sample()

    def begin(self) -> None:
        """Begin in the next turn of the loop: who waits is then suspended, also where the fetch ends at once."""
        self._handle = self._dialer.context.loop.call_soon(self._start)

    def _start(self) -> None:
        self.sample.reset(self._dialer.context.clock())
        self._coroutine = self._client.fetch(self._request, self.sample)
        self.resume()

    def resume(self, value: Any = None) -> None:
        """Go on with the fetch; at its end tell the source."""
        assert self._coroutine is not None
        try:
            self._coroutine.send(value)
        except StopIteration:
            self._client.close()
            self._source.on_fetched(self.sample)
        except Exception as error:
            # A bug: it is raised again where a request waits, and counted there.
            self._client.cut()
            self._source.on_fetched(self.sample, unexpected(error))

    def cut(self) -> None:
        """Nobody waits any more."""
        self._handle.cancel()
        self._client.cut()
