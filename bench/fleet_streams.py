"""Simulated agents over real gRPC streams, in a separate process.

    python -m bench.fleet_streams ADDRESS AGENTS SECONDS [SECURITY]

SECURITY is a file with token and certificates, as agents pass them to their children (`FleetSecurity.to_json`).

Each agent registers, fetches the plan and confirms its orders. From the start of the schedule it sends one batch per
interval, with a ping in the same message, and pings in between. The result is printed as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import grpc.aio
import uvloop

from bench.fleet_batches import encode, make_batch, plan_document
from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_common.clock import CLOCK_ID, NS_PER_MS, NS_PER_S
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.messages import PROTOCOL
from gradual_common.security.security import FleetSecurity
from gradual_common.wire import fleet_pb2 as pb
from gradual_common.wire import fleet_pb2_grpc


def clock() -> int:
    """The agents' clock, ns."""
    return time.clock_gettime_ns(CLOCK_ID)


class StreamCounts:
    """Counts over all agents."""

    def __init__(self) -> None:
        self.ack_ms: list[float] = []
        self.ping_ms: list[float] = []
        self.dialled: list[float] = []
        self.joined: list[float] = []
        """Instants of CLOCK_MONOTONIC, which all processes of a machine share."""
        self.lost = self.expired = self.sent = self.received = 0


class SimulatedAgent:
    """One agent with its stream."""

    def __init__(self, number: int, master: MasterEndpoint, seconds: int, wire: bytes, counts: StreamCounts) -> None:
        self._number = number
        self._seconds = seconds
        self._message = pb.AgentMessage.FromString(wire)
        self._counts = counts
        self._channel = master.open_channel()
        self._call_options = master.call_options
        self._stub: Any = fleet_pb2_grpc.FleetStub(self._channel)  # type: ignore[no-untyped-call]  # generated code
        self._call: Any = None
        self._outgoing: asyncio.Queue[Any] = asyncio.Queue()
        self._sent_at: dict[int, float] = {}
        self._welcome: Any = None
        self._orders: Any = None
        self._offset = 0
        self._is_over = False

    async def run(self) -> None:
        """Work from the Hello to the master's Finish."""
        self._counts.dialled.append(time.monotonic())
        self._call = self._stub.Session(**self._call_options)
        hello = pb.Hello(
            protocol=PROTOCOL,
            incarnation=self._number.to_bytes(16, "big"),
            name=f"agent-{self._number}",
            host="bench",
            pid=self._number,
            version="bench",
            stream=1,
            max_users=1000,
        )
        self._outgoing.put_nowait(pb.AgentMessage(hello=hello))
        tasks = [asyncio.create_task(work) for work in (self._write(), self._fetch(), self._report())]
        with contextlib.suppress(grpc.aio.AioRpcError):  # counted in `lost`
            await self._read()
        self._counts.lost += not self._is_over
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._channel.close(None)

    async def _write(self) -> None:
        while True:
            message = await self._outgoing.get()
            self._counts.sent += 1
            await self._call.write(message)

    async def _fetch(self) -> None:
        while self._welcome is None:
            await asyncio.sleep(0.01)
        request = pb.ProvisionRequest(incarnation=self._number.to_bytes(16, "big"), run=self._welcome.run)
        async for _ in self._stub.Provision(request, **self._call_options):
            self._confirm()

    def _confirm(self) -> None:
        orders = self._orders
        epoch, version = (orders.epoch, orders.version) if orders is not None else (0, 0)
        self._outgoing.put_nowait(pb.AgentMessage(confirm=pb.Confirm(epoch=epoch, version=version, provisioned=1)))

    async def _read(self) -> None:
        async for message in self._call:
            self._counts.received += 1
            if message.HasField("welcome"):
                self._welcome = message.welcome
                self._counts.joined.append(time.monotonic())
                self._outgoing.put_nowait(pb.AgentMessage(ping=pb.Ping(stamp=clock())))
            if message.HasField("pong"):
                self._offset = message.pong.now - clock()
                self._counts.ping_ms.append((clock() - message.pong.stamp) / NS_PER_MS)
            if message.HasField("orders"):
                self._orders = message.orders
                self._confirm()
            if message.ack:
                self._note_ack(message.ack)
            self._counts.expired += message.HasField("expired")
            self._is_over = self._is_over or message.HasField("finish")

    def _note_ack(self, number: int) -> None:
        sent_at = self._sent_at.pop(number, None)
        if sent_at is not None:
            self._counts.ack_ms.append((time.perf_counter() - sent_at) * 1000)

    async def _report(self) -> None:
        """Send one batch per interval, at the offset that the master gave, and pings in between (`_ping_if_due`)."""
        while self._orders is None or not self._orders.levels:
            await asyncio.sleep(0.02)
            await self._ping_if_due()
        interval, start = self._welcome.interval, self._orders.start
        for number in range(1, self._seconds * NS_PER_S // interval + 2):
            await self._wait_until(start + number * interval + self._welcome.batch_offset)
            self._send_batch(number, start, interval)

    async def _wait_until(self, instant: int) -> None:
        while (left := instant - clock() - self._offset) > 0:
            await asyncio.sleep(min(left / NS_PER_S, 0.25))
            await self._ping_if_due()

    async def _ping_if_due(self) -> None:
        """Send a ping after an eighth of the lease, unless a batch with a ping was sent in that time, as a real agent
        does."""
        if self._welcome is not None and clock() - self._message.ping.stamp > self._welcome.lease // 8:
            self._message.ping.stamp = clock()
            self._outgoing.put_nowait(pb.AgentMessage(ping=self._message.ping))

    def _send_batch(self, number: int, start: int, interval: int) -> None:
        message = self._message
        message.ping.stamp = clock()
        batch = message.batches[0]
        batch.number, batch.interval = number, number - 1
        batch.last = number > self._seconds * NS_PER_S // interval
        batch.frames[0].begin = start + (number - 1) * interval
        batch.frames[0].end = batch.frames[0].begin + interval
        self._sent_at[number] = time.perf_counter()
        sent = pb.AgentMessage()
        sent.CopyFrom(message)
        self._outgoing.put_nowait(sent)


async def simulate(master: MasterEndpoint, agents: int, seconds: int) -> dict[str, Any]:
    """Run all agents; return the results."""
    plan = Plan.model_validate(plan_document(agents, seconds))
    wires = [encode(make_batch(plan, seed)) for seed in range(8)]
    counts = StreamCounts()
    await asyncio.gather(
        *(SimulatedAgent(number, master, seconds, wires[number % 8], counts).run() for number in range(agents))
    )
    acks, pings = sorted(counts.ack_ms), sorted(counts.ping_ms)
    return {
        "batches": len(acks),
        "ack_p50_ms": statistics.median(acks),
        "ack_p99_ms": acks[int(len(acks) * 0.99)],
        "ping_p99_ms": pings[int(len(pings) * 0.99)],
        "ping_max_ms": pings[-1],
        "dialled": counts.dialled,
        "joined": counts.joined,
        "lost": counts.lost,
        "expired": counts.expired,
        "messages": counts.sent + counts.received,
    }


if __name__ == "__main__":
    address, number, duration, *file = sys.argv[1:]
    security = FleetSecurity.from_json(Path(file[0]).read_text()) if file else FleetSecurity()
    print(json.dumps(uvloop.run(simulate(MasterEndpoint(address, security), int(number), int(duration)))))
