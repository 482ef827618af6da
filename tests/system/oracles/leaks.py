"""What is left behind: descriptors, tasks, and the engine's objects of one exchange, counted."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gradual_agent.http.connecting.connection import Http1Connection
from gradual_agent.http.connecting.dialer import Dial
from gradual_agent.http.connecting.tcp import TcpAttempts
from gradual_agent.http.connecting.tls import TlsLayer
from gradual_agent.http.connecting.upload import Upload
from gradual_agent.http.reading.chunks import ChunkedBody
from gradual_agent.http.reading.reader import ResponseReader

DEADLINE_S = 20

PASSING = (Http1Connection, Dial, TcpAttempts, TlsLayer, Upload, ChunkedBody, ResponseReader)
"""Objects that live no longer than an exchange or a connection."""


def count_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def count_passing() -> dict[str, int]:
    gc.collect()
    alive = [type(thing) for thing in gc.get_objects()]
    return {kind.__name__: sum(issubclass(found, kind) for found in alive) for kind in PASSING}


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """At the end of the block there is no more than before; a socket is closed in the next turns of the loop."""
    tasks, descriptors, passing = asyncio.all_tasks(), count_descriptors(), count_passing()
    yield
    deadline = time.monotonic() + DEADLINE_S
    while (asyncio.all_tasks() - tasks or count_descriptors() > descriptors) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert asyncio.all_tasks() - tasks == set()
    assert count_descriptors() <= descriptors
    # Fewer are no leak: what a block before had left to the loop has ended meanwhile.
    assert {name: count for name, count in count_passing().items() if count > passing[name]} == {}
