"""Python actions on the real engine, against a system that counts: what it counted is what was recorded."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agent_harness import MS, S, counter, user_time
from agent_loopback import LoopbackHarness, System, clock, group
from guarded_system import CLIENT, SECRET, GuardedSystem

from gradual_agent.errors import JobError
from gradual_agent.runtime.allowed_code import AllowedCode, AllowedPath
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.process import logs
from gradual_common.protocol.batch import EXCHANGE, RESPONSE_TIME, Batch
from gradual_common.secrecy.masking import Mask

HERE = Path(__file__).parent
CODE = AllowedCode([AllowedPath.of_folder(HERE)])


@pytest.fixture
async def system() -> AsyncIterator[System]:
    made = System()
    async with made.serving():
        yield made


@pytest.fixture(autouse=True)
def code() -> Any:
    import code_under_test  # noqa: PLC0415 - as an agent imports it

    code_under_test.events.clear()
    code_under_test.kept.clear()
    return code_under_test


def harness_of(system: System, name: str, iterations: int | None = None, **action: Any) -> LoopbackHarness:
    actions = {"act": {"python": f"code_under_test:{name}", **action}}
    entries = {} if iterations is None else {"iterations": iterations}
    return LoopbackHarness(system, {"users": [group(behavior=["act"], **entries)], "actions": actions}, CODE)


def outcomes(batch: Batch, harness: LoopbackHarness) -> dict[str, int]:
    names = SeriesIndex.of(Plan.model_validate(harness.document)).failures.names
    rows = zip(batch.cells.tolist(), batch.requests.tolist(), strict=True)
    found: dict[str, int] = {}
    for (_, step, kind), count in rows:
        if step == 0:
            found[names[kind]] = found.get(names[kind], 0) + count
    return found


def of_first_step(batch: Batch, measure: int) -> list[tuple[int, list[int]]]:
    """(cell, [count, sum, min, max]) of a measure."""
    rows = zip(batch.histograms.keys.tolist(), batch.histograms.stats.tolist(), strict=True)
    return [(cell, stats) for (cell, of), stats in rows if of == measure and cell >= 0 and batch.cells[cell][1] == 0]


def times_of(batch: Batch, measure: int) -> int:
    """How many times of a measure the first step has."""
    return sum(stats[0] for _, stats in of_first_step(batch, measure))


def expected_sent(batch: Batch, harness: LoopbackHarness) -> int:
    """What the system counts, by the rule of docs/design/results.md."""
    terms = ("interrupted", "hops", "retried", "resent", "further")
    return sum(outcomes(batch, harness).values()) - counter(batch, "unsent") + sum(counter(batch, t) for t in terms)


async def ended(harness: LoopbackHarness, users: int) -> Batch:
    harness.start(users)
    return await harness.until_ended(users)


async def all_closed(harness: LoopbackHarness) -> None:
    """Every connection is closed, which takes the loop a turn or two."""
    async with asyncio.timeout(20):
        while harness.run._engines.connections:
            await asyncio.sleep(0.005)


async def cleaned(code: Any, count: int) -> None:
    """The `finally` blocks of the code have run, as tasks that are cancelled do in the next turn of the loop."""
    async with asyncio.timeout(20):
        while code.events["cleaned"] < count:
            await asyncio.sleep(0.005)


async def test_every_message_of_an_action_is_counted_and_its_further_requests_apart(system: System) -> None:
    harness = harness_of(system, "three", 4, sets=["token"])
    batch = await ended(harness, 5)
    assert system.counted == {"/login": 20, "/moved": 20, "/page": 40}
    assert system.tokens == {"1"}
    assert outcomes(batch, harness) == {"": 20}
    assert (counter(batch, "sent"), counter(batch, "hops"), counter(batch, "further")) == (80, 20, 40)
    assert expected_sent(batch, harness) == 80
    assert times_of(batch, RESPONSE_TIME) == times_of(batch, EXCHANGE) == 20
    await all_closed(harness)


async def test_http_and_python_actions_share_the_connection_and_the_cookies_of_the_user(system: System) -> None:
    document = {
        "users": [group(behavior=["log_in", "act"], iterations=1)],
        "actions": {
            "log_in": {"method": "POST", "url": "/login", "body": {"username": "x"}},
            "act": {"python": "code_under_test:three", "args": {"page": "{{ '/page' }}"}, "sets": ["token"]},
        },
    }
    harness = LoopbackHarness(system, document, CODE)
    await ended(harness, 3)
    assert (system.counted["/login"], system.connections) == (6, 3)


async def test_requests_that_are_asked_for_at_once_are_sent_one_after_another(system: System) -> None:
    harness = harness_of(system, "at_once", 3)
    batch = await ended(harness, 2)
    assert (outcomes(batch, harness), system.counted) == ({"": 6}, {"/page": 30})
    assert (counter(batch, "sent"), counter(batch, "further"), system.connections) == (30, 24, 2)


async def test_a_request_that_the_code_gives_up_is_counted_and_the_next_one_is_sent(system: System, code: Any) -> None:
    harness = harness_of(system, "gives_up", 2)
    batch = await ended(harness, 2)
    assert (outcomes(batch, harness), code.events["gave up"]) == ({"": 4}, 4)
    assert system.counted == {"/slow": 4, "/page": 4}
    assert counter(batch, "sent") == expected_sent(batch, harness) == 8


@pytest.mark.parametrize(
    ("what", "kind", "detail"),
    [
        ("exception", "python", "KeyError: 'token' (code_under_test.py:"),
        ("fail", "python", "balance is off: 3"),
        ("exit", "python", "SystemExit: 3 (code_under_test.py:"),
        ("interrupt", "python", "KeyboardInterrupt (code_under_test.py:"),
        ("cancelled", "python", "CancelledError (code_under_test.py:"),
        ("status", "status", "GET http://127.0.0.1:"),
        ("timeout", "timeout", "no complete response within 0.3 s"),
        ("undeclared", "python", "KeyError: \"'other' may not be set: add it to the action, sets: [other]\""),
        ("object", "python", "TypeError: 'token' may hold text, numbers, lists and mappings with names, and no set"),
        ("service", "python", "RequestError: there is no service 'ledgr'; services: none"),
        ("url", "python", "RequestError: "),
        (
            "length",
            "python",
            "RequestError: Content-Length cannot be set: it is always the length of the body; leave it",
        ),
        ("sleep", "python", "ValueError: sleep(-1): seconds are a number from 0 on"),
    ],
)
async def test_what_the_code_raises_is_a_failure_of_its_step_and_its_user_goes_on(
    system: System, what: str, kind: str, detail: str
) -> None:
    harness = harness_of(system, "raises", 3, args={"what": what}, sets=["token"])
    batch = await ended(harness, 2)
    assert outcomes(batch, harness) == {kind: 6}
    assert counter(batch, "sent") == expected_sent(batch, harness) == system.counted.total()
    exemplar = harness.run.take_samples(0)[1][0].document
    assert exemplar["detail"].startswith(detail)
    assert times_of(batch, RESPONSE_TIME) == 6
    assert times_of(batch, EXCHANGE) == (0 if kind == "timeout" else 6)


async def test_a_token_that_an_exception_repeats_is_hidden_in_report_and_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_HIDDEN", [Mask()])
    guarded = GuardedSystem()
    async with guarded.serving():
        login = {"token_url": f"http://127.0.0.1:{guarded.port}/token", "client_id": CLIENT, "client_secret": SECRET}
        document = {
            "users": [group(behavior=["act"], iterations=1)],
            "actions": {"act": {"python": "code_under_test:repeats"}},
            "services": {"ledger": {"auth": {"oauth2": {**login, "metric": "fetches"}}}},
        }
        harness = LoopbackHarness(guarded, document, CODE)  # type: ignore[arg-type]  # it has a port
        await ended(harness, 1)
    _, (exemplar,) = harness.run.take_samples(0)
    assert guarded.valid == {"token-1"}
    assert exemplar.document["detail"].startswith("LookupError: what shall *** be?")
    assert logs.hide_secrets("what shall token-1 be?") == "what shall *** be?"


async def test_a_failure_that_the_code_expects_is_none(system: System) -> None:
    harness = harness_of(system, "expects", 2)
    batch = await ended(harness, 1)
    assert (outcomes(batch, harness), system.counted) == ({"": 2}, {"/broken": 2})


@pytest.mark.parametrize(("name", "empty"), [("nothing", 2), ("waits", 0)])
async def test_an_action_that_sends_nothing_is_unsent_and_has_no_exchange(
    system: System, name: str, empty: int
) -> None:
    """If it also waits for nothing, its iteration is empty, so that it makes no busy loop."""
    harness = harness_of(system, name, 2)
    batch = await ended(harness, 1)
    assert (outcomes(batch, harness), counter(batch, "unsent"), counter(batch, "sent")) == ({"": 2}, 2, 0)
    assert (times_of(batch, RESPONSE_TIME), times_of(batch, EXCHANGE)) == (2, 0)
    assert batch.iterations.sum(axis=(0, 1)).tolist() == [2, empty]


async def test_a_deliberate_wait_is_thinking_and_no_part_of_the_response_time(system: System) -> None:
    harness = harness_of(system, "sleeps", 1, args={"seconds": 0.2})
    batch = await ended(harness, 4)
    active, in_request, thinking, _ = user_time(batch)
    assert thinking >= 4 * 200 * MS
    assert in_request + thinking <= active
    ((_, response_times),) = of_first_step(batch, RESPONSE_TIME)
    assert response_times[0] == 4
    assert response_times[3] <= in_request


async def reached(system: System, path: str, count: int) -> None:
    async with asyncio.timeout(20):
        while system.counted[path] < count:
            await asyncio.sleep(0.005)


async def test_a_stop_ends_a_deliberate_wait_at_once_and_the_code_cleans_up(system: System, code: Any) -> None:
    harness = harness_of(system, "sleeps", args={"seconds": 3600})
    harness.start(5)
    await reached(system, "/page", 5)
    await asyncio.sleep(0.05)
    for slot in range(5):
        harness.run.users.stop((0, slot), clock() + 3600 * S, hands_over=False)
    batch = await harness.until_ended(5)
    await cleaned(code, 5)
    assert system.counted == {"/page": 5}
    assert (outcomes(batch, harness), counter(batch, "interrupted"), counter(batch, "sent")) == ({}, 5, 5)
    assert all(time >= 0 for time in user_time(batch))


async def test_a_stop_ends_a_request_in_flight_at_its_deadline(system: System, code: Any) -> None:
    harness = harness_of(system, "hangs")
    harness.start(5)
    await reached(system, "/slow", 5)
    for slot in range(5):
        harness.run.users.stop((0, slot), clock() + 20 * MS, hands_over=False)
    batch = await harness.until_ended(5)
    await cleaned(code, 5)
    assert (counter(batch, "interrupted"), counter(batch, "sent"), outcomes(batch, harness)) == (5, 5, {})
    await all_closed(harness)


@pytest.mark.parametrize(("name", "path"), [("hangs", "/slow"), ("sleeps", "/page")])
async def test_a_cut_counts_what_was_sent_and_cancels_the_code(system: System, code: Any, name: str, path: str) -> None:
    harness = harness_of(system, name, **({"args": {"seconds": 3600}} if name == "sleeps" else {}))
    harness.start(5)
    await reached(system, path, 5)
    await asyncio.sleep(0.05)
    harness.run.users.cut()
    batch = await harness.until_ended(0)
    await cleaned(code, 5)
    assert counter(batch, "interrupted") == counter(batch, "sent") == system.counted.total() == 5
    active, in_request, thinking, _ = user_time(batch)
    assert min(active, in_request, thinking) >= 0
    assert in_request + thinking <= active
    assert len(harness.run.users) == 0
    await all_closed(harness)


async def test_without_a_lease_nothing_is_sent_and_the_action_is_interrupted(system: System) -> None:
    harness = harness_of(system, "three", sets=["token"])
    harness.lease.ends_at = 0
    harness.start(3)
    await asyncio.sleep(0.05)
    harness.run.users.cut()
    batch = await harness.until_ended(0)
    assert (system.counted.total(), counter(batch, "sent"), outcomes(batch, harness)) == (0, 0, {})
    assert harness.run.recorder.begun == 0


async def test_code_that_ignores_its_cancellation_is_logged_and_sends_no_more(
    system: System, code: Any, caplog: pytest.LogCaptureFixture
) -> None:
    harness = harness_of(system, "stubborn")
    harness.start(2)
    await reached(system, "/page", 2)
    for slot in range(2):
        harness.run.users.stop((0, slot), clock() + 20 * MS, hands_over=False)
    async with asyncio.timeout(20):
        while len(harness.ended) < 2 or code.events["ignored"] < 2:
            await asyncio.sleep(0.005)
    engine = harness.run._engines.engine_of("act")
    async with asyncio.timeout(20):
        while engine.stuck < 2:
            await asyncio.sleep(0.01)
    batch = await harness.until_ended(2)
    assert code.kept == ["the action has ended, and with it what it may do"] * 2
    assert counter(batch, "sent") == system.counted.total() == 2
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if "_guard" in repr(task):
            await task


async def test_a_request_that_is_left_behind_is_cut_with_its_action(system: System) -> None:
    harness = harness_of(system, "leaves_a_request", 1)
    batch = await ended(harness, 2)
    assert (system.counted, counter(batch, "sent"), outcomes(batch, harness)) == ({"/slow": 2}, 2, {"": 2})
    await all_closed(harness)


async def test_simultaneous_python_actions_have_connections_of_their_own(system: System) -> None:
    steps = [{"parallel": [{"action": "act", "name": name} for name in ("a", "b", "c")], "connections": 2}]
    document = {
        "users": [group(behavior=steps, iterations=2)],
        "actions": {"act": {"python": "code_under_test:at_once"}},
    }
    harness = LoopbackHarness(system, document, CODE)
    batch = await ended(harness, 2)
    assert (system.counted, system.connections) == ({"/page": 60}, 4)
    assert (counter(batch, "sent"), counter(batch, "further")) == (60, 48)


async def test_a_stop_ends_simultaneous_python_actions_wherever_they_are(system: System, code: Any) -> None:
    steps = [{"parallel": ["hang", "sleep"]}]
    actions = {
        "hang": {"python": "code_under_test:hangs"},
        "sleep": {"python": "code_under_test:sleeps", "args": {"seconds": 3600}},
    }
    harness = LoopbackHarness(system, {"users": [group(behavior=steps)], "actions": actions}, CODE)
    harness.start(3)
    await reached(system, "/slow", 3)
    await reached(system, "/page", 3)
    await asyncio.sleep(0.05)
    for slot in range(3):
        harness.run.users.stop((0, slot), clock() + 20 * MS, hands_over=False)
    batch = await harness.until_ended(3)
    await cleaned(code, 6)
    assert counter(batch, "interrupted") == counter(batch, "sent") == system.counted.total() == 6
    assert min(user_time(batch)) >= 0
    await all_closed(harness)


async def test_a_retry_counts_each_attempt_and_its_further_requests(system: System) -> None:
    step = {"action": "act", "retry": {"attempts": 3, "delay": "1ms", "on": ["5xx"]}}
    actions = {"act": {"python": "code_under_test:raises", "args": {"what": "status"}}}
    harness = LoopbackHarness(system, {"users": [group(behavior=[step], iterations=2)], "actions": actions}, CODE)
    batch = await ended(harness, 1)
    assert (outcomes(batch, harness), system.counted) == ({"status": 2}, {"/page": 6, "/broken": 6})
    assert (counter(batch, "sent"), counter(batch, "retried"), counter(batch, "further")) == (12, 4, 6)
    assert expected_sent(batch, harness) == 12


async def test_the_random_numbers_are_those_of_the_slot(system: System, code: Any) -> None:
    await ended(harness_of(system, "draws", 2), 1)
    first, code.kept[:] = list(code.kept), []
    await ended(harness_of(system, "draws", 2), 1)
    assert code.kept == first
    assert len(set(first)) == 2


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ({"python": "code_under_test:no_such"}, "has no attribute 'no_such'"),
        ({"python": "code_under_test:NO_COROUTINE"}, "is no coroutine function; write async def NO_COROUTINE"),
        ({"python": "code_under_test:raises"}, r"cannot be called as \(user, \): missing a required argument: 'what'"),
        ({"python": "code_under_test:waits", "args": {"x": 1}}, "got an unexpected keyword argument 'x'"),
        ({"python": "elsewhere:act"}, "the plan runs the code elsewhere:act, but on this agent only that in"),
        ({"python": "no_such_action"}, "which is not installed on this agent"),
    ],
)
async def test_code_that_cannot_be_called_refuses_the_job_before_any_load(
    system: System, action: dict[str, Any], reason: str
) -> None:
    with pytest.raises(JobError, match=reason):
        LoopbackHarness(system, {"users": [group(behavior=["act"])], "actions": {"act": action}}, CODE)
