"""Users on the real engine against a real server on loopback: what the server counted is what was recorded."""

import asyncio

from agent_harness import MS, counter, kinds, user_time
from agent_loopback import LoopbackHarness, System, clock, group

from gradual_common.kinds.failures import KINDS
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import Rows


async def test_a_behaviour_with_login_token_redirect_and_failure_is_counted_exactly() -> None:
    system = System()
    async with system.serving():
        actions = {
            "login": {
                "method": "POST",
                "url": "/login",
                "headers": {"X-User": "{{ vu.slot }}"},
                "body": {"username": "{{ user.name }}"},
                "assertions": [{"status_code": 200}, {"json": {"token": "{{ user.name }}"}}],
                "extract": {"token": "json: token", "sid": "cookie: sid"},
            },
            "page": {"url": "/page", "query": {"token": "{{ token }}{{ sid }}"}},
            "moved": {"url": "/moved"},
            "broken": {"url": "/broken"},
        }
        harness = LoopbackHarness(
            system,
            {
                "users": [group(on_start=["login"], behavior=["page", "moved", "broken"], iterations=5)],
                "actions": actions,
            },
        )
        rows = tuple({"name": f"u{slot}-"} for slot in range(20))
        harness.run.provide(Rows(0, "user", tuple(range(20)), rows))
        harness.start(20)
        batch = await harness.until_ended(20)
    assert system.counted == {"/login": 20, "/page": 200, "/moved": 100, "/broken": 100}
    assert system.users - {""} == {str(slot) for slot in range(20)}
    assert system.tokens == {f"u{slot}-1" for slot in range(20)}
    assert kinds(batch, harness.steps) == {(0, ""): 20, (1, ""): 100, (2, ""): 100, (3, "status"): 100}
    assert counter(batch, "sent") == system.counted.total()
    assert counter(batch, "hops") == 100
    assert all(end.finished for end in harness.ended)
    assert harness.run.recorder.begun == 320


async def test_requests_cut_by_a_stop_reached_the_system_and_are_interrupted() -> None:
    system = System()
    async with system.serving():
        harness = LoopbackHarness(system, {"users": [group(behavior=["slow"])], "actions": {"slow": {"url": "/slow"}}})
        harness.start(10)
        async with asyncio.timeout(20):
            while system.counted["/slow"] < 10:
                await asyncio.sleep(0.005)
        for slot in range(10):
            harness.run.users.stop((0, slot), clock() + 20 * MS, hands_over=False)
        batch = await harness.until_ended(10)
    assert system.counted == {"/slow": 10}
    assert (counter(batch, "interrupted"), counter(batch, "sent"), kinds(batch, 1)) == (10, 10, {})
    active, in_request, _, stopping = user_time(batch)
    assert 0 < in_request <= active
    assert stopping > 0


async def test_a_cut_counts_what_was_in_flight() -> None:
    system = System()
    async with system.serving():
        harness = LoopbackHarness(
            system, {"users": [group(behavior=["slow"], on_stop=["slow"])], "actions": {"slow": {"url": "/slow"}}}
        )
        harness.start(10)
        async with asyncio.timeout(20):
            while system.counted["/slow"] < 10:
                await asyncio.sleep(0.005)
        harness.run.users.cut()
        batch = await harness.until_ended(0)
        await asyncio.sleep(0)
    assert system.counted == {"/slow": 10}
    assert counter(batch, "interrupted") == counter(batch, "sent") == 10
    assert (len(harness.run.users), harness.run._engines.connections) == (0, 0)


async def test_a_system_that_refuses_connections_gives_connect_failures_and_the_users_go_on() -> None:
    system = System()
    async with system.serving():
        pass
    harness = LoopbackHarness(
        system, {"users": [group(behavior=["page"], iterations=3)], "actions": {"page": {"url": "/page"}}}
    )
    harness.start(1)
    batch = await harness.until_ended(1)
    assert {(KINDS[kind], count) for (_, step, kind), count in _cells(batch) if step == 0} == {("connect", 3)}
    assert (counter(batch, "unsent"), counter(batch, "sent")) == (3, 0)
    assert batch.iterations.sum(axis=(0, 1)).tolist() == [3, 3]


def _cells(batch: Batch) -> list[tuple[list[int], int]]:
    return list(zip(batch.cells.tolist(), batch.requests.tolist(), strict=True))
