"""Tokens on the real engine: fetched once for all who need it, renewed in time, and counted with who asked first."""

import asyncio
from typing import Any

import pytest
from agent_harness import S, counter
from agent_loopback import LoopbackHarness, clock, group
from guarded_system import CLIENT, SECRET, GuardedSystem

from gradual_agent.http.auth import client, fetch_pause
from gradual_agent.http.auth.client import remember
from gradual_agent.http.auth.tokens import read_token
from gradual_agent.http.response import Response
from gradual_agent.runtime.sample import Sample
from gradual_common.clock import NEVER, NS_PER_S
from gradual_common.kinds.failures import KIND
from gradual_common.protocol.batch import Batch

TERMS = ("interrupted", "hops", "retried", "resent", "further", "auth_sent")


def harness_of(
    system: GuardedSystem, iterations: int | None, *, path: str = "/api/a", **settings: Any
) -> LoopbackHarness:
    url = f"http://127.0.0.1:{system.port}/token"
    login = {"token_url": url, "client_id": CLIENT, "client_secret": SECRET, "metric": "fetches", **settings}
    actions = {"api": {"url": path, "auth": {"oauth2": login}}, "open": {"url": "/open"}}
    entries = {} if iterations is None else {"iterations": iterations}
    document = {"users": [group(behavior=["api", "open"], **entries)], "actions": actions}
    return LoopbackHarness(system, document)  # type: ignore[arg-type]  # it has a port


async def run(system: GuardedSystem, users: int, iterations: int, *, path: str = "/api/a", **settings: Any) -> Batch:
    async with system.serving():
        harness = harness_of(system, iterations, path=path, **settings)
        harness.start(users)
        return await harness.until_ended(users)


def outcomes(batch: Batch) -> dict[int, int]:
    """Samples of the first step by their kind."""
    rows = zip(batch.cells.tolist(), batch.requests.tolist(), strict=True)
    found: dict[int, int] = {}
    for (_, step, kind), number in rows:
        if step == 0:
            found[kind] = found.get(kind, 0) + number
    return found


def check_sum(batch: Batch, system: GuardedSystem) -> None:
    requests = sum(batch.requests[batch.cells[:, 1] < 2].tolist())
    terms = sum(counter(batch, name) for name in TERMS)
    assert requests - counter(batch, "unsent") + terms == counter(batch, "sent") == system.messages


async def test_all_users_of_an_agent_share_one_fetch() -> None:
    system = GuardedSystem(token_delay=0.05)
    batch = await run(system, 8, 3, scope="read write")
    assert (system.counted, system.scopes) == ({"/token": 1, "/api/a": 24, "/open": 24}, {"read write": 1})
    assert system.statuses == {200: 49}
    assert counter(batch, "auth_sent") == 1
    check_sum(batch, system)


async def test_each_user_may_have_a_token_of_its_own() -> None:
    system = GuardedSystem()
    batch = await run(system, 4, 3, per="user")
    assert (system.counted["/token"], counter(batch, "auth_sent")) == (4, 4)
    check_sum(batch, system)


@pytest.mark.parametrize(("per", "limit"), [("user", "MAX_LOGINS"), ("agent", "MAX_LOGINS_OF_AGENT")])
async def test_of_many_logins_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch, per: str, limit: str) -> None:
    """Rows may give a user a new one in each iteration, for hours."""
    sizes: list[int] = []

    def note(kept: dict[Any, Any], *others: Any) -> None:
        remember(kept, *others)
        sizes.append(len(kept))

    monkeypatch.setattr(client, "remember", note)
    monkeypatch.setattr(client, limit, 3)
    system = GuardedSystem()
    batch = await run(system, 1, 6, per=per, scope="{{ uuid() }}")
    assert (system.counted["/token"], sizes) == (6, [1, 2, 3, 3, 3, 3])
    check_sum(batch, system)


async def test_a_token_is_renewed_when_its_life_is_over() -> None:
    """A life of no time at all: each request needs a new one."""
    system = GuardedSystem(token_life=1e-9)
    batch = await run(system, 1, 5)
    assert (system.counted["/token"], outcomes(batch)) == (5, {0: 5})
    check_sum(batch, system)


async def test_a_token_that_was_good_and_is_refused_is_replaced_once() -> None:
    system = GuardedSystem(token_life=0)
    async with system.serving():
        harness = harness_of(system, None)
        harness.start(1)
        await until(lambda: system.counted["/api/a"] > 3)
        system.valid.clear()
        await until(lambda: system.counted["/token"] == 2 and system.statuses[401] == 1)
        at_once = system.counted["/api/a"]
        await until(lambda: system.counted["/api/a"] > at_once)
        harness.run.users.stop((0, 0), clock() + 3600 * S, hands_over=False)
        batch = await harness.until_ended(1)
    assert (system.counted["/token"], system.statuses[401]) == (2, 1)
    # The first token, the second one, and the request again with it.
    assert (counter(batch, "auth_sent"), set(outcomes(batch))) == (3, {0})
    check_sum(batch, system)


@pytest.mark.parametrize(
    ("expires_in", "life"),
    [
        ("60", 60 * NS_PER_S),
        ('"60"', 60 * NS_PER_S),
        ("0", 0),
        ("null", NEVER),
        ("true", NEVER),
        ("-5", NEVER),
        ("NaN", NEVER),
        ("1e300", NEVER),
        ('"soon"', NEVER),
        (f'"{"9" * 5000}"', NEVER),  # Python reads no number of so many digits.
    ],
)
def test_a_life_that_cannot_be_read_has_no_end(expires_in: str, life: int) -> None:
    sample = Sample()
    sample.status_code = 200
    sample.response = Response(200, body=f'{{"access_token": "abc", "expires_in": {expires_in}}}'.encode())
    assert read_token(sample) == ("abc", life)


async def until(holds: Any) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.002)


async def test_a_token_that_never_opened_anything_is_not_fetched_again() -> None:
    """Else a service that refuses everybody would double the load on the token endpoint."""
    system = GuardedSystem()
    system.valid = NoToken()
    batch = await run(system, 2, 3)
    assert (system.counted["/token"], outcomes(batch)) == (1, {KIND["status"]: 6})
    check_sum(batch, system)


async def test_a_401_of_another_system_after_a_redirect_says_nothing_of_the_token() -> None:
    system, other = GuardedSystem(), GuardedSystem()
    async with other.serving():
        system.away = f"http://127.0.0.1:{other.port}/api/a"
        batch = await run(system, 1, 3, path="/api/{{ 'away' if vu.iteration else 'a' }}")
    assert system.counted == {"/token": 1, "/api/a": 1, "/api/away": 2, "/open": 3}
    assert (other.statuses, other.valid) == ({401: 2}, set())
    assert counter(batch, "auth_sent") == 1


async def test_a_token_that_the_server_repeats_is_hidden_in_reports() -> None:
    system = GuardedSystem()
    async with system.serving():
        harness = harness_of(system, 1, path="/api/broken")
        harness.start(1)
        await harness.until_ended(1)
    _, (exemplar,) = harness.run.take_samples(0)
    assert system.valid == {"token-1"}
    assert exemplar.document["response"]["body"] == "what shall *** be?"


async def test_a_login_that_is_no_text_cannot_be_sent() -> None:
    """JSON may hold half a surrogate pair, and so may what was extracted from it."""
    for key in ("client_id", "client_secret", "scope"):
        system = GuardedSystem()
        batch = await run(system, 1, 1, **{key: "a{{ '\\ud800' }}"})
        assert (system.counted["/token"], outcomes(batch)) == (0, {KIND["token"]: 1})
        check_sum(batch, system)


class NoToken(set[str]):
    def add(self, element: str) -> None:
        """No token opens anything."""


@pytest.mark.parametrize("settings", [{"client_secret": "wrong"}, {}])
async def test_without_a_token_the_waiting_requests_fail_and_nothing_else_is_sent(settings: dict[str, Any]) -> None:
    system = GuardedSystem(token_status=503)
    batch = await run(system, 3, 2, **settings)
    assert system.counted["/api/a"] == 0
    assert outcomes(batch) == {KIND["token"]: 6}
    assert counter(batch, "unsent") == 6
    assert counter(batch, "auth_sent") == system.counted["/token"] > 0
    check_sum(batch, system)


@pytest.mark.parametrize("per", ["agent", "user"])
async def test_a_token_that_cannot_be_had_is_not_asked_for_at_full_rate(
    monkeypatch: pytest.MonkeyPatch, per: str
) -> None:
    """Requests in the pause fail at once, with the same cause; other requests go on."""
    monkeypatch.setattr(fetch_pause, "FIRST_PAUSE", 3600 * NS_PER_S)
    monkeypatch.setattr(fetch_pause, "LONGEST_PAUSE", 3600 * NS_PER_S)
    system = GuardedSystem(token_status=503)
    async with system.serving():
        harness = harness_of(system, 20, per=per)
        harness.start(3)
        batch = await harness.until_ended(3)
    fetches = 1 if per == "agent" else 3
    assert system.counted == {"/token": fetches, "/open": 60}
    assert (outcomes(batch), counter(batch, "unsent")) == ({KIND["token"]: 60}, 60)
    assert counter(batch, "auth_sent") == fetches
    check_sum(batch, system)


async def test_after_the_pause_the_token_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_pause, "FIRST_PAUSE", 1)
    monkeypatch.setattr(fetch_pause, "LONGEST_PAUSE", 1)
    system = GuardedSystem(token_status=503)
    async with system.serving():
        harness = harness_of(system, None)
        harness.start(2)
        await until(lambda: system.counted["/token"] > 2)
        system.token_status = 200
        await until(lambda: system.counted["/api/a"] > 3)
        asked = system.counted["/token"]
        harness.run.users.cut()
        batch = await harness.until_ended(0)
    assert counter(batch, "auth_sent") == asked
    assert set(outcomes(batch)) == {0, KIND["token"]}


@pytest.mark.parametrize("is_cut", [False, True])
async def test_who_is_stopped_while_it_waits_is_counted_and_the_fetch_is_cut(is_cut: bool) -> None:
    system = GuardedSystem(token_status=-1)
    async with system.serving():
        harness = harness_of(system, None)
        harness.start(3)
        await until(lambda: system.counted["/token"] == 1)
        if is_cut:
            harness.run.users.cut()
        for slot in range(0 if is_cut else 3):
            harness.run.users.stop((0, slot), clock(), hands_over=False)
        batch = await harness.until_ended(0 if is_cut else 3)
        await until(lambda: harness.run._engines.connections == 0)
    assert (system.counted, outcomes(batch)) == ({"/token": 1}, {})
    assert (counter(batch, "sent"), counter(batch, "auth_sent"), counter(batch, "interrupted")) == (1, 1, 0)
