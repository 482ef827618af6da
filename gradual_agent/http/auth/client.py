"""A user's client whose requests authenticate by more than one header field.

Only users of plans with such a scheme have this client. What it adds to a message is made when the message is sent, for
it depends on what the server said before.
"""

from __future__ import annotations

from collections.abc import Generator
from secrets import token_hex
from types import coroutine
from typing import Any, Final, TypeVar

from gradual_agent.http.auth.digest import DigestSession, read_digest
from gradual_agent.http.auth.logins import DigestLogin, OAuth2Login
from gradual_agent.http.auth.tokens import TokenSource, token_request
from gradual_agent.http.client import AUTH, FIRST, HttpClient
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.failures import Failure
from gradual_agent.http.long_bytes import insert_bytes
from gradual_agent.http.reading.head import ResponseHead
from gradual_agent.http.request import HttpRequest
from gradual_agent.http.urls import Origin
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.clock import NS_PER_S
from gradual_common.errors import RequestError
from gradual_common.kinds.failures import KIND
from gradual_common.net.urls import encode_text
from gradual_common.plan.model.plan import Connections, Cookies

UNAUTHORIZED: Final = 401
MAX_ANSWERS: Final = 3
"""Challenges that are answered for one request: the first, and others that only say that the nonce is too old."""

NOT_ANSWERED: Final = "the server answered 401 without a Digest challenge that can be answered (WWW-Authenticate)"
REFUSED: Final = "the server refused the answer to its Digest challenge: are user name and password right?"
"""Why a 401 is the result, for reports."""

LONGEST_WAIT: Final = 3600 * NS_PER_S
"""The wait for a token ends with its fetch, which has a timeout of its own."""

MAX_LOGINS: Final = 64
"""Logins of which a user remembers what was said to them: rows may give it a new one in each iteration, for hours."""

MAX_LOGINS_OF_AGENT: Final = 65_536
"""The same of all users that share their tokens."""

K = TypeVar("K")
V = TypeVar("V")

Digests = dict[tuple[Origin, DigestLogin], DigestSession]
"""The sessions of a user by where they are used, and for whom."""


class AuthenticatingClient(HttpClient):
    """A client that answers challenges, and remembers them: only the first request to a service meets one."""

    __slots__ = ("_digests", "_own_tokens", "_token", "_unsigned", "_waits_for")

    def __init__(self, dialer: Dialer, owner: Resumable, cookies: Cookies, connections: Connections) -> None:
        super().__init__(dialer, owner, cookies, connections)
        self._digests: Digests = {}
        self._own_tokens: dict[OAuth2Login, TokenSource] = {}
        self._token = ""
        self._waits_for: TokenSource | None = None
        self._unsigned: HttpRequest | None = None
        """The last request or hop, without credentials."""

    def beside(self, owner: Resumable) -> HttpClient:
        """Another client of the same user, which shares the sessions: a nonce's requests are counted by the user."""
        made = super().beside(owner)
        assert isinstance(made, AuthenticatingClient)
        made._digests, made._own_tokens = self._digests, self._own_tokens
        return made

    def _make_another(self, owner: Resumable) -> HttpClient:
        return AuthenticatingClient(self._dialer, owner, self._cookie_policy, self._connection_policy)

    @coroutine
    def fetch(self, request: HttpRequest, sample: Sample) -> Generator[None, Any, None]:
        """Fetch with credentials; a challenge is answered within the same sample and its timeout."""
        if request.settings.auth is None:
            yield from self._send(request, sample)
            return
        self._unsigned = request
        if isinstance(request.settings.auth, OAuth2Login):
            yield from self._fetch_with_token(request.settings.auth, request, sample)
        else:
            yield from self._fetch_by_challenge(request, sample)

    def _fetch_with_token(self, login: OAuth2Login, request: HttpRequest, sample: Sample) -> Generator[None, Any, None]:
        """With a token; one that was good and is refused now is replaced once."""
        source = self._source_of(login)
        for is_again in (False, True):
            token = source.current() or (yield from self._wait_for_token(source, login, request, sample))
            if not token:
                return
            self._token = sample.token = token
            self._cause = AUTH if is_again else FIRST
            yield from self._send(self._signed(request), sample)
            if sample.kind or sample.status_code != UNAUTHORIZED:
                source.was_accepted = source.was_accepted or (token == source.token and not sample.kind)
                return
            if is_again or self._is_away or not source.refuse(token):
                return
            _forget_response(sample)
            self._unsigned = request

    @property
    def _is_away(self) -> bool:
        """Whether the last hop went to another origin, which got no credentials: its 401 says nothing of them."""
        return self._unsigned is not None and self._unsigned.settings.auth is None

    def _wait_for_token(
        self, source: TokenSource, login: OAuth2Login, request: HttpRequest, sample: Sample
    ) -> Generator[None, Any, str]:
        """A new token; "" if there is none, and the sample has failed. The wait is no part of the response time."""
        clock = self._context.clock
        begun = clock()
        if (refusal := source.refusal()) is not None:
            self._end(sample, refusal)
            return ""
        try:
            asked = token_request(login, request)
        except RequestError as error:
            self._end(sample, Failure(KIND["token"], f"the token could not be fetched: {error}"))
            return ""
        self._sample, self._deadline, self._waits_for = sample, begun + LONGEST_WAIT, source
        source.join(self, sample, asked)
        outcome: str | Failure = yield
        self._sample, self._waits_for = None, None
        if isinstance(outcome, Failure):
            self._end(sample, outcome)
            return ""
        sample.started += clock() - begun
        return outcome

    def on_token(self, outcome: str | Failure) -> None:
        """The wait for a token is over."""
        self._waits_for = None
        self._owner.resume(outcome)

    def _detach(self) -> tuple[int, int]:
        source, self._waits_for = self._waits_for, None
        if source is None:
            return super()._detach()
        source.leave(self)
        return 0, 0

    def _source_of(self, login: OAuth2Login) -> TokenSource:
        sources = self._context.tokens if login.per == "agent" else self._own_tokens
        if login not in sources:
            at_most = MAX_LOGINS_OF_AGENT if login.per == "agent" else MAX_LOGINS
            remember(sources, login, TokenSource(self._dialer, login.metric), at_most)
        return sources[login]

    def _fetch_by_challenge(self, request: HttpRequest, sample: Sample) -> Generator[None, Any, None]:
        yield from self._send(self._signed(request), sample)
        answers = 0
        while sample.status_code == UNAUTHORIZED and not sample.kind:
            answered = self._answer(sample, answers)
            if answered is None:
                return
            answers += 1
            _forget_response(sample)
            self._cause = AUTH
            yield from self._send(answered, sample)

    def _send(self, request: HttpRequest, sample: Sample) -> Generator[None, Any, None]:
        """Send a request that is complete."""
        yield from HttpClient.fetch(self, request, sample)

    def _after_redirect(self, request: HttpRequest, head: ResponseHead, sample: Sample) -> HttpRequest | None:
        """The next hop has credentials of its own: they depend on its URL."""
        if request.settings.auth is None or self._unsigned is None:
            return super()._after_redirect(request, head, sample)
        self._unsigned = following = super()._after_redirect(self._unsigned, head, sample)
        return following if following is None or following.settings.auth is None else self._signed(following)

    def _signed(self, request: HttpRequest) -> HttpRequest:
        """The request with credentials, if the server has said how it wants them."""
        if isinstance(request.settings.auth, OAuth2Login):
            return _with_field(request, f"Bearer {self._token}")
        session = self._digests.get(self._key_of(request))
        return request if session is None else _with_field(request, session.answer(request.method, request.target))

    def _answer(self, sample: Sample, answers: int) -> HttpRequest | None:
        """The request with an answer to the challenge; None if there is none, and the 401 stays the result.

        After the first answer only a challenge that says that the nonce is too old (`stale`) is answered again: any
        other one says that the credentials are wrong (RFC 7616, 3.3).
        """
        request = self._unsigned
        login = None if request is None else request.settings.auth
        if request is None or not isinstance(login, DigestLogin) or sample.response is None:
            return None
        challenge = read_digest(sample.response.headers.get_all("www-authenticate"))
        if challenge is None or answers == MAX_ANSWERS or (answers and not challenge.is_stale):
            self._digests.pop(self._key_of(request), None)
            sample.detail = NOT_ANSWERED if challenge is None else REFUSED
            return None
        remember(self._digests, self._key_of(request), DigestSession(login, challenge, token_hex(16)), MAX_LOGINS)
        return self._signed(request)

    @staticmethod
    def _key_of(request: HttpRequest) -> tuple[Origin, DigestLogin]:
        login = request.settings.auth
        assert isinstance(login, DigestLogin)
        return request.origin, login


def remember(kept: dict[K, V], key: K, value: V, at_most: int) -> None:
    """Keep a value, and of others the latest."""
    kept[key] = value
    if len(kept) > at_most:
        del kept[next(iter(kept))]


def _forget_response(sample: Sample) -> None:
    """What comes next takes the place of the response."""
    sample.status_code = sample.first_byte = 0
    sample.response = None


def _with_field(request: HttpRequest, value: str) -> HttpRequest:
    field = encode_text(f"Authorization: {value}\r\n")
    wire = insert_bytes(request.wire, request.head_size - 2, field)
    return request.again(request.settings, wire, request.head_size + len(field))
