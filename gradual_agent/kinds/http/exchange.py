"""Describes an HTTP exchange: a failed one as JSON data for reports, masked and limited in size; any for `gradual try`.

`body_bytes` is the size of the decoded body; None when only a part of it, or nothing, was kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.decoding import decode_body
from gradual_agent.http.request import MAX_KEPT_ERROR, HttpRequest
from gradual_agent.http.response import Headers, Response
from gradual_agent.http.tracing import HEADER
from gradual_agent.kinds.engines import Message
from gradual_agent.kinds.failed_exchange import MAX_READ, Field, describe_fields, show_text
from gradual_agent.runtime.sample import Sample
from gradual_common.clock import NS_PER_MS
from gradual_common.secrecy.credentials import credentials_in_fields, credentials_in_text
from gradual_common.secrecy.masking import Mask

MAX_BYTES = 4 * MAX_READ
"""Bytes of a body that are decoded to text: at least `MAX_READ` characters, as UTF-8 needs at most four bytes for one.
To decode all of a body of 6 MB took 16 ms, in which the agent's loop ran nothing else."""

MAX_DECODED = 1024 * 1024
"""Bytes of an error's body after its codings are undone."""


def describe_exchange(mask: Mask, sample: Sample) -> dict[str, Any]:
    """The exchange of a failed sample: {"detail", "request", "response"}; None for a message that did not exist."""
    request, response = sample.request, sample.response
    mask = mask.also(credentials=[*_credentials_of(request, response), sample.token])
    return {
        "detail": show_text(mask, sample.explain(mask.hide_text)),
        "request": None if request is None else _describe_request(mask, request, sample.trace),
        "response": _describe_response(mask, sample, request, response),
    }


def _credentials_of(request: HttpRequest | None, response: Response | None) -> Iterator[str]:
    """The credentials in both messages: each is masked in the other one, too, which may repeat it."""
    if request is not None:
        fields = [*request.fields, ("Cookie", request.settings.cookie)]
        yield from credentials_in_fields(fields)
        yield from credentials_in_text(request.url[:MAX_READ])
        yield from credentials_in_text(bytes(request.body[:MAX_READ]).decode("utf-8", "replace"))
    if response is not None:
        yield from credentials_in_fields(_pairs(response.headers))


def _describe_request(mask: Mask, request: HttpRequest, trace: str) -> dict[str, Any]:
    # The Host that was really sent is in the first line after the request line; the plan may have set it.
    host = request.head.split(b"\r\n", 2)[1].partition(b":")[2].decode("utf-8", "replace").strip()
    fields = [("Host", host), *request.fields]
    if request.settings.cookie:
        fields.append(("Cookie", request.settings.cookie))
    if request.settings.trace is not None:
        # The client adds the context when it sends the request; the action keeps the request as it was before.
        fields.append((HEADER, trace))
    return {
        "method": request.method,
        "url": show_text(mask, request.url),
        "headers": describe_fields(mask, fields),
        "body": _show_body(mask, Response(0, body=bytes(request.body[:MAX_BYTES])), len(request.body)),
        "body_bytes": len(request.body),
    }


def _describe_response(
    mask: Mask, sample: Sample, request: HttpRequest | None, response: Response | None
) -> dict[str, Any] | None:
    """Head and body as far as they were kept: those of errors, and those that the plan reads."""
    if response is None:
        empty = {"status_code": sample.status_code, "headers": [], "body": None, "body_bytes": None}
        return empty if sample.status_code else None
    is_wanted = request is not None and request.settings.wants_body
    is_kept = is_wanted or response.status_code >= 400
    is_whole = is_wanted or len(response.body) < MAX_KEPT_ERROR
    body = response.body if is_wanted or not is_kept else _decoded(response)
    return {
        "status_code": response.status_code,
        "headers": describe_fields(mask, list(_pairs(response.headers))),
        "body": _show_body(mask, replace(response, body=body), len(body), is_whole) if is_kept else None,
        "body_bytes": len(body) if is_kept and is_whole else None,
    }


def _pairs(headers: Headers) -> list[Field]:
    return [(name, value) for name in headers for value in headers.get_all(name)]


def _decoded(response: Response) -> bytes:
    """The decoded body of an error that the plan does not read; the raw body if that fails."""
    tokens = (token.strip().lower() for token in response.headers.get("content-encoding", "").split(","))
    codings = tuple(filter(None, tokens))
    try:
        return decode_body(response.body, codings, MAX_DECODED)
    except ResponseError:
        return response.body


def _show_body(mask: Mask, response: Response, size: int, is_whole: bool = True) -> str:
    """The first part of a body in its charset, and its size when that is not all."""
    rest = f"{size:,}{'' if is_whole else ' or more'} bytes" if size > MAX_BYTES or not is_whole else ""
    return show_text(mask, replace(response, body=response.body[:MAX_BYTES]).text, rest)


def message_of_request(request: HttpRequest, cookie: str) -> Message:
    """A request as it is sent, with the user's cookies."""
    lines = request.head.decode("utf-8", "replace").split("\r\n")[1:-2]
    fields = [line.partition(": ")[::2] for line in lines]
    if cookie:
        fields.append(("Cookie", cookie))
    body = bytes(request.body)
    return Message(fields, body, body.decode("utf-8", "replace"))


def title_of(sample: Sample) -> str:
    """`200 OK, 12.3 ms, after 2 redirects`; "" without a response."""
    if not sample.status_code:
        return ""
    try:
        phrase = HTTPStatus(sample.status_code).phrase
    except ValueError:
        phrase = ""
    hops = f", after {sample.hops} redirects" if sample.hops else ""
    return f"{sample.status_code} {phrase}, {(sample.ended - sample.started) / NS_PER_MS:.1f} ms{hops}"


def message_of(response: Response | None) -> Message | None:
    """A response with the fields of its head."""
    if response is None:
        return None
    return Message(list(response.headers.items()), response.body, response.text)
