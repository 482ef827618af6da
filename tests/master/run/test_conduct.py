"""A whole run over gRPC with scripted agents on a Unix socket: from the Hello to the summary."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fleet_model import batch_of
from scripted_agent import DEADLINE_S, ScriptedAgent

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Config, Plan, UserGroup
from gradual_common.plan.model.single_steps import Step
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.protocol.batch import Batch, Frame
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import Confirm, MasterMessage, Ping
from gradual_common.protocol.samples import Exemplar, SampleColumns
from gradual_common.schedule.ramps.levels import LevelsRamp, RampLevel
from gradual_master.coordination.events import Event, Stop
from gradual_master.errors import InsecureError, ListenError
from gradual_master.reporting import BaseReporter
from gradual_master.results.facts import RunFacts
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary
from gradual_master.run.conduct import conduct, stopping_at_signals
from gradual_master.run.options import RunOptions
from gradual_master.run.report import RunReport


def plan_of(users: int = 4, seconds: float = 0.4) -> Plan:
    ramp = LevelsRamp(strategy="levels", levels=(RampLevel(concurrency=users),))
    return Plan(
        config=Config(name="t", base_url="http://127.0.0.1:1", duration=f"{seconds}s", ramp=ramp, graceful_stop="1s"),
        users=(UserGroup(name="g", concurrency=users, behavior=(Step(action="read", name="read"),)),),
        actions={"read": HttpActionSpec(url="/")},
    )


class Names:
    def row(self, ordinal: int) -> dict[str, Any]:
        return {"name": f"row-{ordinal}"}


def loaded_of(plan: Plan, secrets: dict[str, str] | None = None) -> Any:
    job = Job({"plan": 1}, {}, secrets or {}, 5)
    data = {(0, "user"): Names()}
    parts = {"plan": plan, "display_plan": plan, "schedule": compile_schedule(plan)}
    files = {"name": "t.yaml", "folder": Path("/"), "profile": None}
    return SimpleNamespace(**parts, **files, job=job, data=data, supplies={}, sha256="ab", load_sha256="cd")


class Watcher(BaseReporter):
    """A reporter that keeps what is reported to it."""

    def __init__(self) -> None:
        self.reported: list[Any] = []

    def on_test_start(self, run: RunFacts) -> None:
        self.reported.append("start")

    def on_interval(self, interval: Any) -> None:
        self.reported.append("interval")

    def on_news(self, news: News) -> None:
        self.reported.append(news.text)

    def on_test_complete(self, summary: Any) -> None:
        self.reported.append("complete")


class Counting(BaseReporter):
    """A reporter of single requests."""

    def on_request_complete(self, request: Any) -> None:
        self.metrics.record_latency(request.duration)


SAMPLE_TYPES = ("i8", "i8", "i4", "u2", "u1", "u2")


class BrokenWatcher(Watcher):
    """A reporter with a mistake in it."""

    def on_test_start(self, run: RunFacts) -> None:
        raise RuntimeError("a mistake in a reporter")


class Stage:
    """A run in progress: `run` ends with the summary, `target` is where agents dial."""

    def __init__(self, run: asyncio.Task[Any], target: str, exits: AsyncExitStack) -> None:
        self.run = run
        self.target = target
        self._exits = exits

    async def agent(self, name: str) -> ScriptedAgent:
        agent = await self._exits.enter_async_context(ScriptedAgent(name, self.target))
        await agent.greet(max_users=10)
        await agent.until(lambda message: message.welcome)
        return agent

    async def summary(self) -> Any:
        async with asyncio.timeout(DEADLINE_S):
            return await self.run


@asynccontextmanager
async def staged(folder: Path, plan: Plan, *reporters: Any, **options: Any) -> AsyncIterator[Stage]:
    listening = asyncio.get_running_loop().create_future()
    terms = RunOptions(
        listen=f"unix:{folder}/m.sock",
        interval=100 * NS_PER_MS,
        on_listening=listening.set_result,
        **{"expect_agents": 2, **options},
    )
    run = asyncio.create_task(conduct(loaded_of(plan), terms, reporters))
    # A run that fails before it listens says why, instead of a wait without end.
    await asyncio.wait([run, listening], return_when=asyncio.FIRST_COMPLETED)
    if run.done():
        run.result()
    async with AsyncExitStack() as exits:
        yield Stage(run, await listening, exits)
    await asyncio.gather(run, return_exceptions=True)


async def ready(*agents: ScriptedAgent) -> int:
    """Every agent stores and confirms; the run time at which the schedule starts."""
    for agent in agents:
        await agent.say(ping=Ping(1, 0, 0))
        provisions = await agent.provisions(2)
        await agent.say(confirm=Confirm(0, 0, provisions[-1].sequence))
    for agent in agents:
        await agent.until(lambda message: message.orders)
        await agent.say(confirm=Confirm(1, 1, 2))
    orders = (await agents[0].until(has_levels)).orders
    assert orders is not None
    return orders.start


def has_levels(message: MasterMessage) -> bool:
    return message.orders is not None and bool(message.orders.levels)


def is_drained(message: MasterMessage) -> bool:
    return message.orders is not None and any(level.number == -1 for level in message.orders.levels)


def last_batch(start: int, step: int = 0) -> Batch:
    """One request of `step` in the first interval, of the first level."""
    return replace(
        batch_of(1, 0, last=True),
        frames=(Frame(0, start, start + 100 * NS_PER_MS),),
        users=np.zeros((1, 1, 4), dtype=np.int64),
        iterations=np.zeros((1, 1, 2), dtype=np.int64),
        cells=np.array([[0, step, 0]], dtype=np.int32),
        requests=np.array([1], dtype=np.int64),
    )


async def deliver_last(start: int, *agents: ScriptedAgent, step: int = 0) -> None:
    for agent in agents:
        await agent.say(ping=Ping(9, 1, 0), batches=(last_batch(start, step),))


async def run_time(agent: ScriptedAgent, stamp: int) -> int:
    """The master's clock, by a ping."""
    await agent.say(ping=Ping(stamp, 0, 0))
    pong = (await agent.until(lambda message: message.pong and message.pong.stamp == stamp)).pong
    assert pong is not None
    return pong.now


async def interval_over(agent: ScriptedAgent, start: int) -> None:
    """Ping until the master's own clock is past the first interval."""
    stamp = 100
    while await run_time(agent, stamp) <= start + 100 * NS_PER_MS:
        stamp += 1


async def test_a_run_from_the_first_hello_to_the_summary(tmp_path: Path) -> None:
    watcher, broken = Watcher(), BrokenWatcher()
    async with staged(tmp_path, plan_of(), broken, watcher) as stage:
        agents = [await stage.agent(name) for name in "ab"]
        start = await ready(*agents)
        slots = [(await agent.until(has_levels)).orders.slots for agent in agents]
        assert sum(run.count for runs in slots for run in runs) == 4
        await interval_over(agents[0], start)
        await deliver_last(start, *agents)
        for agent in agents:
            assert (await agent.until(lambda message: message.ack)).ack == 1
            await agent.until(lambda message: message.finish)
            await agent.closed()
        summary = await stage.summary()
    assert [agent.name for agent in summary.agents] == ["a", "b"]
    assert summary.totals.requests == 2
    assert (summary.fleet.begun, summary.fleet.merged, summary.fleet.late_batches) == (2, 2, 0)
    assert watcher.reported[0] == "start"
    assert watcher.reported[-1] == "complete"
    assert "interval" in watcher.reported
    assert broken.reported == []


async def test_the_loop_turns_while_a_run_is_summarised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary waits here for a turn of the loop: within the loop it would wait in vain."""
    loop, turned, summarize = asyncio.get_running_loop(), threading.Event(), RunReport.summarize

    def wait_for_a_turn(report: RunReport, facts: Any) -> Summary:
        loop.call_soon_threadsafe(turned.set)
        assert turned.wait(30), "the loop stood still"
        return summarize(report, facts)

    monkeypatch.setattr(RunReport, "summarize", wait_for_a_turn)
    async with staged(tmp_path, plan_of(), Watcher()) as stage:
        agents = [await stage.agent(name) for name in "ab"]
        start = await ready(*agents)
        await interval_over(agents[0], start)
        await deliver_last(start, *agents)
        for agent in agents:
            await agent.until(lambda message: message.finish)
            await agent.closed()
        summary = await stage.summary()
    assert summary.totals.requests == 2


async def test_the_end_waits_for_the_example_of_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a short run the stream on which agents describe failures opens after the last batch is merged."""
    monkeypatch.setattr("gradual_master.run.conduct.TICK_S", 0)
    async with staged(tmp_path, plan_of(), expect_agents=1) as stage:
        agent = await stage.agent("a")
        start = await ready(agent)
        await interval_over(agent, start)
        failed = replace(last_batch(start), cells=np.array([[0, 0, KIND["connect"]]], dtype=np.int32))
        await agent.say(ping=Ping(9, 1, 0), batches=(failed,))
        await agent.until(lambda message: message.finish)
        await agent.closed()
        for _ in range(100):
            await asyncio.sleep(0)  # as many turns of the loop in which the conductor might have ended the run
        content = {"detail": "no connection to http://h (h: connection refused)", "request": None, "response": None}
        await agent.describe(Exemplar(0, KIND["connect"], 0, 0.5, start + NS_PER_MS, 0, content))
        summary = await stage.summary()
    (error,) = summary.errors
    assert (error.label, error.cause, error.count) == ("connection refused", content["detail"], 1)


async def test_the_end_waits_for_the_samples_that_a_reporter_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradual_master.run.conduct.TICK_S", 0)
    counter = Counting()
    async with staged(tmp_path, plan_of(), counter, expect_agents=1) as stage:
        agent = await stage.agent("a")
        start = await ready(agent)
        await interval_over(agent, start)
        await deliver_last(start, agent)
        await agent.until(lambda message: message.finish)
        await agent.closed()
        for _ in range(100):
            await asyncio.sleep(0)  # as many turns of the loop in which the conductor might have ended the run
        one = [np.array([value], dtype) for value, dtype in zip((start, 5, 0, 0, 0, 200), SAMPLE_TYPES, strict=True)]
        await agent.show(SampleColumns(0, *one))
        await stage.summary()
    assert counter.metrics.count == 1


async def test_too_few_agents_exit_3_and_say_how_many_came(tmp_path: Path) -> None:
    async with staged(tmp_path, plan_of(), agents_wait=200 * NS_PER_MS) as stage:
        agent = await stage.agent("a")
        summary = await stage.summary()
        await agent.until(lambda message: message.finish)
    assert summary.run.exit_code == 3
    assert "only 1 of 2 agents came within 200ms" in "\n".join(summary.verdict.reasons)


async def test_a_fleet_that_is_too_small_exits_3_before_any_load(tmp_path: Path) -> None:
    async with staged(tmp_path, plan_of(users=500)) as stage:
        agents = [await stage.agent(name) for name in "ab"]
        summary = await stage.summary()
        assert not any(message.orders for agent in agents for message in agent.heard)
    assert summary.run.exit_code == 3
    assert "the fleet holds 20 users, the plan needs 500" in "\n".join(summary.verdict.reasons)


async def test_an_unreadable_batch_drops_its_agent_and_the_run_goes_on(tmp_path: Path) -> None:
    async with staged(tmp_path, plan_of()) as stage:
        agents = [await stage.agent(name) for name in "ab"]
        start = await ready(*agents)
        await interval_over(agents[0], start)
        await deliver_last(start, agents[1], step=99)
        await agents[1].until(lambda message: message.refused)
        await deliver_last(start, agents[0])
        await agents[0].until(lambda message: message.finish)
        summary = await stage.summary()
    assert [agent.lost for agent in summary.agents] == [False, True]


STOPS: list[tuple[signal.Signals, int]] = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.parametrize(("number", "code"), STOPS)
async def test_a_signal_drains_and_reports(tmp_path: Path, number: signal.Signals, code: int) -> None:
    async with staged(tmp_path, plan_of(seconds=60)) as stage:
        agents = [await stage.agent(name) for name in "ab"]
        start = await ready(*agents)
        await interval_over(agents[0], start)
        os.kill(os.getpid(), number)
        for agent in agents:
            orders = (await agent.until(is_drained)).orders
            assert orders is not None
            assert orders.graceful_stop == NS_PER_S
        os.kill(os.getpid(), number)
        await agents[0].until(lambda message: message.orders and message.orders.graceful_stop == 0)
        await deliver_last(start, *agents)
        summary = await stage.summary()
    assert summary.run.exit_code == code


REFUSED: list[tuple[str, dict[str, str], Callable[[Path], str], type[Exception]]] = [
    ("off loopback without --insecure", {}, lambda _: "0.0.0.0:0", InsecureError),
    ("no address", {}, lambda _: "nonsense", ListenError),
    ("no folder for the socket", {}, lambda folder: f"unix:{folder}/none/m.sock", ListenError),
]


@pytest.mark.parametrize(("reason", "secrets", "listen", "error"), REFUSED, ids=[reason for reason, *_ in REFUSED])
async def test_an_address_that_is_not_allowed_is_refused_before_anything_starts(
    tmp_path: Path, reason: str, secrets: dict[str, str], listen: Callable[[Path], str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await conduct(loaded_of(plan_of(), secrets), RunOptions(listen=listen(tmp_path)))


async def test_a_plan_with_secrets_is_not_run_in_plaintext_off_loopback() -> None:
    options = RunOptions(listen="0.0.0.0:0", insecure=True)
    with pytest.raises(InsecureError, match="secrets"):
        await conduct(loaded_of(plan_of(), {"KEY": "abcd"}), options)


async def test_a_bug_in_merging_ends_the_run_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("gradual_master.results.aggregate.Aggregate.merge", break_down)
    async with staged(tmp_path, plan_of()) as stage:
        agents = [await stage.agent(name) for name in "ab"]
        start = await ready(*agents)
        await interval_over(agents[0], start)
        await deliver_last(start, agents[0])
        with pytest.raises(ZeroDivisionError):
            await stage.summary()


async def test_a_bug_ends_the_run_instead_of_hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    async with staged(tmp_path, plan_of()) as stage:
        monkeypatch.setattr("gradual_master.coordination.messages.MessageHandler.receive", break_down)
        async with ScriptedAgent("a", stage.target) as agent:
            await agent.greet()
            with pytest.raises(ZeroDivisionError):
                await stage.summary()


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminate")])
async def test_a_signal_is_a_stop_and_is_handled_afterwards_as_before(number: signal.Signals, name: str) -> None:
    before = signal.getsignal(number)
    stops: asyncio.Queue[Event] = asyncio.Queue()
    with stopping_at_signals(stops.put_nowait):
        os.kill(os.getpid(), number)
        assert await stops.get() == Stop(name)
    assert signal.getsignal(number) is before


async def test_off_the_main_thread_there_are_none_to_take() -> None:
    def enter() -> bool:
        with stopping_at_signals(lambda stop: None):
            return True

    assert await asyncio.to_thread(enter)
