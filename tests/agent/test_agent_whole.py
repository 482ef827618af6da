"""A real agent process: it says Hello, runs a plan against a server, reports every request, and ends with the run."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fake_master import MS, FakeMaster

from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.protocol.batch import COUNTER
from gradual_common.protocol.messages import Finish, LevelOrder, Orders, Provision, Rows, SlotRun

DEADLINE_S = 30
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class System:
    """A system under test that counts the heads it was sent, and keeps what they say of their user."""

    def __init__(self) -> None:
        self.requests = 0
        self.users: set[bytes] = set()
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests += 1
                self.users |= {line for line in head.split(b"\r\n") if line.lower().startswith(b"x-user")}
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
async def system() -> AsyncIterator[System]:
    system = System()
    server = await asyncio.start_server(system.answer, "127.0.0.1", 0)
    system.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield system


def plan(url: str) -> dict[str, object]:
    return {
        "config": {"name": "whole", "base_url": url, "duration": "1s", "graceful_stop": "1s"},
        "users": [{"name": "u", "concurrency": 3, "behavior": [{"action": "look", "think_time": "20ms"}]}],
        "actions": {"look": {"url": "/look", "headers": {"X-User": "{{vu.slot}}/{{user.name}}"}}},
        "data": {"user": {"file": "users.csv"}},
    }


async def test_every_request_of_a_real_process_is_reported(system: System, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("name\nann\nbob\ncid\n")
    loaded = load_plan(PlanSource("whole", tmp_path, mapping=plan(system.url)))
    rows = Rows(0, "user", (0, 1, 2), ({"name": "ann"}, {"name": "bob"}, {"name": "cid"}))
    provisions = [Provision(1, loaded.job), Provision(2, rows=(rows,))]
    master = FakeMaster(provisions, lease=3000 * MS, interval=200 * MS)
    target = await master.listen(tmp_path / "master")
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gradual_agent", "--master", target, "--name", "real", stderr=asyncio.subprocess.PIPE
    )
    try:
        await master.until(lambda: master.confirmed.provisioned == 2, DEADLINE_S)
        start = master.now + 20 * MS
        levels = (LevelOrder(start, 0, 0, (1,)), LevelOrder(start + 300 * MS, 1, 0, (3,)))
        end = LevelOrder(start + 700 * MS, -1, 0, (0,))
        await master.send(orders=Orders(1, 1, (SlotRun(0, 0, 3, 1),), (*levels, end), start, 1000 * MS))
        await master.until(lambda: master.batches and master.batches[-1].last, DEADLINE_S)
        await master.send(finish=Finish("over"))
        _, output = await asyncio.wait_for(agent.communicate(), DEADLINE_S)
        assert agent.returncode == 0, output.decode()
    finally:
        if agent.returncode is None:
            agent.kill()
            await agent.wait()
        await master.close()
    # Step 0 is the only one; the series after it counts iterations.
    reported = sum(int(batch.requests[batch.cells[:, 1] == 0].sum()) for batch in master.batches)
    sent = sum(int(batch.counters[:, 2 + COUNTER["sent"]].sum()) for batch in master.batches)
    assert system.requests > 0
    assert sent == system.requests
    assert reported == system.requests, "nothing was cut: the answers come at once"
    assert {user.split(b": ")[1] for user in system.users} == {b"0/ann", b"1/bob", b"2/cid"}
    assert [applied.level for batch in master.batches for applied in batch.applied] == [0, 1, -1]
    assert master.hellos[0].name == "real"
    (line,) = output.decode().splitlines()
    assert "this agent ends: over" in line
    assert "agent=real" in line
