"""Authentication over a fleet: what the system counts is what the report says, its own messages apart."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fleet_processes import Fleet, Outcome
from guarded_system import CLIENT, PASSWORD, SECRET, USER, GuardedSystem

TERMS = ("interrupted", "hops", "retried", "resent", "further", "auth_sent")


@pytest.fixture
def system() -> Iterator[GuardedSystem]:
    """It serves in a thread of its own."""
    made, ready, loop = GuardedSystem(nonce_uses=4), threading.Event(), asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        async with made.serving():
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait()
    yield made
    loop.call_soon_threadsafe(ended.set)
    thread.join()
    loop.close()


def plan(system: GuardedSystem, auth: dict[str, Any], path: str) -> dict[str, Any]:
    return {
        "config": {"name": "guarded", "base_url": f"http://127.0.0.1:{system.port}", "duration": "60s"},
        "services": {"bank": {"auth": auth}},
        "users": [{"name": "user", "concurrency": 6, "behavior": ["open", "guarded"], "iterations": 10}],
        "actions": {
            "open": {"service": "bank", "auth": "none", "url": "/open"},
            "guarded": {"service": "bank", "url": path},
        },
    }


def totals_of(outcome: Outcome, system: GuardedSystem) -> dict[str, Any]:
    """The totals, which add up to what the system counted."""
    assert outcome.summary is not None, outcome.output[-4000:]
    totals: dict[str, Any] = outcome.summary["totals"]
    terms = sum(totals[name] for name in TERMS)
    assert totals["requests"] - totals["unsent"] + terms == totals["sent"] == system.messages
    return totals


@pytest.mark.parametrize("agents", [1, 3])
def test_digest_is_counted_apart(system: GuardedSystem, fleet: Fleet, agents: int) -> None:
    document = plan(system, {"digest": {"username": USER, "password": PASSWORD}}, "/digest/a")
    master = fleet.start_master(document, agents)
    outcome = fleet.wait(master, [fleet.start_agent(f"a{number}") for number in range(agents)])
    assert outcome.code == 0, outcome.output[-4000:]
    totals = totals_of(outcome, system)
    # Each user does ten requests with nonces that are good for four: it meets three challenges.
    assert system.counted == {"/open": 60, "/digest/a": 60 + 18}
    assert (totals["requests"], totals["failures"], totals["auth_sent"]) == (120, 0, 18)
    assert "18 of authentication" in outcome.output


@pytest.mark.parametrize("agents", [1, 3])
def test_each_agent_fetches_one_token(system: GuardedSystem, fleet: Fleet, agents: int) -> None:
    url = f"http://127.0.0.1:{system.port}/token"
    login = {"token_url": url, "client_id": CLIENT, "client_secret": SECRET}
    master = fleet.start_master(plan(system, {"oauth2": login}, "/api/a"), agents)
    outcome = fleet.wait(master, [fleet.start_agent(f"a{number}") for number in range(agents)])
    assert outcome.code == 0, outcome.output[-4000:]
    totals = totals_of(outcome, system)
    assert system.counted == {"/open": 60, "/api/a": 60, "/token": agents}
    assert (totals["requests"], totals["failures"], totals["auth_sent"]) == (120, 0, agents)
    assert outcome.summary is not None
    (fetches,) = outcome.summary["metrics"]
    assert (fetches["name"], fetches["unit"], fetches["count"]) == ("bank_token", "ms", agents)
    assert SECRET not in outcome.output
