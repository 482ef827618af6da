"""AWS Signature Version 4: which header fields sign a request at a time.

After "Create a signed AWS API request" (AWS Identity and Access Management, User Guide). S3 and what speaks like it
differ in two things: the path is encoded once and not normalised, and a field has the hash of the body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

Fields = Iterable[tuple[str, str]]

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"

UNRESERVED: Final = "-_.~"
"""What is not encoded, besides letters and digits."""

LIKE_S3: Final = frozenset({"s3", "s3-outposts", "s3-object-lambda", "s3express"})

CONTENT_HASH: Final = "x-amz-content-sha256"

_BY_THE_ENGINE: Final = {"accept", "accept-encoding", "authorization", "content-length", "cookie", "user-agent"}
_BY_THE_WAY: Final = {"connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
_BY_PROXIES: Final = {"proxy-authenticate", "proxy-authorization"}
_BY_TRACING: Final = {"baggage", "traceparent", "tracestate", "x-amzn-trace-id"}
NEVER_SIGNED: Final = frozenset(_BY_THE_ENGINE | _BY_THE_WAY | _BY_PROXIES | _BY_TRACING)
"""What is written after signing, and what proxies and tracing may change on the way."""

_BLANKS = re.compile(r" +")


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """Who signs."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    """Of temporary credentials."""


@dataclass(frozen=True, slots=True)
class AwsScope:
    """What a signature is good for, besides its day."""

    region: str
    service: str

    @property
    def is_like_s3(self) -> bool:
        """Whether the rules of S3 hold."""
        return self.service in LIKE_S3


def sign(
    method: str,
    url: str,
    headers: Fields,
    body_hash: str,
    *,
    credentials: AwsCredentials,
    scope: AwsScope,
    time: int,
) -> list[tuple[str, str]]:
    """The header fields to add: the time, the token of the session, the hash of the body for S3, Authorization.

    `headers` has Host. `url` is absolute, and encoded as it is sent. `body_hash`: SHA-256 in hexadecimal. `time`: UTC,
    in whole seconds since 1970.
    """
    moment = datetime.fromtimestamp(time, UTC).strftime("%Y%m%dT%H%M%SZ")
    given = {name.lower(): value for name, value in headers}
    added = [("X-Amz-Date", moment)]
    if credentials.session_token:
        added.append(("X-Amz-Security-Token", credentials.session_token))
    if scope.is_like_s3 and CONTENT_HASH not in given:
        added.append(("X-Amz-Content-SHA256", body_hash))
    signed = _canonical_fields([*headers, *added])
    names = ";".join(signed)
    parts = urlsplit(url)
    canonical = "\n".join(
        (
            method,
            _canonical_path(parts.path, scope),
            _canonical_query(parts.query),
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            given.get(CONTENT_HASH, body_hash),  # The plan's own, such as UNSIGNED-PAYLOAD.
        )
    )
    written = f"{moment[:8]}/{scope.region}/{scope.service}/{TERMINATOR}"
    to_sign = f"{ALGORITHM}\n{moment}\n{written}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, moment[:8], scope.region, scope.service)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    value = f"{ALGORITHM} Credential={credentials.access_key}/{written}, SignedHeaders={names}, Signature={signature}"
    return [*added, ("Authorization", value)]


@lru_cache(maxsize=1024)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """The key of a day: four HMACs one after the other."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_fields(fields: Fields) -> dict[str, str]:
    """Names in small letters, sorted; values without superfluous blanks, those of one name joined."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        if (lower := name.lower()) not in NEVER_SIGNED:
            values.setdefault(lower, []).append(_BLANKS.sub(" ", value.strip()))
    return {name: ",".join(values[name]) for name in sorted(values)}


def _canonical_path(path: str, scope: AwsScope) -> str:
    """Of an encoded path. S3: encoded once. Others: without dots and empty segments, and what is encoded once more."""
    if scope.is_like_s3:
        return quote(unquote_to_bytes(path), safe=f"/{UNRESERVED}") or "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    ending = "/" if kept and path.endswith(("/", "/.", "/..")) else ""
    return f"/{quote('/'.join(kept), safe=f'/{UNRESERVED}')}{ending}"


def _canonical_query(query: str) -> str:
    """The pairs, encoded and then sorted, each with its equals sign."""
    return "&".join(f"{name}={value}" for name, value in sorted(_pairs(query)))


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if pair:
            yield _encode_again(name), _encode_again(value)


def _encode_again(text: str) -> str:
    return quote(unquote_to_bytes(text), safe=UNRESERVED)
