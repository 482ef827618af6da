"""The agent, wired: a fake master over a Unix socket, and real users on an engine that sends nothing."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_harness import FakeEngine, FakeEngines, Reply
from fake_master import MS, FakeMaster
from structlog.testing import capture_logs

from gradual_agent.coordination.contact import Redial
from gradual_agent.coordination.events import Exit, SessionEvent
from gradual_agent.coordination.pool import UserEnded
from gradual_agent.coordination.supplies import AgentSupplies
from gradual_agent.kinds.engines import Runtime
from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_agent.process.agent import Agent
from gradual_agent.process.plan_run import PlanRun
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.loop_timer import LoopTimer, read_clock
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import (
    PROTOCOL,
    Expired,
    Finish,
    Hello,
    LevelOrder,
    MasterMessage,
    Orders,
    Provision,
    Refused,
    Rows,
    SlotRun,
)

S = 1000 * MS
LEASE = 1000 * MS
INTERVAL = 50 * MS
PLAN: dict[str, Any] = {
    "config": {"name": "rig", "base_url": "http://bank", "duration": "1h"},
    "users": [{"name": "u", "concurrency": 3, "behavior": [{"action": "look", "think_time": "10ms"}]}],
    "actions": {"look": {"url": "/{{ user.name }}"}},
    "data": {"user": {"file": "users.csv"}},
}
JOB = Job(PLAN, {}, {}, 42)
ROWS = Rows(0, "user", (0, 1, 2), ({"name": "ann"}, {"name": "bob"}, {"name": "cid"}))


class Rig:
    """One agent and one master. `plan`: what the job's users do; without an `answer` the system keeps them waiting."""

    def __init__(self, master: FakeMaster, target: str) -> None:
        loop = asyncio.get_running_loop()
        self.master = master
        self.run: PlanRun | None = None
        self.plan = copy.deepcopy(PLAN)
        self.answer: Reply | None = Reply(delay=0)
        self.lease = Lease()
        self.timer = LoopTimer(loop)
        self.engine = FakeEngine(self.timer.timeline, read_clock, lambda request: self.answer)
        self.redial = Redial(3000 * MS, lambda: 0.0, read_clock())
        self.agent = Agent(
            Hello(PROTOCOL, b"i" * 16, "agent-1", "host", 7, "0.1", 0, 100),
            master=MasterEndpoint(target),
            redial=self.redial,
            lease=self.lease,
            timeline=self.timer.timeline,
            clock=read_clock,
            outcome=asyncio.get_running_loop().create_future(),
            start_plan=self.start_plan,
        )
        self.exit_code = asyncio.create_task(self.agent.run())

    def start_plan(
        self,
        job: Job,
        on_end: Callable[[UserEnded], object],
        on_error: Callable[[Exception], object],
        tell: Callable[[SessionEvent], object],
        supplies: AgentSupplies,
    ) -> PlanRun:
        self.run = PlanRun(
            replace(job, document=self.plan),
            Runtime(asyncio.get_running_loop(), self.timer.timeline, self.lease, read_clock),
            on_end,
            on_error,
            tell,
            supplies=supplies,
            make_engines=lambda plan, *_: FakeEngines(plan, self.engine),  # sends nothing
        )
        return self.run

    async def ready(self) -> PlanRun:
        """The plan at work, once the agent has confirmed everything that it needs."""
        await self.master.until(lambda: self.master.confirmed.provisioned == len(self.master.provisions))
        assert self.run is not None
        return self.run

    async def order(self, version: int, *levels: LevelOrder, start: int | None = None) -> None:
        interval_start = self.master.now if start is None else start
        await self.master.send(orders=Orders(1, version, (SlotRun(0, 0, 3, 1),), levels, interval_start, 100 * MS))

    async def working(self, users: int = 2) -> PlanRun:
        """The plan with `users` users at work, the orders confirmed."""
        run = await self.ready()
        await self.order(1, LevelOrder(self.master.now, 0, 0, (users,)))
        await self.master.until(lambda: self.master.confirmed.version == 1)
        await holds(lambda: len(self.engine.requests) >= users)
        return run

    @property
    def cuts(self) -> int:
        """Users that were cut."""
        return sum(client.is_cut for client in self.engine.clients)

    @property
    def asked_for(self) -> set[str]:
        """What the system was asked for."""
        return {request.target for _, request in self.engine.requests}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    master = FakeMaster([Provision(1, JOB), Provision(2, rows=(ROWS,))], LEASE, INTERVAL)
    rig = Rig(master, await master.listen(tmp_path / "master"))
    try:
        yield rig
    finally:
        rig.exit_code.cancel()
        await asyncio.gather(rig.exit_code, return_exceptions=True)
        rig.timer.close()
        await master.close()


async def within_deadline(awaited: Awaitable[int]) -> int:
    return await asyncio.wait_for(awaited, 10)


async def holds(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_a_whole_run_from_hello_to_finish(rig: Rig) -> None:
    """Levels ahead are applied in time, every interval is sealed once, the last batch ends it."""
    await rig.ready()
    start = rig.master.now + 20 * MS
    levels = (
        LevelOrder(start, 0, 0, (1,)),
        LevelOrder(start + 80 * MS, 1, 0, (3,)),
        LevelOrder(start + 160 * MS, -1, 0, (0,)),
    )
    await rig.order(1, *levels, start=start)
    batches = rig.master.batches
    await rig.master.until(lambda: batches and batches[-1].last)
    await rig.master.send(finish=Finish("the run is over"))
    assert await within_deadline(rig.exit_code) == 0
    applied = [level for batch in batches for level in batch.applied]
    assert [level.level for level in applied] == [0, 1, -1]
    assert all(level.applied_at >= level.apply_at for level in applied)
    assert rig.asked_for == {"/ann", "/bob", "/cid"}
    assert [client.is_closed for client in rig.engine.clients] == [True] * 3
    assert sum(int(batch.requests[batch.cells[:, 1] == 0].sum()) for batch in batches) == len(rig.engine.requests)
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))
    assert [batch.interval for batch in batches] == list(range(len(batches)))
    assert rig.cuts == 0


async def test_an_agent_without_a_master_says_how_long_it_waits_and_last_why_it_ended(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    timer = LoopTimer(loop)
    nowhere = f"unix:{tmp_path / 'nobody'}"
    with capture_logs() as lines:
        agent = Agent(
            Hello(PROTOCOL, b"i" * 16, "agent-1", "host", 7, "0.1", 0, 100),
            master=MasterEndpoint(nowhere),
            redial=Redial(S, lambda: 0.0, read_clock()),
            lease=Lease(),
            timeline=timer.timeline,
            clock=read_clock,
            outcome=asyncio.get_running_loop().create_future(),
            start_plan=lambda *_: pytest.fail("there is no job"),
        )
        assert await within_deadline(agent.run()) == 3
    timer.close()
    events = [line["event"] for line in lines if line["log_level"] != "debug"]
    assert events[0] == f"waiting for the master at {nowhere} for 1s at most"
    assert events[-1] == "this agent ends: no master for 1s: unavailable: No such file or directory"


async def test_an_agent_that_ends_with_batches_names_those_that_are_lost(rig: Rig) -> None:
    with capture_logs() as lines:
        rig.agent._follow_session([Exit(3, "no master for 1m", (4, 5))])
    assert await within_deadline(rig.exit_code) == 3
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert line["event"] == (
        "this agent ends: no master for 1m; its last measurements were not delivered (dropped batches)"
    )
    assert (line["code"], line["dropped"]) == (3, [4, 5])


async def test_the_lines_of_an_agent_bear_the_name_by_which_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound: dict[str, object] = {}
    monkeypatch.setattr("gradual_agent.process.agent.bind_process", lambda **values: bound.update(values))
    master = FakeMaster([Provision(1, JOB)], LEASE, INTERVAL)
    master.welcome = replace(master.welcome, name="agent-1#2")
    rig = Rig(master, await master.listen(tmp_path / "master"))
    await rig.ready()
    rig.exit_code.cancel()
    await asyncio.gather(rig.exit_code, return_exceptions=True)
    rig.timer.close()
    await master.close()
    assert bound == {"run": "run-1", "agent": "agent-1#2"}


async def test_the_recorder_gets_its_boundaries_on_the_agents_clock(rig: Rig) -> None:
    run = await rig.ready()
    start = rig.master.now + 5000 * MS
    await rig.order(1, LevelOrder(start, 0, 0, (1,)), start=start)
    await rig.master.until(lambda: rig.master.confirmed.version == 1)
    assert abs(run.recorder.boundary - start - rig.master.origin - INTERVAL) < 100 * MS


async def test_pings_carry_what_was_begun_and_renew_the_lease(rig: Rig) -> None:
    rig.answer = None
    run = await rig.working()
    run.recorder.begun = 77
    first = rig.lease.ends_at
    await rig.master.until(lambda: any(message.ping and message.ping.begun == 77 for message in rig.master.messages))
    await holds(lambda: rig.lease.ends_at > first)


async def test_without_pongs_the_agent_dials_anew_and_cuts_at_the_end_of_the_lease(rig: Rig) -> None:
    await rig.working()
    rig.master.answers_pings = False
    await rig.master.until(lambda: len(rig.master.hellos) >= 2)
    assert rig.cuts == 0, "a new stream alone cuts no user"
    assert rig.master.hellos[1].held == (SlotRun(0, 0, 3, 1),)
    await holds(lambda: rig.cuts == 2)
    assert rig.lease.ends_at == 0
    hellos = len(rig.master.hellos)
    await rig.master.until(lambda: len(rig.master.hellos) > hellos)
    assert rig.master.hellos[-1].held == ()


async def test_expired_cuts_and_greets_without_slots(rig: Rig) -> None:
    await rig.working()
    await rig.master.send(expired=Expired("too late"))
    await rig.master.until(lambda: len(rig.master.hellos) == 2)
    assert rig.cuts == 2
    assert rig.master.hellos[1].held == ()
    assert rig.master.hellos[1].stream == 2


async def test_a_message_that_cannot_be_read_ends_the_stream_and_nothing_else(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    run = await rig.working()
    await rig.master.send_bytes(b"\xff\xff\xff")
    await rig.master.until(lambda: len(rig.master.hellos) == 2)
    assert (rig.cuts, len(run.users)) == (0, 2)
    await rig.master.until(lambda: rig.master.confirmed.version == 1)


async def test_batches_that_were_not_acknowledged_come_again_on_the_next_stream(rig: Rig) -> None:
    rig.master.acknowledges = False
    await rig.working()
    await rig.master.until(lambda: len(rig.master.batches) >= 2)
    await rig.master.send_bytes(b"\xff\xff\xff")
    rig.master.acknowledges = True
    await rig.master.until(lambda: len(rig.master.hellos) == 2)
    await rig.master.until(lambda: len(rig.master.batches) >= 5)
    numbers = [batch.number for message in rig.master.messages for batch in message.batches]
    assert numbers.count(1) == 2
    assert rig.master.merged == len(rig.master.batches)


async def test_a_refusal_ends_it_with_code_3(rig: Rig) -> None:
    rig.master.greeting = MasterMessage(refused=Refused("wrong version"))
    assert await within_deadline(rig.exit_code) == 3


async def test_a_signal_drains_flushes_and_says_goodbye(rig: Rig) -> None:
    await rig.working()
    rig.agent.leave()
    assert await within_deadline(rig.exit_code) == 0
    assert [client.is_closed for client in rig.engine.clients] == [True, True]
    assert rig.master.batches[-1].last
    await rig.master.until(lambda: rig.master.messages[-1].goodbye)


async def test_a_second_signal_cuts_users_that_do_not_end(rig: Rig) -> None:
    rig.answer = None
    run = await rig.working()
    rig.agent.leave()
    assert len(run.users) == 2
    rig.agent.leave()
    assert (rig.cuts, len(run.users)) == (2, 0)
    assert await within_deadline(rig.exit_code) == 0
    assert rig.master.batches[-1].last


async def test_users_that_end_for_good_are_reported(rig: Rig) -> None:
    rig.plan["users"][0]["iterations"] = 1
    await rig.working()
    ended: list[SlotRun] = []

    def both() -> bool:
        ended[:] = [run for message in rig.master.messages for run in message.finished]
        return sum(run.count for run in ended) == 2

    await rig.master.until(both)
    assert {(run.group, run.tenure) for run in ended} == {(0, 1)}
    assert {run.first + place for run in ended for place in range(run.count)} == {0, 1}
    assert all(run.at > 0 for run in ended), "each says when its user ended"


async def test_a_mistake_in_a_callback_ends_the_process_with_it(rig: Rig) -> None:
    run = await rig.ready()
    run._behaviours.clear()
    await rig.order(1, LevelOrder(rig.master.now, 0, 0, (1,)))
    with pytest.raises(IndexError):
        await within_deadline(rig.exit_code)
    goodbye = await rig.master.until(lambda: rig.master.messages[-1].goodbye)
    assert goodbye.reason == "IndexError: list index out of range", "the master need not wait for the lease to end"


async def test_no_master_within_the_patience_is_code_3(tmp_path: Path) -> None:
    master = FakeMaster([], LEASE, INTERVAL)
    rig = Rig(master, f"unix:{tmp_path / 'nobody'}")
    rig.redial.patience = 200 * MS
    assert await within_deadline(rig.exit_code) == 3
    rig.timer.close()


async def test_a_user_that_asks_for_the_end_of_the_run_is_heard_by_the_master(rig: Rig) -> None:
    run = await rig.working()
    run._context.abort_run("no rows")
    run._context.abort_run("no rows")
    await rig.master.until(lambda: any(message.abort for message in rig.master.messages))
    assert [message.abort for message in rig.master.messages if message.abort] == ["no rows"]
