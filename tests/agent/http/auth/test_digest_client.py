"""Users with Digest on the real engine: one challenge for each user, and every message of it counted apart."""

from typing import Any

import pytest
from agent_harness import counter
from agent_loopback import LoopbackHarness, group
from guarded_system import PASSWORD, USER, GuardedSystem

from gradual_common.protocol.batch import Batch

DIGEST = {"digest": {"username": USER, "password": PASSWORD}}
TERMS = ("interrupted", "hops", "retried", "resent", "further", "auth_sent")


async def run(system: GuardedSystem, users: int, *steps: str, iterations: int = 5, **auth: Any) -> Batch:
    """Users do the steps, each an action of its path."""
    actions = {path: {"url": path, "auth": DIGEST, **auth} for path in steps}
    document = {"users": [group(behavior=list(steps), iterations=iterations)], "actions": actions}
    async with system.serving():
        harness = LoopbackHarness(system, document)  # type: ignore[arg-type]  # it has a port
        harness.start(users)
        return await harness.until_ended(users)


def requests(batch: Batch) -> int:
    return int(batch.requests[batch.cells[:, 1] < counter_rows(batch)].sum())


def counter_rows(batch: Batch) -> int:
    """The number of steps: what comes after them in a batch has no counters."""
    return int(batch.counters[:, 1].max()) + 1


def check_sum(batch: Batch, system: GuardedSystem) -> None:
    terms = sum(counter(batch, name) for name in TERMS)
    assert requests(batch) - counter(batch, "unsent") + terms == counter(batch, "sent") == system.messages


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
@pytest.mark.parametrize("qop", ["auth", "auth-int,auth", ""])
async def test_only_the_first_request_of_a_user_meets_a_challenge(algorithm: str, qop: str) -> None:
    system = GuardedSystem(algorithm, qop)
    batch = await run(system, 3, "/digest/a", "/digest/b?x=1")
    assert system.statuses == {401: 3, 200: 30}
    assert (counter(batch, "sent"), counter(batch, "auth_sent")) == (33, 3)
    check_sum(batch, system)


async def test_a_stale_nonce_is_answered_again_with_the_new_one() -> None:
    system = GuardedSystem(nonce_uses=4)
    batch = await run(system, 1, "/digest/a", iterations=12)
    # Nonce n is good for four requests, and its fifth meets the next one.
    assert system.statuses == {401: 3, 200: 12}
    assert counter(batch, "auth_sent") == 3
    check_sum(batch, system)


async def test_a_wrong_password_is_answered_once_and_stays_a_401() -> None:
    system = GuardedSystem()
    wrong = {"digest": {"username": USER, "password": "x"}}
    batch = await run(system, 2, "/digest/a", iterations=2, auth=wrong)
    assert system.statuses == {401: 8}
    assert counter(batch, "auth_sent") == 4
    check_sum(batch, system)


@pytest.mark.parametrize(
    ("path", "password", "qop", "detail"),
    [
        ("/digest/a", "x", "auth", "the server refused the answer to its Digest challenge: are user name and password"),
        ("/digest/a", PASSWORD, "auth-int", "the server answered 401 without a Digest challenge that can be answered"),
        ("/api/a", PASSWORD, "auth", "the server answered 401 without a Digest challenge that can be answered"),
    ],
)
async def test_a_401_that_stays_says_why(path: str, password: str, qop: str, detail: str) -> None:
    system = GuardedSystem(qop=qop)
    actions = {"a": {"url": path, "auth": {"digest": {"username": USER, "password": password}}}}
    async with system.serving():
        document = {"users": [group(behavior=["a"], iterations=1)], "actions": actions}
        harness = LoopbackHarness(system, document)  # type: ignore[arg-type]  # it has a port
        harness.start(1)
        await harness.until_ended(1)
    _, (exemplar,) = harness.run.take_samples(0)
    assert exemplar.detail.startswith(detail)
    assert exemplar.document["response"]["status_code"] == 401


async def test_a_server_whose_nonces_are_always_stale_does_not_hold_the_user() -> None:
    system = GuardedSystem(nonce_uses=0)
    batch = await run(system, 1, "/digest/a", iterations=1)
    assert system.statuses == {401: 4}
    assert counter(batch, "auth_sent") == 3
    check_sum(batch, system)


async def test_a_redirect_has_credentials_for_its_own_url() -> None:
    system = GuardedSystem()
    batch = await run(system, 2, "/redirect", iterations=3)
    assert system.statuses == {401: 2, 302: 6, 200: 6}
    assert (counter(batch, "hops"), counter(batch, "auth_sent")) == (6, 2)
    check_sum(batch, system)


async def test_templates_name_the_users_own_credentials() -> None:
    system = GuardedSystem()
    own = {"digest": {"username": "{{ 'amy' if vu.slot == 0 else 'bob' }}", "password": PASSWORD}}
    batch = await run(system, 2, "/digest/a", iterations=2, auth=own)
    assert system.statuses == {401: 1 + 4, 200: 2}
    check_sum(batch, system)


async def test_an_action_without_authentication_beside_it_sends_none() -> None:
    system = GuardedSystem()
    batch = await run(system, 2, "/digest/a", iterations=2, auth="none")
    assert (system.statuses, counter(batch, "auth_sent")) == ({401: 4}, 0)
    check_sum(batch, system)
