"""A server with response times that are known exactly; it runs as a process: `python -m bench.answering FOLDER`.

`FOLDER/settings.json` has a list of ports' settings, `FOLDER/ports.json` is written with the ports. It answers every
request with `ok`; when, is fixed as soon as the request is there:

    {"queue": 0.02}        first come, first served, by one server: exponential services of this mean, s
    {"constant": 0.02}     each after the same time, s
    {"lognormal": [0.02, 0.5]}              median, s, and σ of the logarithm
    {"bimodal": [0.005, 0.2, 0.1]}          two constants, and the share of the second
    "stall": [10, 1.5]     besides: what would be answered within 1.5 s from 10 s after the first request on, is
                           answered at the end of that time

`/known` answers with what it has done: the time from each request to its answer, s, and the time of its services.

An arrival is when the request came to the kernel, which stamps it: how long this event loop is busy with others is not
the client's error. Services follow one another without a gap: a departure is computed from the arrival and the one
before, not from when the event loop got to it. `select` wakes with a precision of µs, where `epoll` rounds up to the
next ms.
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

SO_TIMESTAMPNS = 35
"""Of Linux (socket(7)): when what is read came to the kernel. Python has no name for it."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Known:
    """One port: when each request is answered, and the times so far."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.times: list[float] = []
        self.served = 0
        self.served_s = 0.0
        self._settings = settings
        self._random = random.Random(seed)
        self._free_at = 0.0
        self._began: float | None = None

    def departure(self, now: float) -> float:
        """When a request that arrives now is answered."""
        self._began = now if self._began is None else self._began
        return self._after_stall(self._departure(now))

    def _departure(self, now: float) -> float:
        draw, settings = self._random, self._settings
        if "queue" in settings:
            service = draw.expovariate(1 / settings["queue"])
            self.served_s += service
            self.served += 1
            self._free_at = max(now, self._free_at) + service
            return self._free_at
        if "lognormal" in settings:
            median, sigma = settings["lognormal"]
            return now + float(median) * draw.lognormvariate(0.0, sigma)
        if "bimodal" in settings:
            usual, other, share = settings["bimodal"]
            return now + float(other if draw.random() < share else usual)
        return now + float(settings["constant"])

    def _after_stall(self, at: float) -> float:
        if "stall" not in self._settings:
            return at
        begin, length = self._settings["stall"]
        begin += self._began
        return begin + length if begin <= at < begin + length else at


class Answering:
    """One connection, whose client waits for each response: its request comes in one piece, and has no body."""

    def __init__(self, known: Known, connection: socket.socket) -> None:
        self._known = known
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(connection, self._read)

    def _read(self) -> None:
        try:
            data, stamps, _, _ = self._connection.recvmsg(4096, 64)
        except OSError:
            data, stamps = b"", []
        if not data:
            self._loop.remove_reader(self._connection)
            self._connection.close()
        elif data.startswith(b"GET /known"):
            self._tell()
        else:
            arrived = self._loop.time() - _age(stamps)
            self._loop.call_at(self._known.departure(arrived), self._answer, arrived)

    def _tell(self) -> None:
        known = {"times": self._known.times, "served": self._known.served, "served_s": self._known.served_s}
        body = json.dumps(known).encode()
        self._connection.setblocking(True)
        self._connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        self._connection.setblocking(False)

    def _answer(self, arrived: float) -> None:
        if self._connection.fileno() < 0:
            return
        self._known.times.append(self._loop.time() - arrived)
        with suppress(OSError):  # The client may have gone.
            self._connection.send(OK)


def _age(stamps: list[tuple[int, int, bytes]]) -> float:
    """How long ago the request came to the kernel, s."""
    ((_, _, stamp),) = stamps
    seconds, nanoseconds = struct.unpack("@qq", stamp)
    age_ns: int = time.time_ns() - (seconds * 10**9 + nanoseconds)
    return age_ns / 1e9


def _accept(listener: socket.socket, known: Known) -> None:
    with suppress(BlockingIOError):
        while True:
            Answering(known, listener.accept()[0])


async def serve(folder: Path) -> None:
    """Serve until SIGTERM."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    ports = []
    for number, settings in enumerate(json.loads((folder / "settings.json").read_text())):
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        listener.setblocking(False)
        loop.add_reader(listener, _accept, listener, Known(settings, number + 1))
        ports.append(listener.getsockname()[1])
    (folder / "ports.json").write_text(json.dumps(ports))
    await stop.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(serve(Path(sys.argv[1])))
