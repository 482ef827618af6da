"""Users on the real engine against a real server on loopback: what the server counted is what was recorded."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from time import clock_gettime_ns

from agent_harness import MS, S, counter, kinds, user_time

from gradual_agent.coordination.pool import UserEnded
from gradual_agent.kinds.engines import Runtime
from gradual_agent.process.plan_run import PlanRun
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.loop_timer import LoopTimer
from gradual_common.clock import CLOCK_ID
from gradual_common.kinds.failures import KINDS
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.batch_checks import check_batch
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import Rows

clock = partial(clock_gettime_ns, CLOCK_ID)


class System:
    """A bank of three pages that counts what it reads; `/slow` never answers."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.users: set[str] = set()
        self.tokens: set[str] = set()
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, *fields = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = line.split()[1]
        self.counted[path.split("?")[0]] += 1
        self.users.add(headers.get("x-user", ""))
        if path == "/slow":
            return
        status, extra, text = 200, "", "{}"
        if path == "/login":
            text = json.dumps({"token": json.loads(body)["username"]})
            extra = "Set-Cookie: sid=1\r\n"
        elif path == "/moved":
            status, extra = 303, "Location: /page\r\n"
        elif path == "/broken":
            status = 500
        elif path.startswith("/page?"):
            self.tokens.add(path.partition("=")[2])
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n{extra}\r\n{text}".encode())


class LoopbackHarness:
    """A plan on the real engine, and the ends that its users reported."""

    def __init__(self, system: System, document: dict[str, object]) -> None:
        document = {**document, "config": {"base_url": f"http://127.0.0.1:{system.port}", "duration": "1m"}}
        self.steps = len(SeriesIndex.of(Plan.model_validate(document)).steps)
        loop = asyncio.get_running_loop()
        self.timer = LoopTimer(loop, clock)
        self.ended: list[UserEnded] = []
        self.errors: list[Exception] = []
        self.aborts: list[str] = []
        runtime = Runtime(loop, self.timer.timeline, Lease(1 << 62), clock)
        self.run = PlanRun(Job(document, {}, {}, 1), runtime, self.ended.append, self.errors.append, self.aborts.append)
        self.run.schedule(clock(), 3600 * S, [(clock(), 0)])

    def start(self, users: int) -> None:
        for slot in range(users):
            self.run.users.start((0, slot), 0, clock())

    async def until_ended(self, users: int) -> Batch:
        async with asyncio.timeout(20):
            while len(self.ended) < users:
                await asyncio.sleep(0.005)
        batch = self.run.seal(0, 0, last=True)
        assert self.errors == []
        check_batch(batch)
        self.timer.close()
        return batch


def group(**entries: object) -> dict[str, object]:
    return {"name": "g", "concurrency": 50, **entries}


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
