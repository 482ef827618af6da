"""Where a plan's requests go, as far as its text says it before a template is rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from gradual_common.errors import RequestError
from gradual_common.kinds.http.settings import HttpService
from gradual_common.net.urls import join_base, read_authority, split_authority
from gradual_common.templates.trees import static_pieces

_MAY_BE_ABSOLUTE: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*(:/?/?)?)?")
"""The beginning of a URL that a template continues: it may become `http://HOST`, or a path."""


def known_destinations(settings: HttpService, url: str) -> Iterator[tuple[str, int]]:
    """Each (host, port) that an action reaches, if no template comes before the end of the authority.

    Through a proxy these are the proxy and the host. Where the plan itself says the addresses of what is dialled, they
    are the destinations.
    """
    found = _destination(settings.base_url or "", url)
    if found is not None:
        host, port = found
        proxy = settings.way.proxy_for(host)
        if proxy is not None:
            yield host, port
            host, port = proxy.host, proxy.port
        yield from ((address, port) for address in settings.way.dns.addresses_of(host) or (host,))


def _destination(base_url: str, url: str) -> tuple[str, int] | None:
    beginning, goes_on = _beginning(url)
    if goes_on and _MAY_BE_ABSOLUTE.fullmatch(beginning):
        return None
    base, base_goes_on = _beginning(base_url)
    try:
        joined = join_base(base, beginning)
        is_own = joined == beginning
        if base_goes_on and not is_own:
            joined, goes_on = base, True
        scheme, authority, rest = split_authority(joined)
        if goes_on and not rest:
            return None
        _, host, port = read_authority(scheme, authority)
    except RequestError:
        return None  # No request can be sent there: it fails when the action is compiled, or when it is rendered.
    return host, port


def _beginning(text: str) -> tuple[str, bool]:
    """The text before the first template, and whether there is one."""
    pieces = static_pieces(text)
    return "".join(takewhile(lambda piece: piece is not None, pieces)), None in pieces  # type: ignore[arg-type]  # no None is left
