"""Connects a socket: to one address of the host after the other, from one source address after the other.

An address that does not answer gets an equal share of the remaining time, then the next one is tried. Addresses are
not tried in parallel (as in RFC 8305): two connections for one user would be load that the plan did not ask for.

A source address (`bind`) whose ports to this destination are used up says nothing about the destination: the next one
is tried before the address counts as failed.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from typing import Protocol

from gradual_agent.http.connecting.peers import OUR_SHORTAGES, explain_connect
from gradual_agent.http.connecting.resolver import Address, Addresses
from gradual_agent.http.connecting.sources import SourceAddresses
from gradual_agent.http.context import HttpContext
from gradual_agent.runtime.timeline import Entry

UNDER_WAY = frozenset((errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR))
CONNECTED = frozenset((0, errno.EISCONN))


class AttemptsReport(Protocol):
    """What hears how the attempts ended."""

    def on_connected(self, sock: socket.socket) -> None:
        """An address has accepted."""

    def on_refused(self, reasons: str) -> None:
        """None has."""


class TcpAttempts:
    """The attempts of one dial; they can be given up. The report may come before `begin` has returned."""

    __slots__ = ("_addresses", "_context", "_deadline", "_refusals", "_report", "_socket", "_sources", "_timer",
                 "_tried", "_untried")  # fmt: skip

    def __init__(
        self, context: HttpContext, addresses: Addresses, sources: SourceAddresses | None, report: AttemptsReport
    ) -> None:
        self._context = context
        self._addresses = addresses
        self._sources = sources
        self._report = report
        self._deadline = 0
        self._untried: list[Address] = []
        self._refusals: list[str] = []
        self._tried: Address | None = None
        self._socket: socket.socket | None = None
        self._timer: Entry | None = None

    def begin(self, untried: Iterable[Address], refusals: Iterable[str], deadline: int) -> None:
        """Try these addresses in their order; `refusals` say why others are not tried."""
        self._untried, self._refusals = list(untried), list(refusals)
        self._deadline = deadline
        self._try_next()

    def give_up(self) -> None:
        """Close what is under way, and report nothing."""
        sock, self._socket = self._socket, None
        if sock is not None and sock.fileno() >= 0:
            self._stop_waiting(sock)
            sock.close()

    def _try_next(self) -> None:
        """Start to connect to the next address; fail when none is left."""
        while self._untried:
            self._tried = address = self._untried.pop(0)
            try:
                self._connect(address)
            except OSError as error:
                self._note(address, error)
            else:
                return
        self._report.on_refused("; ".join(self._refusals))

    def _note(self, address: Address, error: OSError) -> None:
        self._refusals.append(f"{address}: {explain_connect(error)}")
        if error.errno not in OUR_SHORTAGES:
            self._addresses.note_failure(address)

    def _connect(self, address: Address) -> None:
        """Start to connect to an address, from any source that can; OSError when that fails at once."""
        left = 1 if self._sources is None else self._sources.count(address.family)
        while left:
            left -= 1
            try:
                self._start(address)
            except OSError as error:
                self.give_up()
                if error.errno != errno.EADDRNOTAVAIL or not left:
                    raise
            else:
                return

    def _start(self, address: Address) -> None:
        sock = self._socket = socket.socket(address.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._sources is not None:
            self._sources.bind(sock)
        code = sock.connect_ex(address.sockaddr)
        if code in UNDER_WAY:
            # Over loopback the connection is already open when the first call returns, but only a second call says so.
            # It saves one round of the loop.
            code = sock.connect_ex(address.sockaddr)
        if code in UNDER_WAY:
            self._wait(sock)
        elif code in CONNECTED:
            self._connected(sock)
        else:
            raise OSError(code, os.strerror(code))

    def _wait(self, sock: socket.socket) -> None:
        context = self._context
        context.loop.add_writer(sock, self._writable)
        if self._untried:
            now = context.clock()
            share = max(0, self._deadline - now) // (len(self._untried) + 1)
            self._timer = context.timeline.at(now + share, self._refuse, TimeoutError())

    def _refuse(self, error: OSError) -> None:
        """The address has failed, or has not answered in its time: try the next one."""
        self.give_up()
        if self._tried is not None:
            self._note(self._tried, error)
        self._try_next()

    def _writable(self) -> None:
        """The address has accepted or refused the connection."""
        sock = self._socket
        if sock is None:
            return
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._refuse(OSError(code, os.strerror(code)))
        else:
            self._stop_waiting(sock)
            self._connected(sock)

    def _connected(self, sock: socket.socket) -> None:
        assert self._tried is not None, "an address was tried"
        self._addresses.note_success(self._tried)
        self._socket = None
        self._report.on_connected(sock)

    def _stop_waiting(self, sock: socket.socket) -> None:
        self._context.loop.remove_writer(sock)
        if self._timer is not None:
            self._context.timeline.cancel(self._timer)
            self._timer = None
