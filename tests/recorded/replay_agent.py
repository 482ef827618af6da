"""Runs `gradual-agent` on what the master told the recorded agent `a`, against the same system, in the replay's time.

    python replay_agent.py RECORDING SENT      (SENT: the golden to_agents.jsonl)

Files: to_master.jsonl (what the agent sent on which call, and when: the bytes of the wire), requests.jsonl (what it
sent to the system), stderr.txt. Connections to the system are Unix sockets, which hold what was written at once; so
no time passes but the clock's.
"""

# ruff: noqa: PLC0415 - the clock comes before them
from __future__ import annotations

# These take their clocks when they are imported; theirs are real.
import asyncio
import base64
import concurrent.futures.thread
import errno
import json
import os
import random
import resource
import secrets
import socket
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from recorded_clock import NS_PER_S, Clock, Jumping, Loop
from recorded_edge import Event, read_events, to_text

NAME = "a"
PORT = 18095
VERSION = "0.1.0"
REAL_SOCKET = socket.socket
SYSTEM = "\0gradual-recorded-"


class Socket(REAL_SOCKET):
    """What would go to the system's port goes to its Unix socket; any other port refuses."""

    __slots__ = ("_is_mapped",)

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:  # noqa: A002 - their name
        self._is_mapped = family == socket.AF_INET and fileno is None
        super().__init__(socket.AF_UNIX if self._is_mapped else family, type, proto, fileno)

    def setsockopt(self, *arguments: Any) -> None:
        if not self._is_mapped:
            super().setsockopt(*arguments)

    def connect_ex(self, address: Any) -> int:
        if not self._is_mapped:
            return super().connect_ex(address)
        return super().connect_ex(system_address()) if address[1] == PORT else errno.ECONNREFUSED


def system_address() -> str:
    return f"{SYSTEM}{os.getppid()}-{REAL_PID}"


REAL_PID = os.getpid()


class Seeded(random.Random):
    """Random, and always the same."""

    def __init__(self, seed: object = 7) -> None:
        super().__init__(str(seed))


def pretend(clock: Clock, incarnation: bytes) -> None:
    """A process that is always the same."""
    random.Random = random.SystemRandom = Seeded  # type: ignore[misc]
    secrets.token_bytes = lambda size=None: incarnation
    socket.gethostname = lambda: f"host-{NAME}"
    os.getpid = lambda: 4097
    used = lambda: SimpleNamespace(ru_utime=clock.elapsed / NS_PER_S / 16, ru_stime=clock.elapsed / NS_PER_S / 64)  # noqa: E731
    resource.getrusage = lambda who: used()
    socket.socket = Socket  # type: ignore[misc]


class Script:
    """What the master said to the recorded agent, but for what it answers to pings and batches."""

    def __init__(self, recording: list[Event], sent: list[Event]) -> None:
        from gradual_common.wire import fleet_pb2

        self._wire = fleet_pb2
        hellos = {
            event["call"]: message.hello
            for event in recording
            if event["method"] == "Session" and event["do"] == "say"
            if (message := fleet_pb2.AgentMessage.FromString(base64.b64decode(event["bytes"]))).HasField("hello")
        }
        (self._session,) = [call for call, hello in hellos.items() if hello.name == NAME]
        self.incarnation: bytes = hellos[self._session].incarnation
        (self._provision,) = [
            event["call"]
            for event in recording
            if event["method"] == "Provision" and event["do"] == "open"
            if fleet_pb2.ProvisionRequest.FromString(base64.b64decode(event["bytes"])).incarnation == self.incarnation
        ]
        self._sent = [event for event in sent if event["do"] == "say"]

    def session(self) -> list[tuple[int, Any]]:
        told = []
        for at, data in self._of(self._session):
            message = self._wire.MasterMessage.FromString(data)
            message.ClearField("pong")
            message.ClearField("ack")
            if message.ByteSize():
                told.append((at, message))
        return told

    def provisions(self) -> list[tuple[int, Any]]:
        return [(at, self._wire.ProvisionChunk.FromString(data)) for at, data in self._of(self._provision)]

    def _of(self, call: int) -> list[tuple[int, bytes]]:
        return [(event["at"], base64.b64decode(event["bytes"])) for event in self._sent if event["call"] == call]

    def answer(self, message: Any, now: int) -> Any:
        """A pong and an acknowledgement, if there is something to answer."""
        answer = self._wire.MasterMessage()
        if message.HasField("ping"):
            answer.pong.stamp, answer.pong.now = message.ping.stamp, now
        if message.batches:
            answer.ack = message.batches[-1].number
        return answer if answer.ByteSize() else None

    def receipt(self) -> Any:
        return self._wire.SampleReceipt()


class Channel:
    """In place of `grpc.aio.insecure_channel`; `sent`: what the agent wrote."""

    def __init__(self, script: Script, clock: Clock) -> None:
        self.sent: list[Event] = []
        self.script = script
        self.clock = clock
        self.calls = 0

    def __call__(self, target: str, **options: Any) -> Channel:
        return self

    async def __aenter__(self) -> Channel:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def close(self, grace: float | None = None) -> None:
        pass

    def note(self, number: int, method: str, do: str, data: bytes = b"") -> None:
        at = self.clock.elapsed
        self.sent.append({"at": at, "call": number, "method": method, "do": do, "bytes": to_text(data)})

    def stream_stream(self, path: str, request_serializer: Any, **_: Any) -> Any:
        return lambda: Session(self, request_serializer)

    def unary_stream(self, path: str, request_serializer: Any, **_: Any) -> Any:
        return lambda request: Provision(self, request_serializer(request))

    def stream_unary(self, path: str, request_serializer: Any, **_: Any) -> Any:
        return lambda: Samples(self, request_serializer)


class Call:
    """What is read comes at its instants; then the master ends its side."""

    method = ""

    def __init__(self, channel: Channel, serialize: Any = None, data: bytes = b"") -> None:
        channel.calls += 1
        self._channel, self._number, self._serialize = channel, channel.calls, serialize
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        channel.note(self._number, self.method, "open", data)

    def _tell_at(self, told: list[tuple[int, Any]]) -> None:
        self._telling = asyncio.get_running_loop().create_task(self._tell(told))

    async def _tell(self, told: list[tuple[int, Any]]) -> None:
        for at, message in told:
            await asyncio.sleep(max(0, at - self._channel.clock.elapsed) / NS_PER_S)
            self._inbox.put_nowait(message)

    async def write(self, message: Any) -> None:
        self._channel.note(self._number, self.method, "say", self._serialize(message))

    async def done_writing(self) -> None:
        self._channel.note(self._number, self.method, "end")

    async def read(self) -> Any:
        return await self._inbox.get()

    def cancel(self) -> None:
        self._channel.note(self._number, self.method, "cancel")


class Session(Call):
    method = "Session"

    def __init__(self, channel: Channel, serialize: Any) -> None:
        super().__init__(channel, serialize)
        told = channel.script.session()
        self._tell_at([*told, (told[-1][0], end_of_stream())])

    async def write(self, message: Any) -> None:
        await super().write(message)
        answer = self._channel.script.answer(message, self._channel.clock.elapsed)
        if answer is not None:
            self._inbox.put_nowait(answer)


class Provision(Call):
    method = "Provision"

    def __init__(self, channel: Channel, data: bytes) -> None:
        super().__init__(channel, data=data)
        self._tell_at(channel.script.provisions())


class Samples(Call):
    method = "Samples"

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return self._channel.script.receipt()


def end_of_stream() -> Any:
    import grpc.aio

    return grpc.aio.EOF


def main(recording: Path, sent: Path) -> None:
    clock = Clock()
    clock.install()
    import gradual_common

    gradual_common.__version__ = VERSION
    import grpc.aio
    import uvloop
    from recorded_system import server

    script = Script(read_events(recording), read_events(sent))
    pretend(clock, script.incarnation)
    grpc.aio.insecure_channel = channel = Channel(script, clock)
    requests: list[str] = []

    def note(request: bytes) -> None:
        requests.append(json.dumps({"at": clock.elapsed, "bytes": request.decode("latin-1")}) + "\n")

    def make_loop() -> asyncio.AbstractEventLoop:
        loop = Loop(clock, Jumping(clock))
        listener = REAL_SOCKET(socket.AF_UNIX)
        listener.bind(system_address())
        loop.create_task(asyncio.start_unix_server(server(note), sock=listener, backlog=1000))
        return loop

    uvloop.new_event_loop = make_loop
    code = run_command()
    Path("exit_code.txt").write_text(f"{code}\n")
    Path("to_master.jsonl").write_text("".join(json.dumps(event) + "\n" for event in channel.sent))
    Path("requests.jsonl").write_text("".join(requests))


def run_command() -> object:
    (command,) = entry_points(group="console_scripts", name="gradual-agent")
    sys.argv = f"gradual-agent --master unix:master --name {NAME} --max-users 40".split()
    try:
        return command.load()()
    except SystemExit as leaving:
        return leaving.code


if __name__ == "__main__":
    del concurrent
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
