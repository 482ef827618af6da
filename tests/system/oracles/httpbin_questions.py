"""What is asked of httpbin: each row is the session of one user, and why a client may answer it in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from clients import Question

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")
STATUSES = (200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405,
            406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429,
            431, 451, 500, 501, 502, 503, 504, 505, 507, 508, 511, 599)  # fmt: skip
REDIRECTS = (300, 301, 302, 303, 304, 305, 307, 308)
NOT_FOLLOWED = (300, 304, 305)

BODIES = (
    "/get?a=1&a=2&b=%C3%BC&c=a+b&d=%2F", "/anything/a/b;c=d/%20e", "/headers", "/user-agent", "/ip",
    "/bytes/0?seed=1", "/bytes/1?seed=1", "/bytes/65536?seed=1", "/bytes/102400?seed=1",
    "/stream/1", "/stream/100", "/stream-bytes/1?seed=1", "/stream-bytes/100000?seed=2&chunk_size=1",
    "/stream-bytes/100000?seed=2&chunk_size=999", "/drip?numbytes=50&duration=0&delay=0",
    "/gzip", "/deflate", "/brotli", "/html", "/xml", "/json", "/robots.txt", "/deny", "/encoding/utf8", "/forms/post",
    "/image/png", "/image/jpeg", "/image/svg", "/image/webp", "/links/10/0", "/base64/R3JhZHVhbA==", "/cache/60",
    "/etag/x", "/response-headers?X=1&X=2&Y=a%20b", "/no/such/path", "/delay/0", "/get#fragment",
)  # fmt: skip

LOCATIONS = ("/anything/ü", "/anything/%C3%BC", "/anything?q=a b", "/anything#x", "//127.0.0.1:1/", "?url=/get",
             "../anything/a/../b", "anything")  # fmt: skip

QUOTES = "aiohttp quotes the value of a cookie that is not a token"
SECOND_0 = "aiohttp takes the first second of 1970 for no date"
COOKIES = {
    "a=1": "", "a=1; Path=/": "", "a=1; Path=/cookies": "", "a=1; Path=/other": "", "a=1; Path=/cook": "",
    "a=1; Max-Age=100": "", "a=1; Max-Age=0": "", "a=1; Max-Age=-1": "",
    "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT": SECOND_0, "a=1; Expires=Fri, 01 Jan 1971 00:00:00 GMT": "",
    "a=1; Expires=Fri, 31 Dec 2038 23:59:59 GMT": "", "a=1; Expires=Fri, 31-Dec-38 23:59:59 GMT": "",
    "a=1; Domain=127.0.0.1": "", "a=1; Domain=other.example": "", "a=1; HttpOnly": "", "a=1; SameSite=Strict": "",
    "a=b=c": QUOTES, "a=": QUOTES, "a=x y": QUOTES, "a=1;b=2": "", "a=" + "x" * 4000: "", "A=1": "", "a.b-c_d=1": "",
}  # fmt: skip
"""Set-Cookie fields, with the reason why aiohttp keeps or sends something else."""

EVERY_3XX = "curl follows any status from 300 to 399 with a Location, we and browsers five of them"
KEEPS_METHOD = "with -X curl keeps the method of every hop, but not the body"
CODED = "aiohttp writes the user's name in Latin-1"


@dataclass(frozen=True)
class Session:
    """Questions of one user in a row. `curl`, `aiohttp`: why that client does not do the same; "" if it does."""

    questions: tuple[Question, ...]
    curl: str = ""
    aiohttp: str = ""

    @property
    def name(self) -> str:
        return " then ".join(f"{question.method} {question.path[:70]}" for question in self.questions)


def one(path: str, method: str = "GET", curl: str = "", aiohttp: str = "") -> Session:
    return Session((Question(path, method),), curl, aiohttp)


def sessions() -> Iterator[Session]:
    yield from (one(path) for path in BODIES)
    for status in STATUSES:
        for method in METHODS:
            if (status, method) != (407, "HEAD"):  # httpbin fails at it, and its server sends the error's body, too.
                has_location = status not in (300, 304)
                yield one(f"/status/{status}", method, why_curl_differs(status, method) if has_location else "")
    yield from sent_bodies()
    yield from conditions()
    yield from redirects()
    yield from cookies()
    yield from credentials()


def why_curl_differs(status: int, method: str) -> str:
    """What curl does with a redirect of that status, if that is not what browsers do."""
    if status in NOT_FOLLOWED:
        return EVERY_3XX
    is_changed = status == 303 or (status in (301, 302) and method == "POST")
    return KEEPS_METHOD if method in ("PATCH", "DELETE") and is_changed else ""


def sent_bodies() -> Iterator[Session]:
    bodies = ((FORM, b"a=1&a=2&b=%C3%BC"), (JSON, b'{"a": [1, null, "\xc3\xbc"]}'))
    for method in WITH_BODY:
        for fields, body in bodies:
            yield Session((Question(f"/{method.lower()}", method, fields, body),))
        large = Question("/anything", method, {"Content-Type": "application/octet-stream"}, bytes(range(256)) * 4000)
        yield Session((large,))


def conditions() -> Iterator[Session]:
    for fields in ({"If-None-Match": "x"}, {"If-Modified-Since": "Fri, 31 Dec 2038 23:59:59 GMT"}):
        yield Session((Question("/cache", headers=fields),))
    for fields in ({"If-None-Match": '"x"'}, {"If-Match": '"y"'}, {"If-None-Match": "*"}):
        yield Session((Question("/etag/x", headers=fields),))
    for wanted in ("bytes=0-9", "bytes=10-", "bytes=-5", "bytes=5-3", "bytes=0-0"):
        yield Session((Question("/range/1000", headers={"Range": wanted}),))
    yield Session((Question("/brotli", headers={"Accept-Encoding": "br"}),))


def redirects() -> Iterator[Session]:
    for kind in ("redirect", "relative-redirect", "absolute-redirect"):
        yield from (one(f"/{kind}/{count}") for count in (1, 2, 10, 11))
    for status in REDIRECTS:
        for method in METHODS:
            # The target echoes nothing: that a Content-Type goes along without a body is of no account.
            path = f"/redirect-to?{urlencode({'url': '/status/200?x=1', 'status_code': status})}"
            fields, body = (FORM, b"a=1") if method in WITH_BODY else ({}, b"")
            differs = why_curl_differs(status, method)
            if method in ("PATCH", "DELETE") and status in (301, 302):
                differs = KEEPS_METHOD
            yield Session((Question(path, method, fields, body),), differs)
    for location in LOCATIONS:
        yield one(f"/redirect-to?url={quote(location)}")


def cookies() -> Iterator[Session]:
    for line, aiohttp in COOKIES.items():
        setting = Question(f"/response-headers?{urlencode({'Set-Cookie': line})}")
        yield Session((setting, Question("/cookies"), Question("/anything")), aiohttp=aiohttp)
    yield one("/cookies/set?a=1&b=2")
    yield Session((Question("/cookies/set/a/1"), Question("/cookies/set/a/2"), Question("/cookies/delete?a")))
    yield Session((Question("/cookies", headers={"Cookie": "own=1"}),))


def credentials() -> Iterator[Session]:
    for user, path in (("u:p", "/basic-auth/u/p"), ("u:wrong", "/basic-auth/u/p"), ("u:p", "/hidden-basic-auth/u/p")):
        yield one(f"http://{user}@HOST{path}")
    yield one("http://%C3%BC:p%3A@HOST/basic-auth/%C3%BC/p%3A", aiohttp=CODED)
    yield one("/basic-auth/u/p")
    yield one("/bearer")
    yield Session((Question("/bearer", headers={"Authorization": "Bearer abc"}),))
    elsewhere = f"/redirect-to?url={quote('http://localhost:PORT/anything')}"
    yield Session((Question(elsewhere, headers={"Authorization": "Bearer abc"}),))
    yield one(f"http://u:p@HOST{elsewhere}")
    yield Session((Question("/redirect-to?url=/anything", headers={"Authorization": "Bearer abc"}),))
