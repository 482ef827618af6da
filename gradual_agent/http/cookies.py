"""A user's cookies (RFC 6265bis, section 5: draft-ietf-httpbis-rfc6265bis). Numbers such as 5.6 are its sections.

The standard library's `http.cookiejar` needs request and response objects of `urllib`, and takes 30 µs to make the
Cookie field of one cookie. This one takes 3 µs for two cookies, and the client caches the last result.
A cookie that a server sets again with each response costs 1.3 µs, its Cookie field included.

Where the RFC leaves a choice:

* There is no list of public suffixes; a Domain of a single label is refused instead.
* SameSite is ignored: a virtual user has no page that a request could come from.
* The host of a cookie is that of the Host field if the plan sets one, else that of the URL, as in curl.
* Loopback counts as secure, as in curl and browsers.

Expiry is kept on the agent's clock; wall time is read only to convert an Expires attribute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final

from gradual_agent.http.request import HttpRequest, RequestSettings
from gradual_common.clock import NEVER, NS_PER_S
from gradual_common.net.urls import decode_bytes, decode_text, encode_text

MAX_COOKIES: Final = 3000
"""Cookies of one user (6.1 asks for at least 3000); beyond it the oldest is dropped."""

MAX_SIZE: Final = 4096
"""Bytes of name and value (5.6, 5)."""

MAX_ATTRIBUTE: Final = 1024
"""Bytes of an attribute's value; a longer one is ignored (5.6)."""

MIN_YEAR: Final = 1601
"""An Expires before it is ignored (5.1.1, 5)."""

Key = tuple[str, str, str]
"""Domain, path, name."""

MAX_RENEWED: Final = MAX_SIZE // 2
"""Characters of a name, and of a value, of a cookie whose value can be renewed."""

MAX_RENEWABLE: Final = 8
"""Cookies of one user whose value can be renewed without reading the attributes again."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE_DELIMITER = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_AGE = re.compile(r"-?[0-9]+")
_PLAIN_VALUE = re.compile(rf"[!#-+\--:<-\[\]-~]{{0,{MAX_RENEWED}}}").fullmatch
"""Characters of a value that needs no further check (RFC 6265, 4.1.1)."""

_TIMED = re.compile(r"(?i)max-age|expires")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(slots=True, eq=False)
class Cookie:
    """One cookie. Only its value ever changes."""

    name: str
    value: str
    domain: str
    path: str
    is_host_only: bool
    is_secure: bool
    expires_at: int
    """On the agent's clock, ns."""
    serial: int
    """Order of creation, which decides among cookies of equally long paths (5.8.3, 2)."""

    def is_same_but_for_value(self, other: Cookie) -> bool:
        """Whether only the value differs from another cookie with the same name, domain and path."""
        return (self.is_host_only, self.is_secure, self.expires_at) == (
            other.is_host_only,
            other.is_secure,
            other.expires_at,
        )

    def is_for(self, request: HttpRequest) -> bool:
        """Whether the cookie is sent with `request` (5.8.3, 1)."""
        settings = request.settings
        host = settings.cookie_host
        return (
            (host == self.domain if self.is_host_only else domain_matches(host, self.domain))
            and path_matches(request.path, self.path)
            and (not self.is_secure or settings.takes_secure)
        )


Renewable = dict[tuple[RequestSettings, str, str], Cookie]
"""Cookies by the settings of the request, the name and the attributes of the field that set them."""

NOTHING_RENEWABLE: Final[Renewable] = {}
"""Shared by all jars; never changed."""

Matching = tuple[RequestSettings, str | None, list[Cookie]]
"""The cookies that go with requests of these settings and this path; None for any path."""


class CookieJar:
    """The cookies of one user. `version` rises whenever one of them changes or expires."""

    # Many servers set the same cookie again with each response, and only its value is new. So what a field means is
    # kept by its name and attributes (`_renewable`), and which cookies go with a request is kept too (`_matching`),
    # until a cookie comes, goes or gets other attributes (`_change`).

    __slots__ = ("_clock", "_cookies", "_had_secure", "_matching", "_next_expiry", "_renewable", "_serial",
                 "_wall_clock", "version")  # fmt: skip

    def __init__(self, clock: Callable[[], int], wall_clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._cookies: dict[Key, Cookie] = {}
        self._renewable = NOTHING_RENEWABLE
        self._matching: Matching | None = None
        self._next_expiry = NEVER
        self._had_secure = False
        self._serial = 0
        self.version = 0

    def __len__(self) -> int:
        return len(self._cookies)

    def get(self, name: str) -> str | None:
        """The value of the latest cookie called `name`, of any domain and path."""
        self.expire()
        found = [cookie for cookie in self._cookies.values() if cookie.name == name]
        if not found:
            return None
        value = max(found, key=lambda cookie: cookie.serial).value
        return value if value.isascii() else decode_text(encode_text(value))

    def clear(self) -> None:
        """Forget all cookies."""
        self._cookies.clear()
        self._next_expiry = NEVER
        self._change()

    def expire(self) -> None:
        """Drop the cookies that have expired."""
        if self._next_expiry == NEVER:
            return
        now = self._clock()
        if now < self._next_expiry:
            return
        self._cookies = {key: cookie for key, cookie in self._cookies.items() if cookie.expires_at > now}
        self._next_expiry = min((cookie.expires_at for cookie in self._cookies.values()), default=NEVER)
        self._change()

    def _change(self) -> None:
        """Forget what was derived from the cookies: more than a value has changed."""
        self.version += 1
        self._renewable = NOTHING_RENEWABLE
        self._matching = None

    def header_for(self, request: HttpRequest) -> str:
        """The Cookie field's value for `request`, longest path first (5.8.3, 2); "" for none."""
        matching = self._matching
        if matching is None or matching[0] is not request.settings or matching[1] not in (None, request.path):
            matching = self._matching = self._match(request)
        return "; ".join([f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in matching[2]])

    def _match(self, request: HttpRequest) -> Matching:
        found = [cookie for cookie in self._cookies.values() if cookie.is_for(request)]
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.serial))
        depends_on_path = any(cookie.path != "/" for cookie in self._cookies.values())
        return request.settings, request.path if depends_on_path else None, found

    def store(self, request: HttpRequest, lines: Iterable[str]) -> None:
        """Store the Set-Cookie fields of the response to `request`."""
        for line in lines:
            name, _, rest = line.partition("=")
            value, _, attributes = rest.partition(";")
            renewed = self._renewable.get((request.settings, name, attributes))
            if renewed is not None and _PLAIN_VALUE(value):
                renewed.value = value
                self.version += 1
            elif (cookie := self._read(request, decode_bytes(line))) is not None:
                self._note_renewable(request.settings, self._keep(cookie), name, attributes)

    def _note_renewable(self, settings: RequestSettings, cookie: Cookie, name: str, attributes: str) -> None:
        """Let the next field with this name and these attributes only renew the value."""
        # Only if the field always means the same: without a date or an age, which count from now; with a path of its
        # own, as else that of the request counts; and without the question whether it would hide a secure cookie. A
        # cookie without a name is judged by its value.
        is_timeless = cookie.expires_at == NEVER and _TIMED.search(attributes) is None
        has_path = read_line(f";{decode_bytes(attributes)}")[2].get("path", "").startswith("/")
        is_free = cookie.is_secure or settings.takes_secure or not self._had_secure
        if is_timeless and has_path and is_free and name == cookie.name and 0 < len(name) <= MAX_RENEWED:
            known = self._renewable if len(self._renewable) < MAX_RENEWABLE else NOTHING_RENEWABLE
            self._renewable = {**known, (settings, name, attributes): cookie}

    def _keep(self, cookie: Cookie) -> Cookie:
        """Store a cookie; the stored one is another object if only its value is new."""
        key = (cookie.domain, cookie.path, cookie.name)
        before = self._cookies.get(key)
        if before is not None and before.is_same_but_for_value(cookie):
            before.value = cookie.value
            self.version += 1
            return before
        self._change()
        if cookie.expires_at <= self._clock():
            self._cookies.pop(key, None)
            return cookie
        self._cookies[key] = cookie
        self._had_secure |= cookie.is_secure
        self._next_expiry = min(self._next_expiry, cookie.expires_at)
        if len(self._cookies) > MAX_COOKIES:
            del self._cookies[next(iter(self._cookies))]
        return cookie

    def _read(self, request: HttpRequest, line: str) -> Cookie | None:
        """The cookie that a Set-Cookie field sets, or None if it must be ignored (5.6 and 5.7)."""
        name, value, attributes = read_line(line)
        domain = attributes.get("domain", "").removeprefix(".").lower()
        if not may_store(request, (name, value, line), attributes, domain):
            return None
        path = attributes.get("path", "")
        key = (
            domain or request.settings.cookie_host,
            path if path.startswith("/") else default_path(request.path),
            name,
        )
        is_secure = "secure" in attributes
        if self._had_secure and not is_secure and not request.settings.takes_secure and self._has_secure_beside(key):
            return None
        before = self._cookies.get(key)
        self._serial += 1
        serial = before.serial if before is not None else self._serial
        expires_at = self._expiry_of(attributes)
        return Cookie(name, value, key[0], key[1], not domain, is_secure, expires_at, serial)

    def _has_secure_beside(self, key: Key) -> bool:
        """Whether a secure cookie exists that this one would hide: plain HTTP may not replace it (5.7, 15)."""
        domain, path, name = key
        return any(
            cookie.is_secure
            and cookie.name == name
            and (domain_matches(cookie.domain, domain) or domain_matches(domain, cookie.domain))
            and path_matches(path, cookie.path)
            for cookie in self._cookies.values()
        )

    def _expiry_of(self, attributes: dict[str, str]) -> int:
        """The instant of expiry: Max-Age wins over Expires, and a value that cannot be read is ignored."""
        max_age = attributes.get("max-age", "")
        if _AGE.fullmatch(max_age):
            return self._clock() + int(max_age) * NS_PER_S if int(max_age) > 0 else 0
        moment = read_date(attributes.get("expires", ""))
        if moment is None:
            return NEVER
        return self._clock() + int((moment.timestamp() - self._wall_clock()) * NS_PER_S)


def read_line(line: str) -> tuple[str, str, dict[str, str]]:
    """Name, value and attributes of a Set-Cookie field; a pair without `=` is a value without a name.

    Attribute names are in lower case; of several with one name the last counts, even if its value is empty.
    """
    pair, _, rest = line.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", name
    attributes: dict[str, str] = {}
    for part in rest.split(";"):
        key, _, text = part.partition("=")
        text = text.strip(" \t")
        if size_of(text) <= MAX_ATTRIBUTE:
            attributes[key.strip(" \t").lower()] = text
    return name.strip(" \t"), value.strip(" \t"), attributes


def may_store(request: HttpRequest, written: tuple[str, str, str], attributes: dict[str, str], domain: str) -> bool:
    """Whether the response to `request` may set a cookie that was written as (name, value, line)."""
    name, value, line = written
    if not (name or value) or size_of(name) + size_of(value) > MAX_SIZE or _CONTROL.search(line):
        return False
    host = request.settings.cookie_host
    # A host may set cookies for its own domain, or for one above it that is not a single label.
    if domain and not (host == domain or ("." in domain and domain_matches(host, domain))):
        return False
    if "secure" in attributes and not request.settings.takes_secure:
        return False
    shown = name or value
    return not shown.startswith("__") or keeps_promise(shown.lower(), attributes, domain)


def keeps_promise(name: str, attributes: dict[str, str], domain: str) -> bool:
    """Whether a name's prefix is true: `__Secure-` is secure; `__Host-` also has no Domain, and Path=/ (4.1.3)."""
    is_secure = "secure" in attributes
    if name.startswith("__host-"):
        return is_secure and not domain and attributes.get("path") == "/"
    return is_secure or not name.startswith("__secure-")


def size_of(text: str) -> int:
    """Bytes."""
    return len(text) if text.isascii() else len(encode_text(text))


def domain_matches(host: str, domain: str) -> bool:
    """Whether `host` is the domain or below it; an address matches only itself (5.1.3)."""
    return host == domain or (host.endswith("." + domain) and not is_address(host))


def path_matches(path: str, cookie_path: str) -> bool:
    """Whether `cookie_path` is `path` or a folder above it (5.1.4)."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def default_path(path: str) -> str:
    """The path up to the last slash, without it (5.1.4)."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


def is_address(host: str) -> bool:
    """Whether `host` is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def read_date(text: str) -> datetime | None:
    """A date in any form that servers write (5.1.1); None if it cannot be read."""
    found: dict[str, tuple[int, ...]] = {}
    for token in _DATE_DELIMITER.split(text):
        _read_token(token, found)
    if len(found) < 4:
        return None
    year = found["year"][0]
    year += 2000 if year < 70 else 1900 if year < 100 else 0
    if year < MIN_YEAR:
        return None
    try:
        hour, minute, second = found["time"]
        return datetime(year, found["month"][0], found["day"][0], hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _read_token(token: str, found: dict[str, tuple[int, ...]]) -> None:
    """Store `token` as the first part that it can be and that is still missing: time, day, month, year (5.1.1)."""
    time, day, year = _TIME.match(token), _DAY.match(token), _YEAR.match(token)
    month = token[:3].lower()
    if time and "time" not in found:
        found["time"] = tuple(int(part) for part in time.groups())
    elif day and "day" not in found:
        found["day"] = (int(day[1]),)
    elif month in _MONTHS and "month" not in found:
        found["month"] = (_MONTHS.index(month) + 1,)
    elif year and "year" not in found:
        found["year"] = (int(year[1]),)
