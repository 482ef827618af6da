"""A system on loopback that counts what it reads, and a plan on the real engine."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from time import clock_gettime_ns

from agent_harness import S

from gradual_agent.coordination.events import AbortAsked, SessionEvent
from gradual_agent.coordination.pool import UserEnded
from gradual_agent.kinds.engines import Runtime
from gradual_agent.process.plan_run import PlanRun
from gradual_agent.runtime.allowed_code import INSTALLED_ONLY, AllowedCode
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.loop_timer import LoopTimer
from gradual_common.clock import CLOCK_ID
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.batch_checks import check_batch
from gradual_common.protocol.job import Job

clock = partial(clock_gettime_ns, CLOCK_ID)


class System:
    """A bank of three pages that counts what it reads; `/slow` never answers."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.users: set[str] = set()
        self.tokens: set[str] = set()
        self.port = 0
        self.connections = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
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

    def __init__(self, system: System, document: dict[str, object], code: AllowedCode = INSTALLED_ONLY) -> None:
        config = {"base_url": f"http://127.0.0.1:{system.port}", "duration": "1m"}
        document = {**document, "config": config}
        self.document = document
        self.steps = len(SeriesIndex.of(Plan.model_validate(document)).steps)
        loop = asyncio.get_running_loop()
        self.timer = LoopTimer(loop, clock)
        self.ended: list[UserEnded] = []
        self.errors: list[Exception] = []
        self.aborts: list[str] = []
        self.lease = Lease(1 << 62)
        runtime = Runtime(loop, self.timer.timeline, self.lease, clock, code=code)
        self.run = PlanRun(Job(document, {}, {}, 1), runtime, self.ended.append, self.errors.append, self._hear)
        self.run.schedule(clock(), 3600 * S, [(clock(), 0)])

    def _hear(self, event: SessionEvent) -> None:
        if isinstance(event, AbortAsked):
            self.aborts.append(event.reason)

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
