"""What a simulated agent sends: a batch a second of 20 actions, made by the agent's own recorder."""

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
"""Samples per action and second: 800 requests a second from each agent."""

USERS_PER_AGENT = 10


def plan_document(agents: int, seconds: int) -> dict[str, Any]:
    """One group that runs 20 actions after each other; 10 users for each agent."""
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
    for place in range(ACTIONS * SAMPLES):
        now = place * NS_PER_S // (ACTIONS * SAMPLES + 1)
        took = int(2e6 * chance.lognormvariate(0, 0.5))
        sample.reset(now - took)
        sample.written, sample.first_byte, sample.ended = now - took + 20_000, now - 50_000, now
        sample.messages, sample.status_code, sample.bytes_sent, sample.bytes_received = 1, 200, 120, 900
        recorder.steps[place % ACTIONS].record(sample)
        recorder.start_late(int(chance.expovariate(1 / 200_000)))
    for _ in range(10):
        recorder.loop_lag(int(chance.expovariate(1 / 300_000)))
    now = NS_PER_S
    return recorder.seal(0, 0, Health(0.3, USERS_PER_AGENT, USERS_PER_AGENT, 0))


def encode(batch: Batch) -> bytes:
    """On the wire, as a message of its own."""
    return bytes(encode_agent_message(AgentMessage(batches=(batch,))).SerializeToString())
