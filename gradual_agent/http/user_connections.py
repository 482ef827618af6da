"""The connections of one user: one per origin, as in a browser. They are found, opened, kept and closed here.

Most users talk to one origin. Its connection is in `_connection`, and there is a table only once there are two.

Hot path: a base class with plain attributes. A fetch reads `_connection` itself, and calls nothing here when that is
the connection that it needs.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from gradual_agent.http.connecting.connection import Channel
from gradual_agent.http.connecting.dialer import Dial, Dialer, Opened
from gradual_agent.http.connecting.line_use import Lines
from gradual_agent.http.context import HttpContext
from gradual_agent.http.failures import Failure, connecting_timed_out
from gradual_agent.http.request import RequestSettings
from gradual_agent.http.urls import Origin
from gradual_agent.runtime.deadline import MovingDeadline
from gradual_agent.runtime.suspension import Resumable

MAX_CONNECTIONS: Final = 256
"""Open connections of one user, as in a browser. Beyond it the oldest is closed, and opened again when needed."""

NO_CONNECTIONS: Final[dict[Origin, Channel]] = {}
"""Shared by all users that have at most one connection, to save a dict per user; it is never changed."""


class UserConnections(MovingDeadline):
    """The connections of one user, each opened within the deadline of what it is opened for."""

    __slots__ = ("_connect_timeout", "_connection", "_connections", "_dial", "_dialer", "_lines", "_owner")

    _context: HttpContext

    def __init__(self, dialer: Dialer, owner: Resumable) -> None:
        super().__init__(dialer.context)
        self._dialer = dialer
        self._owner = owner
        self._connection: Channel | None = None
        """The one that was used last."""
        self._connections: dict[Origin, Channel] = NO_CONNECTIONS
        self._lines: Lines | None = None
        """The lines that it shares with clients beside it; None if there is none."""
        self._dial: Dial | None = None
        self._connect_timeout: Failure | None = None
        """What it means while a connection is opened that the deadline passes, if that is the limit on connecting."""

    def _find(self, origin: Origin) -> Channel | None:
        """A free connection to `origin`, compared by value: equal origins need not be the same object."""
        connection = self._connection
        if connection is None or connection.origin != origin:
            connection = self._connections.get(origin)
        if connection is None or not connection.is_free:
            return None
        self._connection = connection
        return connection

    def _open(self, settings: RequestSettings, begun: int) -> Generator[None, Any, Opened]:
        """Open a connection to the origin of a request, from `begun` on; `_adopt` keeps it."""
        deadline = self._deadline
        self._limit_connecting(begun + settings.connect_timeout, settings)
        self._dial = self._dialer.dial(settings.origin, self._deadline, self._on_dialled)
        opened: Opened = yield
        self._deadline, self._connect_timeout = deadline, None
        return opened

    def _limit_connecting(self, limit: int, settings: RequestSettings) -> None:
        """While the connection is opened, `connect_timeout` is the deadline if it ends before that of the fetch."""
        if limit >= self._deadline:
            return
        self._deadline = limit
        self._connect_timeout = connecting_timed_out(settings.origin, settings.connect_timeout)
        if limit < self._timer_at:
            self._set_timer(limit)

    def _on_dialled(self, opened: Opened) -> None:
        self._dial = None
        self._owner.resume(opened)

    def _give_up_dial(self) -> None:
        """Open nothing any more: the user is not resumed."""
        dial, self._dial = self._dial, None
        if dial is not None:
            dial.give_up()

    def _adopt(self, connection: Channel) -> None:
        """Keep a new connection: in `_connection`, and in the table once there are two origins."""
        current, self._connection = self._connection, connection
        if self._lines is not None:
            connection.share_line(self._lines)
        if current is None or current.origin == connection.origin:
            if not self._connections:
                return
        elif not self._connections:
            self._connections = {current.origin: current}
        self._connections[connection.origin] = connection
        if len(self._connections) > MAX_CONNECTIONS:
            self._connections.pop(next(iter(self._connections))).close()

    def _share_lines(self, other: UserConnections) -> None:
        """Have the connections of both, now and later, share the lines of the user."""
        if self._lines is None:
            self._lines = {}
            for connection in self._open_connections():
                connection.share_line(self._lines)
        other._lines = self._lines

    def _open_connections(self) -> set[Channel]:
        found = set(self._connections.values())
        if self._connection is not None:
            found.add(self._connection)
        return found

    def _take_connections(self) -> set[Channel]:
        taken = self._open_connections()
        self._connection, self._connections = None, NO_CONNECTIONS
        return taken

    def _close_connections(self) -> None:
        for connection in self._take_connections():
            connection.close()
