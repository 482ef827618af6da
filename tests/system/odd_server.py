"""A server with unusual responses as real servers send them: raw bytes per path, over plain TCP or TLS.

Each connection has its own thread.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

END_OF_HEAD = b"\r\n\r\n"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with a timeout of 0: `close` sends RST."""


@dataclass(frozen=True)
class Answer:
    """The response to a request, and what follows it."""

    data: bytes
    later: bytes = b""
    """Sent some milliseconds after `data`."""

    then: str = "keep"
    """`keep` the connection, `close` it, `reset` it, or `drop` it: close it without the close_notify of TLS."""

    is_early: bool = False
    """The response is sent before the body of the request is read."""


NOT_FOUND = Answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


@dataclass
class OddServer:
    """A running server."""

    port: int
    heads: dict[str, list[bytes]] = field(default_factory=dict)
    """Per path: the heads of the requests, in order."""

    def count(self, path: str) -> int:
        return len(self.heads.get(path, ()))


@contextmanager
def odd_server(answers: Mapping[str, Answer], context: ssl.SSLContext | None = None) -> Iterator[OddServer]:
    """Listens on loopback until the end of the block; paths that are not in `answers` get an empty 404."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = OddServer(listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, server, answers, context), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)  # Wakes the thread that accepts.


def _accept(
    listener: socket.socket, server: OddServer, answers: Mapping[str, Answer], context: ssl.SSLContext | None
) -> None:
    with suppress(OSError):  # The listener is closed when the test ends.
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, server, answers, context), daemon=True).start()


def _serve(
    connection: socket.socket, server: OddServer, answers: Mapping[str, Answer], context: ssl.SSLContext | None
) -> None:
    with suppress(OSError), connection:  # A client may close at any time; the tests check what the client counted.
        if context is None:
            _answer(connection, server, answers)
            return
        with context.wrap_socket(connection, server_side=True) as secured:
            _answer(secured, server, answers)


def _answer(connection: socket.socket, server: OddServer, answers: Mapping[str, Answer]) -> None:
    rest, then = b"", "keep"
    while then == "keep":
        while END_OF_HEAD not in rest:
            data = connection.recv(65536)
            if not data:
                return
            rest += data
        head, _, rest = rest.partition(END_OF_HEAD)
        path = head.split(b" ")[1].decode("latin-1")
        server.heads.setdefault(path, []).append(head)
        answer, then = answers.get(path, NOT_FOUND), answers.get(path, NOT_FOUND).then
        rest = rest if answer.is_early else _read_body(connection, head, rest)
        connection.sendall(answer.data)
        if answer.later:
            time.sleep(0.003)
            connection.sendall(answer.later)
    _end(connection, then)


def _read_body(connection: socket.socket, head: bytes, rest: bytes) -> bytes:
    lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0]) if lengths else 0
    while len(rest) < length:
        rest += connection.recv(65536) or b"\0" * length
    return rest[length:]


def _end(connection: socket.socket, how: str) -> None:
    if how == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    if how == "close" and isinstance(connection, ssl.SSLSocket):
        connection.unwrap().close()  # Sends a close_notify; `drop` does not.
