"""Calls without the join token are refused before anything of them is read, against a real client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog.testing
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gradual_common.protocol.job import Job
from gradual_common.security.security import FleetSecurity
from gradual_common.wire import fleet_pb2, fleet_pb2_grpc
from gradual_master.run.provisions import Provisions
from gradual_master.serving import token_guard
from gradual_master.serving.listening import ListenAddress
from gradual_master.serving.server import FleetServer

TOKEN = "kT5_9dQ2-mB7xW1z"


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_guard, "PAUSE_S", 0.0)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[str, list[Any]]]:
    """A master with a token: its address, and what it was asked to handle."""
    events: list[Any] = []
    provisions = Provisions(Job({"a": 1}, {}, {}, 5), {})
    server = FleetServer(events.append, lambda _: True, provisions, events.append, FleetSecurity(TOKEN))
    target = await server.start(ListenAddress.read(f"unix:{folder}/master"))
    try:
        yield target, events
    finally:
        await server.stop(0)


async def call_all(target: str, token: str | None) -> list[grpc.StatusCode]:
    """How each call of an agent ends."""
    options: Any = {"metadata": FleetSecurity(token or "").metadata}
    codes = []
    async with grpc.aio.insecure_channel(target) as channel:
        stub: Any = fleet_pb2_grpc.FleetStub(channel)  # type: ignore[no-untyped-call]  # generated code
        for call in (
            stub.Session(**options),
            stub.Provision(fleet_pb2.ProvisionRequest(incarnation=b"a", run="r"), **options),
            stub.Samples(**options),
        ):
            if token == TOKEN:
                call.cancel()
            codes.append(await call.code())
    return codes


@pytest.mark.parametrize("token", [None, "another-token-of-16-characters", TOKEN[:-1], TOKEN + "x"])
async def test_every_call_without_the_token_is_refused(token: str | None, tmp_path: Path) -> None:
    async with serving(tmp_path) as (target, events):
        assert await call_all(target, token) == [grpc.StatusCode.UNAUTHENTICATED] * 3
        assert events == []


async def test_with_the_token_calls_are_taken(tmp_path: Path) -> None:
    async with serving(tmp_path) as (target, _):
        assert await call_all(target, TOKEN) == [grpc.StatusCode.CANCELLED] * 3


async def test_refusals_are_logged_with_the_peer_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(token_guard.TokenGuard.__init__, "__defaults__", (lambda: now[0],))
    with structlog.testing.capture_logs() as logs:
        async with serving(tmp_path) as (target, _):
            await call_all(target, None)
            now[0] += 1
            await call_all(target, None)
    lines = [line for line in logs if "join token" in line["event"]]
    assert [line["event"] for line in lines] == [
        "refused a call without the right join token",
        "refused 3 calls, the last of them without the right join token",
    ]
    assert all(line["peer"].startswith("unix:") for line in lines)
    assert TOKEN not in str(lines)


async def test_the_health_of_the_master_needs_no_token(tmp_path: Path) -> None:
    async with serving(tmp_path) as (target, _), grpc.aio.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", "gradual.v1.Fleet"):
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_an_attempt_waits_the_longer_the_more_of_them_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_guard, "PAUSE_S", 0.5)
    guard = token_guard.TokenGuard(TOKEN)
    pauses = [guard.pause(now=100.0) for _ in range(1001)]
    assert [round(pauses[number], 3) for number in (0, 1, 1000)] == [0.5, 0.505, 5.5]
    assert max(guard.pause(now=100.0) for _ in range(10_000)) == token_guard.MAX_PAUSE_S
    assert guard.pause(now=200.0) == 0.5
