"""How servers misbehave, beyond the bytes of one response; with what Gradual and curl make of each.

A row is two requests of one user: the first meets the odd behaviour, the second shows that it did no lasting harm. An
outcome is a status and a body, or a kind of failure; curl `fails` or `waits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripted_server import (
    USUAL,
    Script,
    Step,
    close,
    end_sending,
    end_tls,
    endless,
    handshake,
    hang,
    read,
    read_body,
    read_head,
    read_some,
    reset,
    send,
    send_raw,
)

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"\r\n\r\n"
NEXT = "200 fine"
LIMIT = 1 << 20
"""The `max_body` of every request."""

ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
"""A fatal alert of TLS: handshake_failure (RFC 8446, 6)."""

BROKEN_RECORD = b"\x17\x03\x03\x00\x20" + b"x" * 32
CUT_RECORD = b"\x17\x03\x03\x01\x00abc"


def sized(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + EMPTY + body


def leading_to(location: bytes) -> bytes:
    return sized(b"", b"Location: " + location, status=b"302 Found")


ONE = sized(b"one")
TOO_LARGE = sized(b"too large", b"Connection: close", status=b"413 Payload Too Large")


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Behaviour:
    """What a server does on its first connections, and what comes of it."""

    name: str
    scripts: Sequence[Script]
    gradual: str
    """The outcome of the first request; two of them, with `or`, if chance decides."""

    curl: str
    connections: int = 2
    """How many Gradual needs for both requests; 0 if chance decides."""

    reason: str = ""
    """Why Gradual does not as curl does."""

    method: str = "GET"
    body: bytes = b""
    after: str = NEXT
    """What the second request gets."""

    only_whole: bool = False
    """Byte by byte it is another behaviour: a system sends ten small packets at once, and a reset discards the rest."""


def plain() -> list[Behaviour]:
    return [*endings(), *strangers(), *floods(), *surplus(), *redirects(), *uploads()]


def failing(name: str, gradual: str, *script: Step, connections: int = 2) -> Behaviour:
    """Both fail; for curl a timeout is something to wait for."""
    return Behaviour(name, [script], gradual, "waits" if gradual == "timeout" else "fails", connections)


def endings() -> list[Behaviour]:
    idle = ("200 one", "200 one")
    return [
        failing("closes at once", "reset or connect", close),
        failing("resets at once", "reset or connect", reset),
        failing("closes after the request", "reset", read, close),
        failing("resets after the request", "reset", read, reset),
        failing("ends sending after the request", "reset", read, end_sending),
        failing("never answers", "timeout", read, hang),
        failing("stops in the status line", "timeout", read, send(b"HTTP/1."), hang),
        failing("stops in the head", "timeout", read, send(OK + b"X: "), hang),
        failing("stops in the body", "timeout", read, send(ONE[:-1]), hang),
        failing("stops after an interim response", "timeout", read, send(b"HTTP/1.1 100 C" + EMPTY), hang),
        failing("stops before the last chunk", "timeout", read, send(CHUNKED + b"1\r\na\r\n"), hang),
        failing("stops in a chunk", "timeout", read, send(CHUNKED + b"5\r\na"), hang),
        failing("stops in the trailers", "timeout", read, send(CHUNKED + b"0\r\nX: y\r\n"), hang),
        Behaviour("closes when idle", [(read, send(ONE), close)], *idle),
        Behaviour("resets when idle", [(read, send(ONE), reset)], *idle, only_whole=True),
        Behaviour("ends sending when idle", [(read, send(ONE), end_sending)], *idle),
        Behaviour("closes when idle, then at once", [(read, send(ONE), close), (read, close)], *idle, after="reset"),
    ]


def strangers() -> list[Behaviour]:
    """Servers of other protocols, most of which speak first."""
    banners = {
        "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
        "SMTP": b"220 mail.example ESMTP\r\n",
        "FTP": b"220-Welcome\r\n220 ready\r\n",
        "MySQL": b"J\0\0\0\n8.0.36\0",
        "Redis": b"-ERR unknown command 'GET'\r\n",
        "HTTP/2": b"\0\0\0\x04\0\0\0\0\0",
        "TLS": ALERT,
        "RTSP": b"RTSP/1.0 200 OK\r\n\r\n",
        "Shoutcast": b"ICY 200 OK\r\n\r\n",
        "HTTP/0.9": b"<html>hello</html>",
        "HTTP/3": b"HTTP/3.0 200 OK\r\n\r\n",
        "a client": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "NULs": b"\0" * 100,
    }
    first = [failing(f"{name} at once", "protocol", send(data), hang) for name, data in banners.items()]
    later = [failing(f"{name} in answer", "protocol", read, send(data), close) for name, data in banners.items()]
    return [*first, *later, failing("HTTP/2, cut off", "reset", read, send(b"\0\0\0\x04"), close)]


def floods() -> list[Behaviour]:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    cookies = b"".join(b"Set-Cookie: c%d=1\r\n" % number for number in range(10_000))
    one = ("200 one", "200 one")
    fields, body = endless(b"X: y\r\n" * 99), endless(b"y" * 999)
    boundless = (
        ("an extension without end", "protocol", send(CHUNKED + b"1;"), body),
        ("trailers without end", "protocol", send(CHUNKED + b"0\r\n"), fields),
        ("a body without end", "body_too_large", send(OK + b"\r\n"), body),
        ("chunks without end", "body_too_large", send(CHUNKED), endless(b"1\r\ny\r\n" * 999)),
    )
    largest = OK + b"Content-Length: 9223372036854775807\r\n\r\nabc"
    return [
        failing("fields without end", "protocol", read, send(OK), fields),
        failing("a line without end", "protocol", read, send(OK + b"X: "), body),
        failing("a status line without end", "protocol", read, send(b"HTTP/1.1 200 "), body),
        failing("interim responses without end", "protocol", read, endless(interim)),
        failing("empty lines without end", "protocol", read, endless(b"\r\n" * 99)),
        failing("a chunk's size without end", "protocol", read, send(CHUNKED), endless(b"0" * 999)),
        *(Behaviour(name, [(read, *script)], outcome, "waits", reason="curl has no limit for it")
          for name, outcome, *script in boundless),
        Behaviour("a thousand interim responses", [(read, send(interim * 1000 + ONE), *USUAL)], *one, 1),
        Behaviour("ten thousand cookies", [(read, send(OK + cookies + ONE[len(OK) :]), *USUAL)], *one, 1),
        failing("the largest length", "body_too_large", read, send(largest), close),
    ]  # fmt: skip


def surplus() -> list[Behaviour]:
    """More than the response, which must not be taken for the next one."""
    evil, chunks = sized(b"evil"), CHUNKED + b"1\r\na\r\n0\r\n\r\n"
    head = {"method": "HEAD", "after": "200 "}
    return [
        Behaviour("two responses at once", [(read, send(ONE + evil), *USUAL)], "200 one", "200 one"),
        Behaviour("half a response behind", [(read, send(ONE + evil[:20]), *USUAL)], "200 one", "200 one"),
        Behaviour("a response to nothing", [(send(evil), *USUAL)], "200 evil", "200 evil"),
        Behaviour("a body after HEAD", [(read, send(ONE), *USUAL)], "200 ", "200 ", **head),
        Behaviour("chunks after HEAD", [(read, send(chunks), *USUAL)], "200 ", "200 ", **head),
        Behaviour("a body after 204", [(read, send(sized(b"evil", status=b"204 No")), *USUAL)], "204 ", "204 "),
        Behaviour("a body after 304", [(read, send(sized(b"evil", status=b"304 No")), *USUAL)], "304 ", "304 "),
    ]


def redirects() -> list[Behaviour]:
    nowhere = (b"file:///etc/passwd", b"ftp://localhost/", b"javascript:x", b"mailto:a@b", b"http://", b"//", b"//?x",
               b"http:///", b"http://[::1/", b"http://localhost:99999/", b"data:,x")  # fmt: skip
    found = [(read, send(leading_to(b"/" + b"x" * 50_000)), *USUAL)]
    closed = leading_to(b"http://localhost:1/")
    return [
        *(failing(f"leads to {url.decode()}", "redirect", read, send(leading_to(url)), *USUAL, connections=1)
          for url in nowhere),
        failing("leads to a closed port", "connect", read, send(closed), *USUAL, connections=1),
        failing("leads to itself", "redirect", *(read, send(leading_to(b"/"))) * 11, *USUAL, connections=1),
        Behaviour("leads to a long URL", found, NEXT, NEXT, 1),
    ]  # fmt: skip


def uploads() -> list[Behaviour]:
    """A body of 3 MB, which the server does not wait for."""
    large = {"method": "POST", "body": b"x" * 3_000_000, "only_whole": True}
    both = ("413 too large", "413 too large")
    answers = (read_head, send(ONE), read_body, *USUAL)
    return [
        Behaviour("an early 413 and a close", [(read_some, send(TOO_LARGE), close)], *both, **large),
        Behaviour("an early 413 and a reset", [(read_some, send(TOO_LARGE), reset)], *both, **large),
        Behaviour("an early 413, and reads on", [(read_head, send(TOO_LARGE), read_body, *USUAL)], *both, **large),
        Behaviour("413 after the body", [(read, send(TOO_LARGE), close)], *both, **large),
        Behaviour("closes in the body", [(read_some, close)], "reset", "fails", **large),
        Behaviour("resets in the body", [(read_some, reset)], "reset", "fails", **large),
        Behaviour("an early answer, and reads on", [answers], "200 one", "200 one", 1, **large),
    ]


def secured() -> list[Behaviour]:
    begun = (handshake, read)
    answered = (*begun, send(ONE))
    idle = ("200 one", "200 one")
    return [
        failing("closes at the handshake", "tls", read_some, close),
        failing("resets at the handshake", "tls", read_some, reset),
        failing("never answers the handshake", "timeout", read_some, hang),
        failing("an alert at the handshake", "tls", read_some, send(ALERT), hang),
        failing("plain HTTP at the handshake", "tls", read_some, send(ONE), hang),
        failing("SSH at the handshake", "tls", send(b"SSH-2.0-OpenSSH_9.2p1\r\n"), hang),
        failing("closes after the handshake", "reset", handshake, close),
        failing("closes after the request", "reset", *begun, close),
        failing("ends TLS after the request", "reset", *begun, end_tls, close),
        failing("never answers", "timeout", *begun, hang),
        failing("plain HTTP in answer", "tls", *begun, send_raw(ONE), hang),
        failing("a record that cannot be read", "tls", *begun, send_raw(BROKEN_RECORD), hang),
        failing("the same in the body", "tls", *begun, send(ONE[:-1]), send_raw(BROKEN_RECORD), hang),
        failing("a record that is cut off", "reset", *begun, send_raw(CUT_RECORD), close),
        failing("a plain alert in the body", "tls", *begun, send(ONE[:-1]), send_raw(ALERT), hang),
        Behaviour("ends TLS when idle", [(*answered, end_tls, close)], *idle),
        Behaviour("closes when idle", [(*answered, close)], *idle),
        Behaviour("resets when idle", [(*answered, reset)], *idle, only_whole=True),
        Behaviour("a record that cannot be read when idle", [(*answered, send_raw(BROKEN_RECORD), hang)], *idle),
        Behaviour("two responses at once", [(*begun, send(ONE + sized(b"evil")), *USUAL)], *idle),
    ]
