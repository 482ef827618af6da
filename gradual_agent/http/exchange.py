"""A failed exchange as people look at it: what was sent and what came back, masked and bounded, as plain JSON data."""

from __future__ import annotations

from typing import Any

from gradual_agent.http.decoding import decode_body
from gradual_agent.http.failures import ResponseError
from gradual_agent.http.request import Request
from gradual_agent.http.response import Headers, Response
from gradual_agent.users.sample import Sample
from gradual_common.masking import MASK, Mask, conceals

MAX_TEXT = 4096
"""Characters of a body, a URL or a detail that are shown."""

MAX_FIELDS = 64
MAX_VALUE = 1024

MAX_DECODED = 1024 * 1024

Field = tuple[str, str]


def describe_exchange(mask: Mask, sample: Sample) -> dict[str, Any]:
    """The exchange of a failed sample: {"detail", "request", "response"}; what did not happen is None."""
    request, response = sample.request, sample.response
    return {
        "detail": clip(mask.hide(sample.detail)),
        "request": None if request is None else _describe_request(mask, request),
        "response": _describe_response(mask, sample, response),
    }


def _describe_request(mask: Mask, request: Request) -> dict[str, Any]:
    fields = [("Host", request.origin.authority), *request.fields]
    if request.cookie:
        fields.append(("Cookie", request.cookie))
    return {
        "method": request.method,
        "url": clip(mask.hide_text(request.url)),
        "headers": _describe_fields(mask, fields),
        "body": clip(mask.hide_text(request.body.decode("utf-8", "replace"))),
        "body_bytes": len(request.body),
    }


def _describe_response(mask: Mask, sample: Sample, response: Response | None) -> dict[str, Any] | None:
    """Head and body where they were kept: of errors, and wherever the plan reads them."""
    if response is None:
        return None if not sample.status_code else {"status_code": sample.status_code, "headers": [], "body": None}
    text = _text_of(response)
    return {
        "status_code": response.status_code,
        "headers": _describe_fields(mask, list(_pairs(response.headers))),
        "body": clip(mask.hide_text(text)),
        "body_bytes": len(response.body),
    }


def _pairs(headers: Headers) -> list[Field]:
    return [(name, value) for name in headers for value in headers.get_all(name)]


def _text_of(response: Response) -> str:
    """The body as text; of one whose coding nobody undid, what can be read of it."""
    codings = tuple(token.strip().lower() for token in response.headers.get("content-encoding", "").split(",") if token)
    try:
        body = decode_body(response.body, codings, MAX_DECODED)
    except ResponseError:  # The plan read it, so it is decoded already; or only its begin was kept.
        body = response.body
    return Response(response.status_code, response.headers, body).text


def _describe_fields(mask: Mask, fields: list[Field]) -> list[list[str]]:
    return [[name, MASK if conceals(name) else mask.hide(value[:MAX_VALUE])] for name, value in fields[:MAX_FIELDS]]


def clip(text: str) -> str:
    """At most `MAX_TEXT` characters, and how many there were."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text):,} characters)"
