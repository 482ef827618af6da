"""A user's client whose requests authenticate by more than one header field.

Only users of plans with such a scheme have this client. What it adds to a message is made when the message is sent, for
it depends on what the server said before.
"""

from __future__ import annotations

from collections.abc import Generator
from secrets import token_hex
from types import coroutine
from typing import Any, Final

from gradual_agent.http.auth.digest import DigestSession, read_digest
from gradual_agent.http.auth.logins import DigestLogin
from gradual_agent.http.client import AUTH, HttpClient
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.long_bytes import insert_bytes
from gradual_agent.http.reading.head import ResponseHead
from gradual_agent.http.request import HttpRequest
from gradual_agent.http.urls import Origin
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.net.urls import encode_text
from gradual_common.plan.model.plan import Connections, Cookies

UNAUTHORIZED: Final = 401
MAX_ANSWERS: Final = 3
"""Challenges that are answered for one request: the first, and others that only say that the nonce is too old."""

Digests = dict[tuple[Origin, DigestLogin], DigestSession]
"""The sessions of a user by where they are used, and for whom."""


class AuthenticatingClient(HttpClient):
    """A client that answers challenges, and remembers them: only the first request to a service meets one."""

    __slots__ = ("_digests", "_unsigned")

    def __init__(self, dialer: Dialer, owner: Resumable, cookies: Cookies, connections: Connections) -> None:
        super().__init__(dialer, owner, cookies, connections)
        self._digests: Digests = {}
        self._unsigned: HttpRequest | None = None
        """The last request or hop, without credentials."""

    def beside(self, owner: Resumable) -> HttpClient:
        """Another client of the same user, which shares the sessions: a nonce's requests are counted by the user."""
        made = super().beside(owner)
        assert isinstance(made, AuthenticatingClient)
        made._digests = self._digests
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
        yield from self._send(self._signed(request), sample)
        answers = 0
        while sample.status_code == UNAUTHORIZED and not sample.kind:
            answered = self._answer(sample, answers)
            if answered is None:
                return
            answers += 1
            sample.status_code = sample.first_byte = 0
            sample.response = None
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
        session = self._digests.get(self._key_of(request))
        return request if session is None else _with_field(request, session.answer(request.method, request.target))

    def _answer(self, sample: Sample, answers: int) -> HttpRequest | None:
        """The request with an answer to the challenge; None if there is none, and the 401 stays the result.

        After the first answer only a challenge that says that the nonce is too old (`stale`) is answered again: any
        other one says that the credentials are wrong (RFC 7616, 3.3).
        """
        request = self._unsigned
        if request is None or request.settings.auth is None or sample.response is None:
            return None
        challenge = read_digest(sample.response.headers.get_all("www-authenticate"))
        if challenge is None or answers == MAX_ANSWERS or (answers and not challenge.is_stale):
            self._digests.pop(self._key_of(request), None)
            return None
        self._digests[self._key_of(request)] = DigestSession(request.settings.auth, challenge, token_hex(16))
        return self._signed(request)

    @staticmethod
    def _key_of(request: HttpRequest) -> tuple[Origin, DigestLogin]:
        login = request.settings.auth
        assert login is not None
        return request.origin, login


def _with_field(request: HttpRequest, value: str) -> HttpRequest:
    field = encode_text(f"Authorization: {value}\r\n")
    wire = insert_bytes(request.wire, request.head_size - 2, field)
    return request.again(request.settings, wire, request.head_size + len(field))
