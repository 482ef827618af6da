"""Where a redirect leads, by the rules of browsers (RFC 9110, 15.4; WHATWG Fetch, HTTP-redirect fetch)."""

from __future__ import annotations

from gradual_agent.http.failures import REDIRECT, Failure
from gradual_agent.http.reading.head import ResponseHead
from gradual_agent.http.request import Fields, HttpRequest, with_credentials
from gradual_agent.http.urls import Origin, encode_location, join_url, split_url
from gradual_common.errors import RequestError

SAFE = ("GET", "HEAD")
OF_THE_BODY = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
OF_THE_ORIGIN = frozenset({"authorization", "proxy-authorization"})


def follow(request: HttpRequest, head: ResponseHead) -> HttpRequest | Failure:
    """The request of the next hop; a Failure where Location names nothing that can be asked."""
    try:
        url = join_url(request.url, encode_location(head.location or ""))
        origin, target, userinfo = split_url(url, request.origin.tls)
    except RequestError as error:
        return Failure(REDIRECT, f"the redirect leads nowhere: {error}")
    method = method_after(head.status, request.method)
    keeps_body = method == request.method
    fields = kept_fields(request, origin, keeps_body)
    if userinfo and origin.is_same_as(request.origin):
        fields = with_credentials(fields, userinfo)
    return request.moved(method, origin, target, fields=fields, body=request.body if keeps_body else b"")


def method_after(status: int, method: str) -> str:
    """303 asks for a GET of what was done; 301 and 302 turn a POST into one, as browsers always did."""
    if status == 303:
        return method if method in SAFE else "GET"
    return "GET" if status in (301, 302) and method == "POST" else method


def kept_fields(request: HttpRequest, origin: Origin, keeps_body: bool) -> Fields:
    """The fields that go along: none about a body that stays behind, no credentials to another origin."""
    dropped: frozenset[str] = frozenset()
    if not keeps_body:
        dropped |= OF_THE_BODY
    if not origin.is_same_as(request.origin):
        dropped |= OF_THE_ORIGIN
    return tuple(pair for pair in request.fields if pair[0].lower() not in dropped)
