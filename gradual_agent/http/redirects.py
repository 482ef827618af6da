"""The request that a redirect asks for.

The rules are those of browsers (RFC 9110, 15.4; WHATWG Fetch, HTTP-redirect fetch).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gradual_agent.http.failures import REDIRECT, ResponseError
from gradual_agent.http.request import Fields, HttpRequest, encode_head, on_the_way, with_credentials
from gradual_agent.http.urls import encode_location, join_url, split_url
from gradual_common.errors import RequestError

SAFE: Final = ("GET", "HEAD")
OF_THE_BODY: Final = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
OF_THE_ORIGIN: Final = frozenset({"authorization", "proxy-authorization"})


def follow(request: HttpRequest, status: int, location: str) -> HttpRequest:
    """The request of the next hop, with the same options; ResponseError when the Location cannot be used."""
    try:
        url = join_url(request.url, encode_location(location))
        origin, target, userinfo = split_url(url, request.origin.tls, request.origin.way)
    except RequestError as error:
        raise ResponseError(f"the redirect leads nowhere: {error}", REDIRECT) from None
    # Credentials and the plan's own Host and Cookie belong to the origin of the plan's URL. They are never sent to
    # another one: a redirect must not be able to collect them.
    is_at_home = origin.is_same_as(request.origin)
    method = _method_after(status, request.method)
    body = request.body if method == request.method else b""
    fields = _kept_fields(request.fields, keeps_body=method == request.method, keeps_credentials=is_at_home)
    if userinfo and is_at_home:
        fields = with_credentials(fields, userinfo)
    settings = replace(request.settings, method=method, origin=origin)
    if not is_at_home:
        settings = replace(settings, own_host="", cookie="", auth=None)
    target, fields = on_the_way(origin, target, fields)
    head = encode_head(method, target, settings.own_host or origin.authority, fields, len(body))
    return request.again(settings, head + body, len(head))


def _method_after(status: int, method: str) -> str:
    """303 asks for a GET; 301 and 302 turn a POST into a GET, as browsers always did (RFC 9110, 15.4.2)."""
    if status == 303:
        return method if method in SAFE else "GET"
    return "GET" if status in (301, 302) and method == "POST" else method


def _kept_fields(fields: Fields, *, keeps_body: bool, keeps_credentials: bool) -> Fields:
    """The fields for the next hop: without those of a dropped body, and without credentials for another origin."""
    dropped = (frozenset() if keeps_body else OF_THE_BODY) | (frozenset() if keeps_credentials else OF_THE_ORIGIN)
    return tuple(pair for pair in fields if pair[0].lower() not in dropped)
