"""The gRPC edge of a master, in place of `grpc.aio.server`: one that records what agents say, one that says it again.

Everything above it is the real thing: what goes in and out are the bytes of the wire. A recording is a list of calls'
events: {at: ns since the run's origin, call: number, method, do: open | say | end | cancel, bytes}.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from gradual_common.wire import fleet_pb2

SERVICE = "gradual.v1.Fleet"
NS_PER_S = 1_000_000_000

Event = dict[str, Any]


def read_events(path: Path) -> list[Event]:
    """Of a recording, or of a golden file."""
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


def write_events(path: Path, events: list[Event]) -> None:
    text = "".join(json.dumps(event) + "\n" for event in events)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def to_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Replaying:
    """Brings each event at its instant; `sent`: what the master answered, and when."""

    def __init__(self, events: list[Event], elapsed: Callable[[], int]) -> None:
        self.sent: list[Event] = []
        self._events = events
        self._elapsed = elapsed
        self._handlers: dict[str, Any] = {}
        self._inboxes: dict[int, asyncio.Queue[bytes | None]] = {}
        self._calls: dict[int, asyncio.Task[None]] = {}
        self._feeding: asyncio.Task[None] | None = None

    def __call__(self, **options: Any) -> Replaying:
        return self

    def add_insecure_port(self, target: str) -> int:
        return 1

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """The same as `add_registered_method_handlers`, for older gRPC."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        if service == SERVICE:  # Nobody asks for the health of a replayed master.
            self._handlers = handlers

    async def start(self) -> None:
        self._feeding = asyncio.create_task(self._feed())

    async def stop(self, grace: float | None) -> None:
        assert self._feeding is not None
        self._feeding.cancel()
        open_calls = [call for call in self._calls.values() if not call.done()]
        if open_calls:
            await asyncio.wait(open_calls, timeout=grace)
        for call in open_calls:
            call.cancel()
        await asyncio.gather(self._feeding, *self._calls.values(), return_exceptions=True)

    async def _feed(self) -> None:
        for event in self._events:
            if event["at"] > self._elapsed():
                await asyncio.sleep((event["at"] - self._elapsed()) / NS_PER_S)
            number = event["call"]
            match event["do"]:
                case "open":
                    self._inboxes[number] = asyncio.Queue()
                    data = base64.b64decode(event["bytes"])
                    self._calls[number] = asyncio.create_task(self._serve(number, event["method"], data))
                case "say":
                    self._inboxes[number].put_nowait(base64.b64decode(event["bytes"]))
                case "end":
                    self._inboxes[number].put_nowait(None)
                case "cancel":
                    self._calls[number].cancel()

    async def _serve(self, number: int, method: str, data: bytes) -> None:
        handler = self._handlers[method]
        context = _Context(lambda message: self._note(number, method, handler.response_serializer(message)))
        try:
            match method:
                case "Session":
                    await handler.stream_stream(self._requests(number), context)
                case "Provision":
                    async for message in handler.unary_stream(handler.request_deserializer(data), context):
                        await context.write(message)
                case "Samples":
                    await context.write(await handler.stream_unary(self._requests(number), context))
        except grpc.aio.AbortError as error:
            self._note(number, method, str(error).encode(), "abort")
        else:
            self._note(number, method, b"", "end")

    def _note(self, number: int, method: str, data: bytes, do: str = "say") -> None:
        at = self._elapsed()
        self.sent.append({"at": at, "call": number, "method": method, "do": do, "bytes": to_text(data)})

    async def _requests(self, number: int) -> AsyncIterator[bytes]:
        while (data := await self._inboxes[number].get()) is not None:
            yield data


class _Context:
    """What the master uses of a servicer's context."""

    def __init__(self, write: Callable[[Any], None]) -> None:
        self._write = write

    def peer(self) -> str:
        return "unix:"

    async def write(self, message: Any) -> None:
        self._write(message)

    async def abort(self, code: grpc.StatusCode, details: str = "") -> None:
        raise grpc.aio.AbortError(f"{code.name}: {details}")


class Recording:
    """A real server; `events`: what agents say to it. `revise` makes a Hello tell nothing of this machine."""

    def __init__(self, elapsed: Callable[[], int], on_start: Callable[[], None], revise: Callable[[Any], None]) -> None:
        self.events: list[Event] = []
        self._elapsed = elapsed
        self._on_start = on_start
        self._revise = revise
        self._server_of = grpc.aio.server
        self._server: Any = None
        self._calls = 0

    def __call__(self, **options: Any) -> Recording:
        self._server = self._server_of(**options)
        return self

    def add_insecure_port(self, target: str) -> int:
        return int(self._server.add_insecure_port(target))

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        pass

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        if service != SERVICE:
            return
        wrapped = {
            "Session": handlers["Session"]._replace(stream_stream=self._session(handlers["Session"].stream_stream)),
            "Provision": handlers["Provision"]._replace(
                unary_stream=self._provision(handlers["Provision"].unary_stream)
            ),
            "Samples": handlers["Samples"]._replace(stream_unary=self._samples(handlers["Samples"].stream_unary)),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, wrapped),))
        self._server.add_registered_method_handlers(service, wrapped)

    async def start(self) -> None:
        await self._server.start()
        self._on_start()

    async def stop(self, grace: float | None) -> None:
        await self._server.stop(grace)

    def _note(self, number: int, method: str, do: str, data: bytes = b"") -> None:
        at = self._elapsed()
        self.events.append({"at": at, "call": number, "method": method, "do": do, "bytes": to_text(data)})

    def _open(self, method: str, data: bytes = b"") -> int:
        self._calls += 1
        self._note(self._calls, method, "open", data)
        return self._calls

    async def _read(self, number: int, method: str, messages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        kind: Any = {"Session": fleet_pb2.AgentMessage, "Samples": fleet_pb2.SampleMessage}[method]
        async for content in messages:
            message = kind.FromString(content)
            self._revise(message)
            revised = message.SerializeToString()
            self._note(number, method, "say", revised)
            yield revised
        self._note(number, method, "end")

    def _session(self, serve: Any) -> Any:
        async def recorded(messages: Any, context: Any) -> None:
            number = self._open("Session")
            try:
                await serve(self._read(number, "Session", messages), context)
            except asyncio.CancelledError:
                self._note(number, "Session", "cancel")
                raise

        return recorded

    def _provision(self, serve: Any) -> Any:
        async def recorded(request: Any, context: Any) -> AsyncIterator[Any]:
            number = self._open("Provision", request.SerializeToString())
            try:
                async for chunk in serve(request, context):
                    yield chunk
            except asyncio.CancelledError:
                self._note(number, "Provision", "cancel")
                raise

        return recorded

    def _samples(self, serve: Any) -> Any:
        async def recorded(messages: Any, context: Any) -> Any:
            number = self._open("Samples")
            try:
                return await serve(self._read(number, "Samples", messages), context)
            except asyncio.CancelledError:
                self._note(number, "Samples", "cancel")
                raise

        return recorded
