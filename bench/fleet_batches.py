"""The batches of a simulated agent: one per second with 20 actions, made by the recorder of a real agent."""

from __future__ import annotations

import random
from typing import Any

from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import Sample
from gradual_common.clock import NS_PER_S
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Batch, Health
from gradual_common.protocol.codec import encode_agent_message
from gradual_common.protocol.messages import AgentMessage

ACTIONS = 20
SAMPLES = 40
"""Samples per action and second: 800 requests per second from each agent."""

USERS_PER_AGENT = 10


def plan_document(agents: int, seconds: int) -> dict[str, Any]:
    """A plan with one group that performs 20 actions in turn; 10 users per agent."""
    names = [f"action_{number}" for number in range(ACTIONS)]
    return {
        "config": {"name": "fleet", "base_url": "http://127.0.0.1:9", "duration": f"{seconds}s"},
        "users": [{"name": "customer", "concurrency": USERS_PER_AGENT * agents, "behavior": names}],
        "actions": {name: {"url": f"/{name}"} for name in names},
    }


def make_batch(plan: Plan, seed: int = 1) -> Batch:
    """One second of one agent: log-normal response times, 2 ms at the median."""
    chance = random.Random(seed)
    now = 0
    recorder = Recorder(SeriesIndex.of(plan), lambda: now)
    recorder.schedule(0, NS_PER_S, [(0, 0)])
    for _ in range(USERS_PER_AGENT):
        recorder.groups[0].enter(0)
    sample = Sample()
    for index in range(ACTIONS * SAMPLES):
        now = index * NS_PER_S // (ACTIONS * SAMPLES + 1)
        took = int(2e6 * chance.lognormvariate(0, 0.5))
        sample.reset(now - took)
        sample.written, sample.first_byte, sample.ended = now - took + 20_000, now - 50_000, now
        sample.messages, sample.status_code, sample.bytes_sent, sample.bytes_received = 1, 200, 120, 900
        recorder.steps[index % ACTIONS].record(sample)
        recorder.start_late(int(chance.expovariate(1 / 200_000)))
    for _ in range(10):
        recorder.loop_lag(int(chance.expovariate(1 / 300_000)))
    now = NS_PER_S
    return recorder.seal(0, 0, Health(0.3, USERS_PER_AGENT, USERS_PER_AGENT, 0))


def encode(batch: Batch) -> bytes:
    """The batch as the bytes of a message."""
    return bytes(encode_agent_message(AgentMessage(batches=(batch,))).SerializeToString())
