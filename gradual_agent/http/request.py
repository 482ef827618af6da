"""A request as bytes, built once when nothing in it changes.

`HttpRequest.wire` is what goes to the socket when there are no cookies to add: a user that sends a static request
builds nothing at all.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypedDict, Unpack

from gradual_agent.http.auth.logins import Login
from gradual_agent.http.long_bytes import Wire, insert_bytes
from gradual_agent.http.reading.events import EventSink
from gradual_agent.http.urls import ANY_TLS, Origin, split_url
from gradual_common import __version__
from gradual_common.clock import NS_PER_S
from gradual_common.net.header_fields import check_method, check_name, check_value
from gradual_common.net.tls import Tls
from gradual_common.net.urls import encode_text
from gradual_common.net.ways import STRAIGHT, Way

DEFAULT_FIELDS: Final = (
    ("User-Agent", f"gradual/{__version__}"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate"),
)

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
"""Only these may the engine send again (RFC 9110, 9.2.2)."""

ENCLOSING: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods that send `Content-Length: 0` when they have no body (RFC 9110, 8.6)."""

FRAMING: Final = frozenset({"host", "content-length", "transfer-encoding", "cookie"})
"""Fields that the engine writes itself; Host and Cookie keep what the plan says."""

FRAMING_BY_PROXY: Final = FRAMING | {"proxy-authorization"}

TRUSTED: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts within this machine."""

MAX_KEPT_BODY: Final = 64 * 1024 * 1024
"""The limit on a body that is kept when the request names none."""

MAX_KEPT_ERROR: Final = 64 * 1024
"""About so many bytes of an error's body (4xx, 5xx) are kept for reports, also when the plan does not read it."""

UNLIMITED: Final = 1 << 63

Fields = tuple[tuple[str, str], ...]
HeaderSource = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class RequestSettings:
    """Everything of a request but its bytes: where it goes, how long it may take, what is kept of the response.

    All requests of an action share one, unless a template changes their origin, Host or Cookie. Times in ns.
    """

    method: str
    origin: Origin
    cookie: str = ""
    """The plan's own Cookie field, which goes before the user's cookies."""
    own_host: str = ""
    """The plan's own Host field."""
    timeout: int = 30 * NS_PER_S
    connect_timeout: int = 10 * NS_PER_S
    follow_redirects: int = 10
    wants_headers: bool = False
    wants_body: bool = False
    max_body: int | None = None
    """Bytes of the response's body. None: 64 MiB if the body is kept, else no limit."""
    streams: bool = False
    """Its response may be an event stream, which the connection's quick path cannot read."""
    trace: float | None = None
    """It carries a trace context, and this share of such requests is marked as sampled; None: it carries none."""
    auth: Login | None = field(default=None, repr=False)
    """What credentials are made of when it is sent (`auth.client`); None: they are in the head, or there are none."""
    cookie_host: str = field(init=False, repr=False)
    """The host whose cookies are sent and set: that of the Host field, as in curl."""
    takes_secure: bool = field(init=False, repr=False)
    """Whether secure cookies may be set and sent: over TLS, or within this machine, as in curl and browsers."""
    body_limit: int = field(init=False, repr=False)
    quick_limit: int = field(init=False, repr=False)
    """What the connection's quick path may read; −1: nothing."""
    is_idempotent: bool = field(init=False, repr=False)
    wants_response: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        fix = object.__setattr__
        fix(self, "cookie_host", name_in(self.own_host) if self.own_host else self.origin.host)
        fix(self, "takes_secure", self.origin.is_secure or self.cookie_host in TRUSTED)
        unnamed = MAX_KEPT_BODY if self.wants_body else UNLIMITED
        # The answer to HEAD has no body, so one is too large for the connection's quick path, too.
        limit = 0 if self.method == "HEAD" else unnamed if self.max_body is None else self.max_body
        fix(self, "body_limit", limit)
        fix(self, "quick_limit", -1 if self.streams else limit)
        fix(self, "is_idempotent", self.method in IDEMPOTENT)
        fix(self, "wants_response", self.wants_headers or self.wants_body)


class HttpRequest:
    """One request, ready to be sent. It is never changed.

    Most actions make a new one for each request, so it holds its bytes and nothing that can be read from them.
    """

    __slots__ = ("head_size", "settings", "wire")

    events: EventSink | None = None
    """What gets the events of the response; None: it is not read as an event stream."""

    is_signed = False
    """Whether `wire` is another one for each message (`auth.signed_request`)."""

    def __init__(self, settings: RequestSettings, wire: Wire, head_size: int) -> None:
        self.settings = settings
        self.wire = wire
        """Head and body, in pieces if they are long. The head holds no Cookie field."""
        self.head_size = head_size
        """Bytes of the head, with the empty line."""

    def again(self, settings: RequestSettings, wire: Wire, head_size: int) -> HttpRequest:
        """The same request with other bytes: for a hop, or with one more field."""
        return HttpRequest(settings, wire, head_size)

    @property
    def head(self) -> bytes:
        """The head, with the empty line."""
        return bytes(self.wire[: self.head_size])

    @property
    def body(self) -> Wire:
        """The body."""
        return self.wire[self.head_size :]

    @property
    def fields(self) -> Fields:
        """The header fields but for `FRAMING` and those for the proxy, from which a redirected request is built."""
        lines = self.head.decode("utf-8", "surrogateescape").split("\r\n")[1:-2]
        pairs = [line.split(": ", 1) for line in lines]
        left_out = FRAMING if self.origin.plain_proxy is None else FRAMING_BY_PROXY
        return tuple((name, value) for name, value in pairs if name.lower() not in left_out)

    @property
    def method(self) -> str:
        """The method."""
        return self.settings.method

    @property
    def origin(self) -> Origin:
        """Where it goes."""
        return self.settings.origin

    @property
    def target(self) -> str:
        """Path and query."""
        wire = self.wire if isinstance(self.wire, bytes) else self.head
        line = wire[: wire.index(b"\r\n")]
        target = line[len(self.settings.method) + 1 : -len(" HTTP/1.1")].decode("utf-8", "surrogateescape")
        return target if self.origin.plain_proxy is None else target.removeprefix(str(self.origin))

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def url(self) -> str:
        """The absolute URL."""
        return f"{self.origin}{self.target}"

    def changed(self, change: Callable[[HttpRequest], HttpRequest]) -> HttpRequest:
        """The request after a change; one that is signed is changed before that."""
        return change(self)

    def wire_with(self, fields: str) -> Wire:
        """`wire` with more header fields, each `Name: value` and a line end."""
        return insert_bytes(self.wire, self.head_size - 2, encode_text(fields))


class Options(TypedDict, total=False):
    """The options of a request that do not change its bytes: see `RequestSettings`."""

    # The types of keyword arguments (PEP 692): at run time the options stay a plain dict, which costs nothing more.
    timeout: int
    connect_timeout: int
    follow_redirects: int
    wants_headers: bool
    wants_body: bool
    max_body: int | None
    streams: bool
    trace: float | None
    auth: Login | None


def build_request(
    method: str,
    url: str,
    headers: HeaderSource = (),
    body: Wire = b"",
    tls: Tls = ANY_TLS,
    *,
    way: Way = STRAIGHT,
    **options: Unpack[Options],
) -> HttpRequest:
    """Build a request for an absolute URL, with Host, Content-Length, User-Agent, Accept and Accept-Encoding.

    A field in `headers` replaces the added one of its name; Content-Length is always that of the body. RequestError for
    what cannot be sent: a URL without a host, an unknown scheme, a name or value that would break the message.
    """
    check_method(method)
    origin, target, userinfo = split_url(url, tls, way)
    given = check_fields(headers)
    fields = complete_fields(given, userinfo)
    own_host = _value_of(given, "host")
    target, fields = on_the_way(origin, target, fields)
    head = encode_head(method, target, own_host or origin.authority, fields, len(body))
    settings = RequestSettings(method, origin, _value_of(given, "cookie"), own_host, **options)
    return HttpRequest(settings, head + body, len(head))


def on_the_way(origin: Origin, target: str, fields: Fields) -> tuple[str, Fields]:
    """Target and fields as they go to the origin, or to its proxy: the whole URL (RFC 9112, 3.2.2), and credentials."""
    proxy = origin.plain_proxy
    if proxy is None:
        return target, fields
    if proxy.authorization and not _value_of(fields, "proxy-authorization"):
        fields = (*fields, ("Proxy-Authorization", proxy.authorization))
    return f"{origin}{target}", fields


def check_fields(headers: HeaderSource) -> Fields:
    """Check header fields; blanks around a value are not part of it (RFC 9110, 5.5)."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    fields = tuple((name, str(value).strip(" \t")) for name, value in pairs)
    for name, value in fields:
        check_name(name)
        check_value(name, value)
    return fields


def complete_fields(given: Fields, userinfo: str = "") -> Fields:
    """The default fields that the plan does not name, then the plan's own fields except `FRAMING`."""
    names = {name.lower() for name, _ in given}
    added = [pair for pair in DEFAULT_FIELDS if pair[0].lower() not in names]
    kept = [pair for pair in given if pair[0].lower() not in FRAMING]
    return with_credentials((*added, *kept), userinfo) if userinfo else (*added, *kept)


def with_credentials(fields: Fields, userinfo: str) -> Fields:
    """The fields with the URL's user information (RFC 7617), unless there are credentials already."""
    if any(name.lower() == "authorization" for name, _ in fields):
        return fields
    return (*fields, ("Authorization", "Basic " + b64encode(encode_text(userinfo)).decode("ascii")))


def encode_head(method: str, target: str, host: str, fields: Fields, length: int) -> bytes:
    """Request line, Host first (RFC 9110, 7.2), the fields, Content-Length where a body is or is expected."""
    lines = [f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in fields]
    if length or method in ENCLOSING:
        lines.append(f"Content-Length: {length}\r\n")
    lines.append("\r\n")
    return encode_text("".join(lines))


def name_in(host: str) -> str:
    """The name or address in a Host field: in small letters, without port and brackets."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower()


def _value_of(fields: Fields, wanted: str) -> str:
    return next((value for name, value in fields if name.lower() == wanted), "")
