"""Opens connections: resolve, connect to one address after the other, shake hands.

An address that does not answer gets its share of the time that is left, then the next one is tried. Addresses are not
tried at once (RFC 8305): two connections for one user would be load that the plan did not ask for.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from gradual_agent.http.connection import Http1Connection
from gradual_agent.http.failures import CONNECT, DNS, Failure, ResponseError, explain, tls_failed
from gradual_agent.http.resolver import Address, Addresses, Resolver
from gradual_agent.http.tls import Assets, TlsConnection, TlsContexts, TlsLayer, shake_hands
from gradual_agent.http.urls import Origin
from gradual_common.clock import NS_PER_S

if TYPE_CHECKING:
    from gradual_agent.http.engine import HttpEngine

Opened = Http1Connection | Failure


class Dial:
    """One attempt to open a connection, which can be given up."""

    __slots__ = ("_report", "_task")

    def __init__(self, task: asyncio.Task[Opened], report: Callable[[Opened], object]) -> None:
        self._task = task
        self._report: Callable[[Opened], object] | None = report
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Opened]) -> None:
        report, self._report = self._report, None
        if task.cancelled():
            return
        error = task.exception()
        opened = task.result() if error is None else Failure(CONNECT, f"the connection could not be opened: {error!r}")
        if report is not None:
            report(opened)
        elif isinstance(opened, Http1Connection):
            opened.close()

    def give_up(self) -> None:
        """Nobody is told any more; what has been opened is closed."""
        self._report = None
        self._task.cancel()


class Dialer:
    """Opens connections for one engine."""

    def __init__(self, engine: HttpEngine, assets: Assets) -> None:
        self._engine = engine
        self._loop = engine.loop
        self.resolver = Resolver(engine.loop, engine.clock)
        self.contexts = TlsContexts(assets)

    def dial(self, origin: Origin, deadline: int, report: Callable[[Opened], object]) -> Dial:
        """Open a connection to `origin`; `report` gets it, or a Failure. Whoever asks watches over `deadline`."""
        return Dial(self._loop.create_task(self._open(origin, deadline)), report)

    async def _open(self, origin: Origin, deadline: int) -> Opened:
        try:
            addresses = await self.resolver.resolve(origin.host, origin.port)
        except OSError as error:
            return Failure(DNS, f"{origin.host} cannot be resolved: {explain_lookup(error)}")
        except UnicodeError:
            return Failure(DNS, f"{origin.host} cannot be resolved: it is no host name")
        sock = await self._connect(origin, addresses, deadline)
        if isinstance(sock, Failure):
            return sock
        try:
            return await self._establish(origin, sock)
        except ResponseError as error:
            sock.close()
            return error.failure
        except BaseException:
            sock.close()
            raise

    async def _connect(self, origin: Origin, addresses: Addresses, deadline: int) -> socket.socket | Failure:
        """A connected socket, from the first address that answers."""
        order = addresses.in_order()
        refusals: list[str] = []
        for number, address in enumerate(order):
            remaining = max(0, deadline - self._engine.clock())
            share = remaining / (len(order) - number) / NS_PER_S if number < len(order) - 1 else None
            try:
                sock = await self._connect_to(address, share)
            except OSError as error:
                refusals.append(f"{address}: {explain_connect(error)}")
                if not is_our_own_shortage(error):
                    addresses.note_failure(address)
            else:
                addresses.note_success(address)
                return sock
        return Failure(CONNECT, f"no connection to {origin} ({'; '.join(refusals)})")

    async def _connect_to(self, address: Address, share: float | None) -> socket.socket:
        """A connected socket; OSError (TimeoutError after `share` seconds) when it cannot be had."""
        sock = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(share):
                await self._loop.sock_connect(sock, address.sockaddr)
        except BaseException:
            sock.close()
            raise
        return sock

    async def _establish(self, origin: Origin, sock: socket.socket) -> Opened:
        """The connection over a connected socket; ResponseError when there can be none."""
        connection: Http1Connection
        if origin.is_secure:
            connection = TlsConnection(self._engine, origin, sock, await self._secure(origin, sock))
        else:
            connection = Http1Connection(self._engine, origin, sock)
        try:
            await self._loop.create_connection(lambda: connection, sock=sock)
        except OSError as error:
            raise ResponseError(f"the connection to {origin} broke at once: {explain(error)}", CONNECT) from None
        return connection

    async def _secure(self, origin: Origin, sock: socket.socket) -> TlsLayer:
        context = self.contexts.context_for(origin.tls)
        try:
            layer = TlsLayer(context, origin.tls.server_name or origin.host)
            await shake_hands(self._loop, sock, layer)
        except (OSError, ValueError) as error:
            raise ResponseError(*tls_failed(error)) from None
        return layer

    def close(self) -> None:
        """Resolve nothing more."""
        self.resolver.close()


def is_our_own_shortage(error: OSError) -> bool:
    """Out of ports or descriptors here: it says nothing about the address."""
    return error.errno in (errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def explain_connect(error: OSError) -> str:
    """Why an address could not be reached."""
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no free port left for it"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "this machine has no file descriptor left (raise `ulimit -n`)"
    return "no answer" if isinstance(error, TimeoutError) and error.errno is None else explain(error)


def explain_lookup(error: OSError) -> str:
    """Why a name could not be resolved; getaddrinfo numbers its errors on its own."""
    return (error.strerror or str(error)).lower()
