"""Single samples and failed exchanges, sent to the master on a channel of their own; the run never waits for them.

What is sent while the master is away is lost, and the master sees from its counts how much; batches lose nothing. With
a slow master, at most `MAX_WAITING_MESSAGES` messages wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog
from grpc import aio

from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_common.protocol.codec_samples import encode_samples
from gradual_common.protocol.messages import SampleMessage
from gradual_common.protocol.samples import Exemplar, SampleColumns
from gradual_common.wire import fleet_pb2_grpc

MAX_WAITING_MESSAGES = 64
"""Messages of at most 200 KiB: 13 MB, which are two seconds of 200,000 samples."""

EXEMPLARS_AT_ONCE = 4
"""Exchanges per message: each is below 1 MiB, and the master accepts 4 MiB."""

RETRY_S = 0.5
FLUSH_S = 3.0
"""How long the end of a run waits until queued messages are sent."""


class SampleLink:
    """Opens its stream when there is something to send for the first time."""

    def __init__(self, master: MasterEndpoint, incarnation: bytes) -> None:
        self._master = master
        self._incarnation = incarnation
        self._waiting: asyncio.Queue[SampleMessage | None] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None
        self._is_closing = False
        self._log = structlog.get_logger(__name__)

    def send(self, blocks: Iterable[SampleColumns], exemplars: Iterable[Exemplar]) -> None:
        """Queue samples, one block per message, and exchanges; drop what the queue has no room for."""
        shown = tuple(exemplars)
        parts = [shown[first : first + EXEMPLARS_AT_ONCE] for first in range(0, len(shown), EXEMPLARS_AT_ONCE)]
        messages = [SampleMessage(self._incarnation, blocks=(block,)) for block in blocks]
        for message in messages + [SampleMessage(self._incarnation, exemplars=part) for part in parts]:
            # Dropped, not awaited: the samples of a slow master must not fill the memory that users need.
            if self._waiting.qsize() >= MAX_WAITING_MESSAGES:
                self._log.debug("samples are dropped: the master takes them too slowly")
                return
            self._waiting.put_nowait(message)
            if self._writer is None:
                self._writer = asyncio.ensure_future(self._write())

    async def close(self) -> None:
        """Send what is queued, for at most `FLUSH_S`; returns when the master has taken it in."""
        if self._writer is None:
            return
        self._is_closing = True
        self._waiting.put_nowait(None)
        done, _ = await asyncio.wait([self._writer], timeout=FLUSH_S)
        if not done:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        """Write until the queue ends; after a failure open a new stream. What was being sent is lost."""
        while not await self._write_stream():
            if self._is_closing and self._waiting.empty():
                return
            await asyncio.sleep(RETRY_S)

    async def _write_stream(self) -> bool:
        async with self._master.open_channel() as channel:
            stub: Any = fleet_pb2_grpc.FleetStub(channel)  # type: ignore[no-untyped-call]  # generated code
            call = stub.Samples(**self._master.call_options)
            try:
                while (message := await self._waiting.get()) is not None:
                    await call.write(encode_samples(message))
                await call.done_writing()
                await call
            except (aio.AioRpcError, asyncio.InvalidStateError) as error:
                self._log.debug("the stream of samples failed", reason=str(error))
                return False
        return True
