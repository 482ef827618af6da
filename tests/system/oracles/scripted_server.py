"""A server that plays a script on each connection: reads, sends whole or byte by byte, hangs, closes, resets.

Each connection has its own thread, which ends when the connection does: a client that leaks one is found by that.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from odd_server import END_OF_HEAD, RESET_ON_CLOSE


@dataclass
class Peer:
    """One connection, as its script sees it."""

    sock: socket.socket
    context: ssl.SSLContext | None
    is_bytewise: bool
    settled: threading.Event
    """Set when everything is sent."""

    unread: bytes = b""
    length: int = 0
    is_reset: bool = False

    def write(self, data: bytes) -> None:
        if self.is_bytewise:
            for position in range(len(data)):
                self.sock.sendall(data[position : position + 1])
        else:
            self.sock.sendall(data)


class EndOfScriptError(Exception):
    """The connection is to be closed."""


Step = Callable[[Peer], None]
Script = Sequence[Step]


def read_head(peer: Peer) -> None:
    """The head of a request."""
    while END_OF_HEAD not in peer.unread:
        peer.unread += _receive(peer)
    head, _, peer.unread = peer.unread.partition(END_OF_HEAD)
    lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    peer.length = int(lengths[0]) if lengths else 0


def read_body(peer: Peer) -> None:
    """The body of the request whose head was read."""
    while len(peer.unread) < peer.length:
        peer.unread += _receive(peer)
    peer.unread = peer.unread[peer.length :]


def read(peer: Peer) -> None:
    """A request."""
    read_head(peer)
    read_body(peer)


def read_some(peer: Peer) -> None:
    """What comes first, which may be a part of the request."""
    _receive(peer)


def _receive(peer: Peer) -> bytes:
    data = peer.sock.recv(65536)
    if not data:
        raise EndOfScriptError
    return data


def send(data: bytes) -> Step:
    return lambda peer: peer.write(data)


def send_raw(data: bytes) -> Step:
    """Past TLS, on the socket below it."""

    def step(peer: Peer) -> None:
        os.write(peer.sock.fileno(), data)

    return step


def endless(data: bytes) -> Step:
    """Again and again, until the client closes, or has taken so much that there is no limit."""

    def step(peer: Peer) -> None:
        for _ in range(ENDLESS // len(data)):
            peer.sock.sendall(data)
        hang(peer)

    return step


def handshake(peer: Peer) -> None:
    assert peer.context is not None
    peer.sock = peer.context.wrap_socket(peer.sock, server_side=True)


def settle(peer: Peer) -> None:
    """Nothing more until the next request."""
    peer.settled.set()


def hang(peer: Peer) -> None:
    """Nothing more, until the client closes."""
    peer.settled.set()
    while True:
        _receive(peer)


def end_sending(peer: Peer) -> None:
    """A FIN, and then nothing until the client closes, too."""
    peer.sock.shutdown(socket.SHUT_WR)
    hang(peer)


def end_tls(peer: Peer) -> None:
    """A close_notify, and the client's."""
    assert isinstance(peer.sock, ssl.SSLSocket)
    peer.sock = peer.sock.unwrap()


def close(peer: Peer) -> None:
    raise EndOfScriptError


def reset(peer: Peer) -> None:
    peer.is_reset = True
    raise EndOfScriptError


ENDLESS = 16 << 20
"""Bytes that are sent by `endless`."""

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
USUAL: Script = (settle, *(read, send(FINE)) * 10)


@dataclass
class ScriptedServer:
    """A running server."""

    port: int
    scripts: list[Script]
    """Those that are still to be played."""

    accepted: int = 0
    settled: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://localhost:{self.port}/"

    async def wait_until_settled(self) -> None:
        """Everything is sent, and the client's loop has read it: over loopback that takes it one turn."""
        await asyncio.to_thread(self.settled.wait, 20)
        for _ in range(5):
            await asyncio.sleep(0)

    def wait_for_the_end_of_connections(self) -> None:
        while self.threads:
            thread = self.threads.pop()
            thread.join(20)
            assert not thread.is_alive(), "the client has left a connection open"


@contextmanager
def scripted_server(
    scripts: Sequence[Script], is_bytewise: bool = False, context: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """The n-th connection plays the n-th script, later ones the usual one: over TLS with a context."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(listener.getsockname()[1], [*scripts])
        usual = USUAL if context is None else (handshake, *USUAL)
        arguments = (listener, server, usual, is_bytewise, context)
        accepting = threading.Thread(target=_accept, args=arguments, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # Wakes the thread that accepts.
            accepting.join(20)


def _accept(
    listener: socket.socket,
    server: ScriptedServer,
    usual: Script,
    is_bytewise: bool,
    context: ssl.SSLContext | None,
) -> None:
    with suppress(OSError):  # The listener is shut down at the end.
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.accepted += 1
            script = server.scripts.pop(0) if server.scripts else usual
            peer = Peer(sock, context, is_bytewise, server.settled)
            thread = threading.Thread(target=_play, args=(peer, script), daemon=True)
            thread.start()  # Before it is in the list: who waits for it may do so at once.
            server.threads.append(thread)


def _play(peer: Peer, script: Script) -> None:
    with suppress(
        OSError, EndOfScriptError
    ):  # A client may close at any time; the tests check what it makes of the rest.
        for step in script:
            step(peer)
    with suppress(OSError), peer.sock:
        if peer.is_reset:
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    peer.settled.set()
