"""Requests that are signed when they are sent: a hop, a retry and a message that is sent again have the time of then.

`wire` is what a client reads for each message that it sends. Here it signs; in other requests it is a plain attribute,
so that they pay nothing for it. Measured on one core: 50 µs for a message of 1 KiB.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from gradual_agent.http.auth.sigv4 import AwsCredentials, AwsScope, sign
from gradual_agent.http.long_bytes import Wire, insert_bytes, split_piece
from gradual_agent.http.reading.events import EventSink
from gradual_agent.http.request import HttpRequest, RequestSettings
from gradual_common.net.urls import encode_text

Clock = Callable[[], float]
"""UTC in seconds since 1970."""


class AwsSigner:
    """Signs messages with these credentials."""

    __slots__ = ("_clock", "_credentials", "_scope")

    def __init__(self, credentials: AwsCredentials, scope: AwsScope, clock: Clock = time.time) -> None:
        self._credentials = credentials
        self._scope = scope
        self._clock = clock

    def fields_for(self, request: HttpRequest, body_hash: str) -> bytes:
        """The lines that sign the request now."""
        host = request.settings.own_host or request.origin.authority
        added = sign(
            request.method,
            request.url,
            [("Host", host), *request.fields],
            body_hash,
            credentials=self._credentials,
            scope=self._scope,
            time=int(self._clock()),
        )
        return encode_text("".join(f"{name}: {value}\r\n" for name, value in added))


class SignedRequest(HttpRequest):
    """A request whose bytes are signed each time that they are read."""

    __slots__ = ("_body_hash", "_plain", "_signer")

    is_signed = True

    def __init__(self, plain: HttpRequest, signer: AwsSigner, body_hash: str = "") -> None:
        # Not the base's: `wire` and `head_size` are properties here. What is read of a head is that of `plain`.
        self.settings = plain.settings
        self._plain = plain
        self._signer = signer
        self._body_hash = body_hash or hash_of(plain.body)

    @property
    def head_size(self) -> int:  # type: ignore[override]  # an attribute of others
        """Bytes of the head without the signature."""
        return self._plain.head_size

    @property
    def wire(self) -> Wire:  # type: ignore[override]  # an attribute of others
        """Head and body, signed now."""
        return self.wire_with("")

    @property
    def head(self) -> bytes:
        """The head without the signature, which belongs to one message."""
        return self._plain.head

    @property
    def body(self) -> Wire:
        """The body."""
        return self._plain.body

    @property
    def events(self) -> EventSink | None:  # type: ignore[override]  # an attribute of others
        """What gets the events of the response."""
        return self._plain.events

    @property
    def target(self) -> str:
        """Path and query."""
        return self._plain.target

    def wire_with(self, fields: str) -> Wire:
        """The message with more header fields, which are not signed."""
        added = self._signer.fields_for(self._plain, self._body_hash) + encode_text(fields)
        return insert_bytes(self._plain.wire, self._plain.head_size - 2, added)

    def again(self, settings: RequestSettings, wire: Wire, head_size: int) -> HttpRequest:
        """A hop: it is signed as well, at its own origin only."""
        hop = self._plain.again(settings, wire, head_size)
        return SignedRequest(hop, self._signer) if hop.origin.is_same_as(self.origin) else hop

    def changed(self, change: Callable[[HttpRequest], HttpRequest]) -> HttpRequest:
        """The request after a change that leaves the body as it is."""
        return SignedRequest(change(self._plain), self._signer, self._body_hash)


def hash_of(body: Wire) -> str:
    """SHA-256 of a body, in hexadecimal; a long one is read piece by piece."""
    digest = hashlib.sha256()
    while len(body):
        piece, body = split_piece(body)  # type: ignore[assignment]  # the rest of bytes are bytes
        digest.update(piece)
    return digest.hexdigest()
