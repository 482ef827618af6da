"""Heads as nearly all servers write them, read by regular expressions; `head.parse_head` reads every other head.

Most servers send a new head with each response (a request id, a limit that counts down, a cookie), so a cache of heads
is not enough. What stays the same is the shape of a server's heads: status, names and order of the fields, and the
values that decide how to go on. So three ways are tried, from the quickest to the slowest:

1. A head with the same bytes came before: servers of static files change only its Date, once per second.
2. It has a known shape: one expression, made of the names in it, which accepts any value of the other fields.
3. It is written as usual (HTTP/1.1, CR LF, plain field lines, nothing folded, at most one length, cookie and coding):
   one expression for all such heads. Its shape is then known.

In the second and third way the fields are read when something asks for them. Both accept only heads from which
`parse_head` reads the same; `tests/fuzz` compares them with each other and with llhttp.

Measured for nginx's nine fields, 280 bytes, best of fifteen on one core: 0.1 µs, 0.9 µs and 1.3 µs; `parse_head` 8 µs.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from gradual_agent.http.reading.decoding import KNOWN_CODINGS
from gradual_agent.http.reading.head import BLANKS, Framing, ResponseHead, parse_head, read_fields
from gradual_agent.http.response import Headers, RawHeaders

MAX_REMEMBERED: Final = 512
"""Heads that are cached. Beyond it all are dropped: a Date makes new heads every second, so old ones are useless."""

MAX_REMEMBERED_SIZE: Final = 4096
"""Bytes of a head that is cached, or whose shape is learned: that takes 1 s for a head of 300 KiB."""

MAX_SHAPES: Final = 8
"""Shapes that are tried."""

MAX_LEARNED_LINES: Final = 64
"""Lines of a head whose shape is learned."""

MAX_LEARNED: Final = 64
"""Shapes that are learned in all. A server may send other names each time, and to learn a shape takes 0.2 ms."""

# Without a way back (`*+`, `++`), the time is linear in the head, whatever a server sends.
_VALUE: Final = rb"[\t\x20-\x7e\x80-\xff]*+"
_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_DECISIVE: Final = rb"content-length|connection|set-cookie|content-encoding|location|transfer-encoding"

# A field whose name starts with another letter than the decisive ones is accepted at its first letter; so it comes
# first. `(?(2)(?!)|…)`: a second length (cookie, coding) is not accepted.
_USUAL = re.compile(
    rb"HTTP/1\.1\ ([2-5][0-9][0-9])(?:\ %(value)b)?\r\n"
    rb"(?:"
    rb"[abd-km-ru-zABD-KM-RU-Z]%(token)b*+:%(value)b\r\n"
    rb"|(?i:content-length):[ \t]*+(?(2)(?!)|([0-9]{1,18}+))\r\n"
    rb"|(?i:connection):[ \t]*+keep-alive\r\n"
    rb"|(?i:set-cookie):[ \t]*+(?(3)(?!)|(%(value)b))\r\n"
    rb"|(?i:content-encoding):[ \t]*+(?(4)(?!)|([a-z]++))\r\n"
    rb"|(?!(?i:%(decisive)b):)%(token)b++:%(value)b\r\n"
    rb")*+\r\n" % {b"value": _VALUE, b"token": _TOKEN, b"decisive": _DECISIVE}
).fullmatch
"""Groups: status, length, cookie, coding."""

_STATUSES: Final = {b"%d" % status: status for status in range(200, 600) if status not in (204, 304)}
"""Those whose body has the length that the head says."""

_CODINGS: Final[dict[bytes | None, tuple[str, ...]]] = {
    None: (),
    **{coding.encode(): (coding,) for coding in KNOWN_CODINGS},
}
"""The codings by the value of Content-Encoding."""


_new = object.__new__


class QuickHead(ResponseHead):
    """A head that was accepted whole; its fields are read when they are asked for."""

    __slots__ = ("_data", "cookies", "encoding", "is_error", "is_plain", "length", "size", "status")

    framing = Framing.LENGTH
    location: str | None = None
    is_persistent = is_quick = True
    is_redirect = False

    def __init__(  # noqa: PLR0917 - hot path: called by position
        self, data: bytes, size: int, status: int, length: int, cookie: bytes | None, encoding: tuple[str, ...]
    ) -> None:
        self._data = data
        self.size = size
        self.status = status
        self.is_error = status >= 400
        self.length = length
        self.encoding = encoding
        self.is_plain = cookie is None
        self.cookies = () if cookie is None else (cookie.rstrip(BLANKS).decode("latin-1"),)

    @property
    def headers(self) -> Headers:
        """The fields by name."""
        return Headers(partial(read_fields, self._data[: self.size]))

    def forget_body(self) -> None:
        """Keep no bytes but those of the head: a response that is kept must not hold its body twice."""
        self._data = self._data[: self.size]

    @property
    def fields(self) -> RawHeaders:  # type: ignore[override]  # read only, as all of a head
        """Names and values as they came, in order."""
        return read_fields(self._data[: self.size])


class HeadShape:
    """What the heads of a server have in common."""

    __slots__ = ("_encoding", "_has_cookie", "_is_error", "_match", "_status")

    def __init__(self, head: QuickHead, raw: bytes) -> None:
        first, *lines = raw[:-4].split(b"\r\n")
        expression = [re.escape(first), *(_expression_of(*line.split(b":", 1)) for line in lines), b"\r\n"]
        self._match = re.compile(b"\r\n".join(expression)).match
        self._status = head.status
        self._is_error = head.is_error
        self._encoding = head.encoding
        self._has_cookie = bool(head.cookies)

    def read(self, data: bytes) -> QuickHead | None:
        """The head at the start of the data, if it has this shape."""
        match = self._match(data)
        if match is None:
            return None
        if self._has_cookie:
            return QuickHead(data, match.end(), self._status, int(match["length"]), match["cookie"], self._encoding)
        # Without `__init__`: that call is 0.1 µs, a sixth of the whole.
        head: QuickHead = _new(QuickHead)
        head._data = data
        head.size = match.end()
        head.status = self._status
        head.is_error = self._is_error
        head.length = int(match["length"])
        head.encoding = self._encoding
        head.is_plain = True
        head.cookies = ()
        return head


def _expression_of(name: bytes, value: bytes) -> bytes:
    """The expression for a field of the same meaning."""
    kind = name.lower()
    if kind == b"content-length":
        value = rb"[ \t]*+(?P<length>[0-9]{1,18}+)"
    elif kind == b"set-cookie":
        value = rb"[ \t]*+(?P<cookie>%b)" % _VALUE
    else:
        value = re.escape(value) if kind in (b"connection", b"content-encoding") else _VALUE
    return re.escape(name) + b":" + value


class KnownHeads:
    """What an agent has learned of the heads that it read.

    `exact`: heads by their bytes. `size`: how long the one is that is likely to come next; 0 when a new one is likely.
    """

    __slots__ = ("_last", "_last_raw", "_learned", "_shapes", "exact", "size")

    def __init__(self) -> None:
        self.exact: dict[bytes, ResponseHead] = {}
        self.size = 0
        self._shapes: list[HeadShape] = []
        self._learned = 0
        self._last = self._last_raw = b""
        """What `find` and `read` had last: a head that comes twice in a row is added to `exact`."""

    def read(self, raw: bytes) -> ResponseHead:
        """The head in `raw`, which ends with the empty line; ResponseError for what cannot be read."""
        head = self.exact.get(raw)
        if head is None:
            by_shape = (shape.read(raw) for shape in self._shapes)
            head = next(filter(None, by_shape), None) or self._find_new(raw)
            if head is None or raw == self._last_raw:
                head = head or parse_head(raw)
                self._remember(raw, head)
            self._last_raw = raw
        return head

    def find(self, data: bytes) -> ResponseHead | None:
        """The head at the start of `data`; None if it is not whole, or not written as usual."""
        for shape in self._shapes:
            head = shape.read(data)
            if head is not None:
                # Whole responses are compared, as that needs no copy of the head; they differ early where heads do.
                if data == self._last:
                    self._remember(data[: head.size], head)
                else:
                    self.size = 0
                self._last = data
                return head
        return self._find_new(data)

    def _find_new(self, data: bytes) -> ResponseHead | None:
        raw = data[: data.find(b"\r\n\r\n") + 4]
        head = self.exact.get(raw)
        if head is not None:
            self.size = len(raw)
            return head
        usual = read_usual(raw)
        if usual is not None and self._learned < MAX_LEARNED and _can_be_learned(raw):
            self._learned += 1
            self._shapes = [HeadShape(usual, raw), *self._shapes[: MAX_SHAPES - 1]]
        return usual

    def _remember(self, raw: bytes, head: ResponseHead) -> None:
        head.forget_body()
        if len(raw) <= MAX_REMEMBERED_SIZE:
            if len(self.exact) >= MAX_REMEMBERED:
                self.exact.clear()
            self.exact[raw] = head
            self.size = len(raw)


def _can_be_learned(raw: bytes) -> bool:
    """To compile an expression takes 10 to 20 µs per line, in which the loop runs nothing else."""
    return len(raw) <= MAX_REMEMBERED_SIZE and raw.count(b"\n") <= MAX_LEARNED_LINES


def read_usual(raw: bytes) -> QuickHead | None:
    """The head in `raw`, if it is written as usual."""
    match = _USUAL(raw)
    if match is None:
        return None
    status, length, cookie, coding = match.groups()
    if length is None or status not in _STATUSES or coding not in _CODINGS:
        return None
    return QuickHead(raw, len(raw), _STATUSES[status], int(length), cookie, _CODINGS[coding])
