"""Opens connections: resolve, connect (`tcp`), shake hands, pass the user's line.

Every connection is opened here, so this is where the agent's own limits (`--allow-host`) hold, for redirects too: an
address that is not allowed is not dialled, and a name that can never be allowed is not resolved.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from gradual_agent.http.connecting.connection import Channel, Http1Connection
from gradual_agent.http.connecting.line import LineConnection
from gradual_agent.http.connecting.peers import peer_of, refusal_of
from gradual_agent.http.connecting.resolver import Address, Addresses, Resolver
from gradual_agent.http.connecting.sources import SourceAddresses, find_sources
from gradual_agent.http.connecting.tcp import TcpAttempts
from gradual_agent.http.connecting.tls import TlsConnection, TlsContexts, TlsLayer, shake_hands
from gradual_agent.http.connecting.tunnel import open_tunnel
from gradual_agent.http.context import HttpContext
from gradual_agent.http.failures import CONNECT, Failure, ResponseError, explain, tls_failed, unexpected
from gradual_agent.http.urls import Origin
from gradual_agent.runtime.allowed_hosts import ANYWHERE, AllowedHosts
from gradual_agent.runtime.timeline import Entry
from gradual_common.net.tls import Assets
from gradual_common.net.ways import STRAIGHT, Way

Opened = Channel | Failure
Report = Callable[[Opened], object]
T = TypeVar("T")


class Dial:
    """One attempt to open a connection; it can be given up.

    It uses callbacks instead of a task where the loop allows it: 115 µs of CPU per connection over loopback instead of
    195 µs (best of several thousand in a row), of which 40 µs are the kernel's connect and 35 µs uvloop's transport.
    """

    __slots__ = ("_attempts", "_deadline", "_dialer", "_origin", "_peer", "_report", "_shaped", "_shared", "_task",
                 "_timer")  # fmt: skip

    def __init__(self, dialer: Dialer, origin: Origin, deadline: int, report: Report) -> None:
        self._dialer = dialer
        self._origin = origin
        self._deadline = deadline
        self._report: Report | None = report
        self._attempts: TcpAttempts | None = None
        self._shaped: LineConnection | None = None
        self._timer: Entry | None = None
        self._task: asyncio.Task[Any] | None = None
        self._peer = peer = peer_of(origin)
        self._shared = shared = dialer.shared_by(origin.way)
        known = shared.resolver.known(peer.host, peer.port)
        if dialer.allowed.is_limited and (refusal := refusal_of(dialer.allowed, origin, peer)):
            self._finish(Failure(CONNECT, refusal))
        elif known is not None:
            self._take(known)
        else:
            self._run(shared.resolver.ask(peer.host, peer.port), self._resolved)

    def give_up(self) -> None:
        """Never call `report` again, and close what has been opened."""
        self._report = None
        if self._shaped is not None and self._timer is not None:
            self._dialer.context.timeline.cancel(self._timer)
            self._shaped.abort()
        elif self._task is not None:
            self._task.cancel()
        elif self._attempts is not None:
            self._attempts.give_up()

    def _resolved(self, task: asyncio.Task[Addresses]) -> None:
        self._task = None
        if task.cancelled():
            return
        peer, error = self._peer, task.exception()
        if error is None:
            self._take(task.result())
        elif isinstance(error, OSError):
            # The numbers of getaddrinfo's errors are not errno, so `explain` would translate them wrongly.
            reason = (error.strerror or str(error)).lower()
            self._finish(Failure(peer.dns_kind, f"{peer.name} cannot be resolved: {reason}"))
        elif isinstance(error, UnicodeError):
            self._finish(Failure(peer.dns_kind, f"{peer.name} cannot be resolved: it is not a host name"))
        else:
            self._finish(unexpected(error))

    def _take(self, addresses: Addresses) -> None:
        """Try the addresses that `--allow-host` and `bind` leave."""
        allowed, refusals = addresses.in_order(), list[str]()
        if self._dialer.allowed.is_limited:
            found, allowed = allowed, self._allowed(allowed)
            if not allowed:
                sockets = [address.sockaddr[0] for address in found]
                refusal = self._dialer.allowed.refusal(self._peer.host, self._peer.port, sockets)
                self._finish(Failure(CONNECT, refusal))
                return
            refusals += [f"{address}: not allowed by --allow-host" for address in found if address not in allowed]
        sources = self._shared.sources
        if sources is not None:
            refusals += [
                f"{address}: `bind` has no address of its family"
                for address in allowed
                if not sources.has(address.family)
            ]
            allowed = [address for address in allowed if sources.has(address.family)]
        self._attempts = attempts = TcpAttempts(self._dialer.context, addresses, sources, self)
        attempts.begin(allowed, refusals, self._deadline)

    def _allowed(self, found: list[Address]) -> list[Address]:
        """Those that the agent may connect to."""
        allowed, host, port = self._dialer.allowed, self._peer.host, self._peer.port
        # A name is trusted with what it resolves to, but not with an address that the plan gives it (`dns.hosts`).
        is_trusted = allowed.allows_name(host, port) and not self._shared.resolver.dns.addresses_of(host)
        return [address for address in found if is_trusted or allowed.allows_address(address.sockaddr[0], port)]

    def on_refused(self, reasons: str) -> None:
        """No address has accepted."""
        self._finish(Failure(self._peer.connect_kind, f"no connection to {self._peer.address} ({reasons})"))

    def on_connected(self, sock: socket.socket) -> None:
        """An address has accepted; the socket is this dial's from here on."""
        self._attempts = None
        if self._origin.is_secure:
            self._run(self._dialer.secure(self._origin, sock), partial(self._secured, sock))
        else:
            self._hand_over(sock, Http1Connection(self._dialer.context, self._origin, sock))

    def _secured(self, sock: socket.socket, task: asyncio.Task[TlsLayer]) -> None:
        self._task = None
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            sock.close()
        if isinstance(error, ResponseError):
            self._finish(error.failure)
        elif error is not None:
            self._finish(unexpected(error))
        elif not task.cancelled():
            self._hand_over(sock, TlsConnection(self._dialer.context, self._origin, sock, task.result()))

    def _hand_over(self, sock: socket.socket, connection: Http1Connection) -> None:
        """Give the socket to a transport; `_opened` closes it if it cannot."""
        loop = self._dialer.context.loop
        opening = loop.create_task(loop.create_connection(lambda: connection, sock=sock))
        opening.add_done_callback(partial(self._opened, sock, connection))

    def _opened(self, sock: socket.socket, connection: Http1Connection, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            sock.close()
        if error is not None:
            detail = explain(error) if isinstance(error, OSError) else repr(error)
            peer = self._peer
            self._finish(Failure(peer.connect_kind, f"the connection to {peer.address} broke at once: {detail}"))
        elif self._report is None:
            connection.close()
        elif not task.cancelled():
            self._pass_line(connection)

    def _pass_line(self, connection: Http1Connection) -> None:
        """Deliver the connection, behind the user's line if it has one: each round trip so far takes its latency."""
        line, context = self._origin.way.line, self._dialer.context
        if line is None:
            self._deliver(connection)
            return
        trips = 1 + connection.round_trips + (self._origin.is_secure and self._origin.proxy is not None)
        self._shaped = shaped = LineConnection(context, connection, line)
        self._timer = context.timeline.at(context.clock() + trips * line.latency, self._passed_line, shaped)

    def _passed_line(self, shaped: LineConnection) -> None:
        self._shaped = self._timer = None
        self._deliver(shaped)

    def _run(self, work: Coroutine[Any, Any, T], done: Callable[[asyncio.Task[T]], None]) -> None:
        """Run `work` as a task that `give_up` can cancel."""
        self._task = task = self._dialer.context.loop.create_task(work)
        task.add_done_callback(done)

    def _finish(self, failure: Failure) -> None:
        """Report a failure in the next turn of the loop."""
        # An address may refuse at once, before the caller of `dial` is suspended; a report now would come too early.
        self._dialer.context.loop.call_soon(self._deliver, failure)

    def _deliver(self, opened: Opened) -> None:
        report, self._report = self._report, None
        if report is not None:
            report(opened)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What the dials of one way share."""

    resolver: Resolver
    sources: SourceAddresses | None


class Dialer:
    """Opens connections for one engine."""

    def __init__(self, context: HttpContext, assets: Assets, allowed: AllowedHosts = ANYWHERE) -> None:
        self.context = context
        self.allowed = allowed
        self._shared: dict[Way, Shared] = {}
        self.contexts = TlsContexts(assets)

    def dial(self, origin: Origin, deadline: int, report: Report) -> Dial:
        """Open a connection to `origin`; `report` gets it, or a Failure, but never before this has returned.

        `deadline` only divides the time among addresses: the caller ends the dial when it has passed.
        """
        return Dial(self, origin, deadline, report)

    @property
    def resolver(self) -> Resolver:
        """The resolver of connections whose plan sets nothing of their way."""
        return self.shared_by(STRAIGHT).resolver

    def shared_by(self, way: Way) -> Shared:
        """What dials of this way share; JobError if there is no source address that it may use."""
        shared = self._shared.get(way)
        if shared is None:
            resolver = Resolver(self.context.loop, self.context.clock, way.dns)
            shared = self._shared[way] = Shared(resolver, find_sources(way.bind))
        return shared

    async def secure(self, origin: Origin, sock: socket.socket) -> TlsLayer:
        """Shake hands over a connected socket, through the proxy if there is one; ResponseError when that fails."""
        if origin.proxy is not None:
            await open_tunnel(self.context.loop, sock, origin, origin.proxy)
        context = self.contexts.context_for(origin.tls)
        try:
            layer = TlsLayer(context, origin.server_name)
            await shake_hands(self.context.loop, sock, layer)
        except (OSError, ValueError) as error:
            raise ResponseError(*tls_failed(error)) from None
        return layer

    def close(self) -> None:
        """Resolve nothing more."""
        for shared in self._shared.values():
            shared.resolver.close()
