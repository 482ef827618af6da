"""The rest of a request that the kernel did not take at once, written whenever it has room.

It is written here and not by the transport, for three reasons:

* The lease is checked before every write (docs/design/fleet.md, 4.4). What is given up is not written at all, because
  nothing waits in a transport's buffer.
* A peer that answers early and closes makes a write fail. A transport then drops what it has received; we still read
  it.
* The number of bytes written is known exactly.

The loop does not allow a second watcher on the socket of a transport, so a duplicate of its descriptor is watched. When
no descriptor is left for it, the socket is tried again after a short time.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gradual_agent.http.context import HttpContext
from gradual_agent.http.long_bytes import PIECE, LongBytes, Piece, split_piece

Rest = bytes | memoryview | LongBytes
"""The rest of a request: of a long one, whose files are shared, without a copy."""

BURST: Final = 16
"""Pieces that are written before other callbacks of the loop run."""

LOOK_AGAIN_S: Final = 0.005
"""Until a socket that cannot be watched is tried again: at that pace 200 MB/s go out where the kernel takes a MiB."""


@dataclass(slots=True, eq=False)
class Upload:
    """Writes `sealed`, and then `rest` after `seal` has made it ready, a piece at a time."""

    context: HttpContext
    sock: socket.socket
    sealed: memoryview
    rest: Rest
    seal: Callable[[Piece], Piece]
    on_begun: Callable[[], None] | None
    """Called when the first byte is written, if none was before."""
    on_over: Callable[[OSError | None], None]
    """Called at the end, with the error that made it the end, if one did."""
    watched: socket.socket | None = None
    again: asyncio.TimerHandle | None = None

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken."""
        return len(self.sealed) + len(self.rest)

    def append(self, data: bytes) -> None:
        """Write `data` after what is sealed already."""
        self.sealed = memoryview(bytes(self.sealed) + data)

    def go_on(self) -> None:
        """Write until the kernel's buffer is full, all is written, or the lease ends."""
        # The rest is written in pieces, for three reasons:
        # - The lease may end in the middle of a large body. It is checked before each piece, so at most one piece
        #   (64 KiB) and what the kernel holds are sent after its end (docs/design/fleet.md, 4.4).
        # - TLS encrypts a piece only right before it is written: records have numbers, so none may be dropped later.
        # - Other users' responses must be read in time: after BURST pieces (1 MiB) the loop runs its other callbacks.
        # A full buffer is not an error. After any other error the connection goes on reading: a server that answers
        # early (413) and closes makes our write fail, and its answer is what the user should see.
        context = self.context
        for _ in range(BURST):
            if not self.sealed and not self._seal_next():
                self._end(None)
                return
            if context.clock() >= context.lease.ends_at:
                self.stop()
                return
            try:
                sent = self.sock.send(self.sealed[:PIECE])
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                self._end(error)
                return
            self.sealed = self.sealed[sent:]
            on_begun, self.on_begun = self.on_begun, None
            if on_begun is not None:
                on_begun()
        self._watch()

    def _seal_next(self) -> bool:
        piece, self.rest = split_piece(self.rest)
        if piece:
            self.sealed = memoryview(self.seal(piece))
        return bool(piece)

    def _watch(self) -> None:
        if self.watched is not None:
            return
        try:
            self.watched = self.sock.dup()
        except OSError:  # No descriptor is left, which ends no request.
            self.again = self.context.loop.call_later(LOOK_AGAIN_S, self.go_on)
            return
        self.context.loop.add_writer(self.watched, self.go_on)

    def _end(self, error: OSError | None) -> None:
        self.stop()
        self.on_over(error)

    def stop(self) -> None:
        """Write nothing more."""
        if self.again is not None:
            self.again.cancel()
        watched, self.watched = self.watched, None
        if watched is not None:
            self.context.loop.remove_writer(watched)
            watched.close()
