"""Why samples failed, in the words of people: `HTTP 404`, `connection refused`, `certificate is self-signed`.

Agents count a failure by its kind and describe some of them by a sentence; a label is made of both. The sentences hold
what the operating system and OpenSSL say, whose wording differs from version to version: a label is found by a part of
them. A kind that is not known here is shown by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.kinds.http.model import Assertion

STATUS_KINDS = frozenset({"status", "assertion:status_code"})
"""Failures that are told apart by the status code of the response."""

LONGEST_NAME = 60

_CAUSES: Mapping[str, Sequence[tuple[str, str]]] = {
    "connect": (
        ("connection refused", "connection refused"),
        ("network is unreachable", "network unreachable"),
        ("no route to host", "no route to host"),
        ("no free port left", "no free port left on the agent"),
        ("no file descriptor left", "no file descriptor left on the agent"),
        ("connection reset", "connection reset while connecting"),
        ("no answer", "no answer"),
        ("timed out", "no answer"),
    ),
    "dns": (
        ("name or service not known", "no such host"),
        ("nodename nor servname", "no such host"),
        ("name does not resolve", "no such host"),
        ("no address associated", "no such host"),
        ("temporary failure", "name server does not answer"),
        ("no host name", "not a host name"),
    ),
    "tls": (
        ("self-signed certificate in certificate chain", "certificate is of an unknown authority"),
        ("self signed certificate in certificate chain", "certificate is of an unknown authority"),
        ("self-signed", "certificate is self-signed"),
        ("self signed", "certificate is self-signed"),
        ("certificate has expired", "certificate has expired"),
        ("not yet valid", "certificate is not valid yet"),
        ("hostname mismatch", "certificate is for another host"),
        ("not valid for", "certificate is for another host"),
        ("ip address mismatch", "certificate is for another host"),
        ("local issuer certificate", "certificate is of an unknown authority"),
        ("not trusted", "certificate is not trusted"),
        ("certificate required", "server asks for a client certificate"),
        ("wrong version number", "server does not speak TLS here"),
        ("record layer failure", "server does not speak TLS here"),
        ("unsupported protocol", "no TLS version in common"),
        ("protocol version", "no TLS version in common"),
        ("cannot be decrypted", "TLS broke"),
        ("tls settings", "TLS settings cannot be used"),
    ),
    "protocol": (
        ("http/2", "server speaks HTTP/2 only"),
        ("is not valid", "body cannot be decoded"),
        ("chunked body", "chunked body cannot be read"),
        ("switched protocols", "server switched protocols"),
        ("head is larger", "response head too large"),
        ("head cannot be read", "response head cannot be read"),
    ),
    "reset": (
        ("reset by peer", "connection reset"),
        ("broken pipe", "connection closed by the server"),
        ("closed the connection", "connection closed by the server"),
    ),
    "redirect": (("leads nowhere", "redirect leads nowhere"), ("more than", "too many redirects")),
}
"""By kind: a part of the sentence, in small letters, and the label; the first that is found counts."""

_GENERAL: Mapping[str, str] = {
    "status": "HTTP error",
    "connect": "no connection",
    "dns": "host name not resolved",
    "tls": "TLS handshake failed",
    "reset": "connection broke",
    "protocol": "no valid HTTP response",
    "redirect": "redirect not followed",
    "proxy": "proxy failed",
    "timeout": "timed out",
    "template": "template failed",
    "extract": "value to extract not found",
    "body_too_large": "body too large",
    "data": "no data row left",
    "poll": "poll gave up",
    "graphql": "GraphQL error",
    "python": "error in user code",
    "internal": "internal error of Gradual",
}

_WITHIN = re.compile(r"within ([\d.e+]+ ?\w*)")
_NOT_FOUND = re.compile(r"'([^']+)' was not found")


def label_of(kind: str, detail: str = "", status_code: int | None = None, assertions: Sequence[Assertion] = ()) -> str:
    """What a person calls a failure of this kind with this sentence; `assertions`: those of its action.

    >>> label_of("status", status_code=404)
    'HTTP 404'
    >>> label_of("connect", "no connection to http://localhost:1 (127.0.0.1: connection refused)")
    'connection refused'
    """
    if kind in STATUS_KINDS and status_code:
        return f"HTTP {status_code}"
    family, _, check = kind.partition(":")
    if check:
        return _assertion_label(check, [assertion for assertion in assertions if assertion.check == check])
    if family in _SPECIAL and (label := _SPECIAL[family](detail)):
        return label
    lower = detail.lower()
    found = (label for part, label in _CAUSES.get(family, ()) if part in lower)
    return next(found, _GENERAL.get(family, family.replace("_", " ")))


def cause_of(kind: str, detail: str = "", status_code: int | None = None) -> str | None:
    """The sentence of a failure; of a status that speaks for itself its name."""
    if detail or kind not in STATUS_KINDS or not status_code:
        return detail or None
    phrase = next((status.phrase for status in HTTPStatus if status == status_code), "")
    return f"the server answered {status_code} {phrase}".rstrip()


def _timeout_label(detail: str) -> str | None:
    return f"timed out after {found[1]}" if (found := _WITHIN.search(detail)) else None


def _connect_label(detail: str) -> str | None:
    return f"not connected within {found[1]}" if (found := _WITHIN.search(detail)) else None


def _extract_label(detail: str) -> str | None:
    return f"{found[1][:LONGEST_NAME]!r} not found" if (found := _NOT_FOUND.search(detail)) else None


_SPECIAL: Mapping[str, Callable[[str], str | None]] = {
    "timeout": _timeout_label,
    "connect": _connect_label,
    "extract": _extract_label,
}

_LIMITS = {"<": "above", "<=": "above", ">": "below", ">=": "below", "==": "other than", "!=": "of"}
"""By the operator of the assertion, on which side of its limit a sample was; hardly one meets the edge itself."""


def _assertion_label(check: str, assertions: Sequence[Assertion]) -> str:
    """What did not hold. Of several of the same check, only that: which one it was is not counted."""
    one = assertions[0] if len(assertions) == 1 else None
    match check:
        case "response_time":
            return f"response time {_limit(one, _time)}"
        case "body_size":
            return f"body size {_limit(one, lambda size: f'{size:,} bytes')}"
        case "body_contains":
            return "body lacks the asserted text"
        case "body_matches":
            return "body does not match"
        case "status_code":
            return "status code not as asserted"
    subject = f" {one.subject[:LONGEST_NAME]}" if one is not None and one.subject else ""
    return f"{check}{subject} not as asserted"


def _limit(assertion: Assertion | None, show: Callable[[int], str]) -> str:
    if assertion is None:
        return "outside of its limits"
    return f"{_LIMITS[assertion.op]} {show(assertion.expected)}"


def _time(nanoseconds: int) -> str:
    return f"{nanoseconds / NS_PER_S:g} s" if nanoseconds >= NS_PER_S else f"{nanoseconds / NS_PER_MS:g} ms"
