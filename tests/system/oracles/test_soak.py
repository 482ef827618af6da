"""A short soak: users over servers that fail at random, with the same failures in each round. Nothing is left or grows.

`python -m bench soak` does the same with a real run, for minutes.
"""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from itertools import pairwise

from http_harness import Driver, open_dialer
from leaks import nothing_left
from odd_behaviours import endings, redirects, strangers, surplus
from scripted_server import USUAL, Script, ScriptedServer, scripted_server

from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.request import build_request
from gradual_common.kinds.failures import KINDS

USERS = 20
FETCHES = 15
TIMEOUT_NS = 100_000_000
"""Of servers that never answer."""

WARM_UP = 2
"""Rounds after which caches, and the threads that wait, are as many as they will be."""

ROUNDS = 5
OBJECTS_OF_CHANCE = 50
"""Objects that may be more after a round of 300 fetches, such as timers: one per failed fetch is above 100."""


def scripts(seed: int) -> list[Script]:
    """For every connection that a round can need: a failure, or for a half of them none."""
    odd = [script for row in (*endings(), *strangers(), *surplus(), *redirects()) for script in row.scripts]
    chance = random.Random(seed)
    return [chance.choice(odd) if chance.random() < 0.5 else USUAL for _ in range(USERS * FETCHES * 2)]


async def act(dialer: Dialer, url: str, seed: int) -> Counter[str]:
    """One user: it fetches, is interrupted at times, and ends; the outcomes."""
    chance = random.Random(seed)
    driver = Driver(dialer, connections=chance.choice(["keep_alive", "per_iteration", "close"]))
    found: Counter[str] = Counter()
    for _ in range(FETCHES):
        method = chance.choice(["GET", "GET", "HEAD", "POST"])
        body = b"x" * chance.choice([0, 10, 200_000]) if method == "POST" else b""
        request = build_request(method, url, body=body, timeout=TIMEOUT_NS, wants_body=chance.random() < 0.5)
        sample = driver.begin(request)
        if chance.random() < 0.1:
            driver.client.interrupt()
        await driver.wait()
        found["interrupted" if sample.kind < 0 else KINDS[sample.kind]] += 1
        driver.client.end_iteration()
    driver.client.close()
    return found


async def run_round(server: ScriptedServer) -> Counter[str]:
    server.scripts[:] = scripts(1)
    with open_dialer() as dialer:
        users = [act(dialer, server.url(), seed) for seed in range(USERS)]
        found = sum(await asyncio.gather(*users), Counter())
        await asyncio.to_thread(server.wait_for_the_end_of_connections)
        assert dialer.context.connections == 0
    return found


def count_objects() -> int:
    """Objects of classes: what a fetch leaves behind is held by some. coverage keeps containers of each thread."""
    gc.collect()
    modules = (type(each).__module__ for each in gc.get_objects())
    return sum(module != "builtins" and not str(module).startswith("coverage.") for module in modules)


async def test_nothing_is_left_after_random_failures_and_nothing_grows() -> None:
    # One server for all rounds: the names and ports that were seen stay in caches, which have limits.
    with scripted_server([]) as server:
        for _ in range(WARM_UP):
            await run_round(server)
        async with nothing_left():
            rounds, counts = [], [count_objects()]
            for _ in range(ROUNDS):
                rounds.append(await run_round(server))
                counts.append(count_objects())
    # A leak grows in every round; what others in this process keep, such as a module loaded late, comes once.
    assert min(after - before for before, after in pairwise(counts)) < OBJECTS_OF_CHANCE, counts
    for found in rounds:
        assert sum(found.values()) == USERS * FETCHES
        assert set(found) >= {KINDS[0], "reset", "protocol", "timeout", "redirect", "interrupted"}
        assert "internal" not in found
