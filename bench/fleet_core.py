"""The master without gRPC: the cost of decoding, deciding on and merging encoded batches, and the memory it keeps."""

from __future__ import annotations

import gc
import os
import time
from dataclasses import dataclass, replace

from bench.fleet_batches import encode, make_batch, plan_document
from bench.support import resident_kib
from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.codec import decode_agent_message
from gradual_common.protocol.messages import PROTOCOL, AgentMessage, Confirm, Hello
from gradual_common.wire import fleet_pb2
from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.events import (
    CloseInterval,
    Event,
    Merge,
    Merged,
    Provide,
    Provided,
    Received,
    Tick,
)
from gradual_master.coordination.journal import Journal
from gradual_master.coordination.terms import Terms
from gradual_master.results.aggregate import Aggregate


@dataclass(slots=True)
class Cost:
    """CPU seconds of each part of the work, and the number of batches."""

    decode: float = 0.0
    decide: float = 0.0
    merge: float = 0.0
    close: float = 0.0
    batches: int = 0

    def each(self, part: str) -> float:
        """Microseconds per batch."""
        return float(getattr(self, part)) / self.batches * 1e6


class SimulatedFleet:
    """`agents` agents that ping and send one batch every second of run time; the clock is set by hand."""

    def __init__(self, agents: int, seconds: int) -> None:
        plan = Plan.model_validate(plan_document(agents, seconds + 10))
        schedule = compile_schedule(plan)
        terms = Terms("bench", agents, 60 * NS_PER_S, 10 * NS_PER_S, NS_PER_S, NS_PER_S, 2 * NS_PER_S)
        self.cost = Cost()
        self.dropped = 0
        self._agents = agents
        self._aggregate = Aggregate(plan, schedule, NS_PER_S)
        self._core = MasterCore(terms, schedule, Journal())
        self._now = 0
        self._second = -1
        self._wires = [_wire_of(make_batch(plan, seed)) for seed in range(8)]
        self._register()

    def _register(self) -> None:
        for number in range(self._agents):
            name = f"agent-{number}"
            incarnation = number.to_bytes(16, "big")
            hello = Hello(PROTOCOL, incarnation, name, "bench", number, "bench", 1, 1000)
            self._handle(Received(number, AgentMessage(hello=hello)))
        for confirm in (Confirm(0, 0, 1), Confirm(1, 1, 1)):
            for number in range(self._agents):
                self._handle(Received(number, AgentMessage(confirm=confirm)))
        self._now += 2 * NS_PER_S

    def run(self, seconds: int) -> None:
        """Simulate `seconds` seconds."""
        for _ in range(seconds):
            self._second += 1
            self._now += 50 * NS_PER_MS
            for number in range(self._agents):
                self._deliver(number)
            for _ in range(19):
                self._now += 50 * NS_PER_MS
                self._handle(Tick())

    def _deliver(self, agent: int) -> None:
        message = self._wires[agent % len(self._wires)]
        start = self._second * NS_PER_S
        batch = message.batches[0]
        batch.number, batch.interval = self._second + 1, self._second
        batch.frames[0].begin, batch.frames[0].end = start, start + NS_PER_S
        message.ping.stamp = self._now
        wire = message.SerializeToString()
        started = time.process_time()
        decoded = decode_agent_message(fleet_pb2.AgentMessage.FromString(wire))
        self.cost.decode += time.process_time() - started
        self._handle(Received(agent, decoded))
        self.cost.batches += 1

    def _handle(self, event: Event) -> None:
        events = [event]
        while events:
            started = time.process_time()
            instructions = self._core.handle(events.pop(0), self._now)
            self.cost.decide += time.process_time() - started
            for instruction in instructions:
                match instruction:
                    case Merge(agent, batch):
                        self._merge(agent, batch)
                        events.append(Merged(agent, batch))
                    case Provide(agent, slots):
                        events.append(Provided(agent, slots, 1))
                    case CloseInterval(number):
                        started = time.process_time()
                        self._aggregate.close(number)
                        self.cost.close += time.process_time() - started

    def _merge(self, agent: str, batch: Batch) -> None:
        started = time.process_time()
        self._aggregate.merge(agent, batch)
        self.cost.merge += time.process_time() - started

    @property
    def merged(self) -> int:
        """How many requests are in the aggregate."""
        return sum(agent.requests for agent in self._aggregate.agents.values())


def _wire_of(batch: Batch) -> fleet_pb2.AgentMessage:
    message = fleet_pb2.AgentMessage.FromString(encode(replace(batch, number=1)))
    message.ping.CopyFrom(fleet_pb2.Ping(stamp=0, begun=1))
    return message


def cost_of(agents: int, seconds: int = 10) -> Cost:
    """The cost of a batch for the master's core in a fleet of this size; the first two seconds are a warm-up."""
    fleet = SimulatedFleet(agents, seconds)
    fleet.run(2)
    fleet.cost = Cost()
    fleet.run(seconds)
    return fleet.cost


def memory_over(agents: int, minutes: int) -> list[float]:
    """Resident MiB of this process after each simulated minute."""
    fleet = SimulatedFleet(agents, minutes * 60)
    sizes = []
    for _ in range(minutes):
        fleet.run(60)
        gc.collect()
        sizes.append(resident_kib(os.getpid()) / 1024)
    return sizes
