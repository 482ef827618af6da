"""The cookies that a user holds: stored, sent and expired (RFC 6265bis, 5.7, 5.8).

Expiry is kept on the agent's clock; wall time is read only to convert an Expires attribute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from gradual_agent.http.cookies.cookie import Cookie, default_path, domain_matches, path_matches
from gradual_agent.http.cookies.dates import read_date
from gradual_agent.http.cookies.set_cookie import MAX_SIZE, may_store, read_line
from gradual_agent.http.request import HttpRequest, RequestSettings
from gradual_common.clock import NEVER, NS_PER_S
from gradual_common.net.urls import decode_bytes, decode_text, encode_text

MAX_COOKIES: Final = 3000
"""Cookies of one user (6.1 asks for at least 3000); beyond it the oldest is dropped."""

Key = tuple[str, str, str]
"""Domain, path, name."""

MAX_RENEWED: Final = MAX_SIZE // 2
"""Characters of a name, and of a value, of a cookie whose value can be renewed."""

MAX_RENEWABLE: Final = 8
"""Cookies of one user whose value can be renewed without reading the attributes again."""

_AGE = re.compile(r"-?[0-9]+")
_PLAIN_VALUE = re.compile(rf"[!#-+\--:<-\[\]-~]{{0,{MAX_RENEWED}}}").fullmatch
"""Characters of a value that needs no further check (RFC 6265, 4.1.1)."""

_TIMED = re.compile(r"(?i)max-age|expires")

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
