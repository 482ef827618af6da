"""Reporters in threads of their own: none of them can hold up or spoil the run, or another reporter."""

import asyncio
import errno
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import structlog
from raw_run import aggregate_of, fleet_of, plan_of, run_of, schedule_of
from structlog.testing import capture_logs

from gradual_common.plan.model.series import SeriesIndex
from gradual_master.reporting import BaseReporter
from gradual_master.reporting.interface.samples import SampleBlock
from gradual_master.reporting.running.threads import ReporterThread, ReporterThreads, with_losses
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

DEADLINE_S = 20
INDEX = SeriesIndex.of(plan_of())
NOTHING: Any = None


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """What is logged, from whichever thread."""
    structlog.reset_defaults()
    with capture_logs() as captured:
        yield captured


def events_of(logs: list[Any]) -> list[str]:
    return [line["event"] for line in logs]


def block(size: int, slot: int = 0) -> SampleBlock:
    started, duration = (np.arange(size, dtype=np.int64) for _ in range(2))
    slots = np.full(size, slot, dtype=np.int32)
    step, kind, status = np.zeros(size, np.uint16), np.zeros(size, np.uint8), np.full(size, 200, np.uint16)
    return SampleBlock("a", INDEX, 0, started, duration, slots, step, kind, status)


def summary(requests: int = 0) -> Any:
    return SimpleNamespace(totals=SimpleNamespace(requests=requests))


def judged(code: int) -> Summary:
    """A summary of a run that passed, but for its exit code."""
    plan, schedule = plan_of(), schedule_of((2, 1))
    whole = build_summary(aggregate_of(plan, schedule), fleet_of(), run_of())
    verdict = replace(whole.verdict, status="passed", code=code, warnings=("slow",))
    return replace(whole, verdict=verdict, run=replace(whole.run, exit_code=code))


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.001)


class Watcher(BaseReporter):
    """Keeps its calls; waits for `gate` in the method called `stuck`, raises in the one called `bad`."""

    def __init__(self, bad: str = "", stuck: str = "", error: BaseException | None = None) -> None:
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self._bad, self._stuck, self._error = bad, stuck, error or RuntimeError("a bad day")

    def note(self, name: str, detail: Any = "") -> None:
        self.calls.append(f"{name}{detail}")
        self.threads.add(threading.current_thread().name)
        if name == self._stuck:
            assert self.gate.wait(DEADLINE_S)
        if name == self._bad:
            raise self._error

    def on_test_start(self, run: Any) -> None:
        self.note("start")

    def on_interval(self, interval: Any) -> None:
        self.note("interval", interval or "")

    def on_news(self, news: Any) -> None:
        self.note("news")

    def on_test_complete(self, summary: Any) -> None:
        self.note("complete")

    def close(self) -> None:
        self.note("close")


class Counter(Watcher):
    """Follows single requests."""

    def on_request_complete(self, request: Any) -> None:
        self.note("request", request.slot)


def play(threads: ReporterThreads) -> None:
    """A short run; intervals are numbered instead of made."""
    threads.on_test_start(NOTHING)
    for number in (1, 2):
        interval: Any = number
        threads.on_samples(block(2, number))
        threads.on_interval(interval)
    threads.on_news(NOTHING)


WHOLE = ["start", "interval1", "interval2", "news", "complete", "close"]


async def test_every_call_is_made_in_order_in_a_thread_of_its_own() -> None:
    one, other = Watcher(), Watcher()
    threads = ReporterThreads([one, other])
    play(threads)
    await threads.complete(summary())
    await threads.close()
    assert one.calls == other.calls == WHOLE
    assert one.threads == other.threads == {"reporter Watcher"}


async def test_single_requests_come_between_the_intervals_to_those_who_follow_them() -> None:
    one, other = Counter(), Watcher()
    threads = ReporterThreads([one, other])
    assert threads.want_samples
    play(threads)
    await threads.complete(summary(4))
    assert one.calls == [
        "start", "request1", "request1", "interval1", "request2", "request2", "interval2", "news", "complete", "close",
    ]  # fmt: skip
    assert other.calls == WHOLE
    assert one.metrics.dropped == 0


def test_samples_are_wanted_only_by_those_who_follow_single_requests() -> None:
    class Blocks(BaseReporter):
        def on_samples(self, block: SampleBlock) -> None:
            pass

    assert [reporter.wants_samples() for reporter in (BaseReporter, Watcher, Counter, Blocks)] == [
        False,
        False,
        True,
        True,
    ]
    assert not ReporterThreads([]).want_samples
    assert not ReporterThreads([Watcher()]).want_samples


METHODS = ["start", "interval", "news", "request", "complete"]


@pytest.mark.parametrize("bad", METHODS)
@pytest.mark.parametrize("error", [RuntimeError("a bad day"), SystemExit(3), asyncio.CancelledError()])
async def test_a_reporter_that_raises_is_named_and_not_called_again(
    bad: str, error: BaseException, logs: list[Any]
) -> None:
    one, other = Counter(bad, error=error), Watcher()
    threads = ReporterThreads([one, other])
    play(threads)
    await threads.complete(summary(4))
    assert other.calls == WHOLE
    assert one.calls[-1] == "close"
    assert one.calls.count("close") == 1
    assert one.calls[-2].startswith(bad)
    assert sum(entry.startswith(bad) for entry in one.calls) == 1
    assert events_of(logs) == ["reporter Counter failed and is left out"]
    assert logs[0]["exc_info"]


async def test_a_report_that_could_not_be_written_is_a_warning_in_the_verdict_and_for_who_ends_last(
    logs: list[Any],
) -> None:
    class Last(Watcher):
        ends_last = True

        def on_test_complete(self, summary: Any) -> None:
            self.heard = summary

    error = OSError(errno.ENOSPC, "No space left on device", "out.json")
    last, other = Last(), Watcher()
    threads = ReporterThreads([last, Watcher("complete", error=error), other])
    summary = await threads.complete(judged(0))
    loss = "a report is missing: Watcher could not write out.json: No space left on device"
    assert summary.verdict.warnings == ("slow", loss)
    assert summary.verdict.code == summary.run.exit_code == 3
    assert summary.verdict.status == "passed"
    assert last.heard == summary
    assert other.calls[-2:] == ["complete", "close"]
    assert events_of(logs) == [loss]
    assert "exc_info" not in logs[0]


@pytest.mark.parametrize(("code", "left"), [(0, 3), (1, 3), (3, 3), (130, 130), (143, 143)])
def test_a_missing_report_is_exit_code_3_unless_the_run_was_stopped(code: int, left: int) -> None:
    assert with_losses(judged(code), ["lost"]).run.exit_code == left
    assert with_losses(judged(code), []) == judged(code)


async def test_a_reporter_that_raises_in_close_does_not_affect_others(logs: list[Any]) -> None:
    one, other = Watcher("close"), Watcher()
    threads = ReporterThreads([one, other])
    play(threads)
    await threads.complete(summary())
    assert one.calls == other.calls == WHOLE
    assert events_of(logs) == ["reporter Watcher failed and is left out"]


@pytest.mark.parametrize("bad", ["", "start"])
async def test_a_run_that_is_given_up_closes_all_of_them_once(bad: str, logs: list[Any]) -> None:
    one, other = Watcher(bad), Watcher()
    threads = ReporterThreads([one, other])
    if bad:
        threads.on_test_start(NOTHING)
    await threads.close()
    await threads.close()
    begun = ["start"] if bad else []
    assert one.calls == other.calls == [*begun, "close"]


async def test_they_end_one_after_the_other() -> None:
    """What they print is in their order, even when the first takes its time."""
    ends: list[str] = []

    class Ender(BaseReporter):
        def on_test_complete(self, summary: Any) -> None:
            if self.arg == "first":
                assert released.wait(DEADLINE_S)
            ends.append(str(self.arg))

        def close(self) -> None:
            ends.append(f"{self.arg} closed")

    released = threading.Event()
    threads = ReporterThreads([Ender("first"), Ender("second")])
    ending = asyncio.ensure_future(threads.complete(summary()))
    await asyncio.sleep(0.02)
    assert ends == []
    released.set()
    await asyncio.wait_for(ending, DEADLINE_S)
    assert ends == ["first", "first closed", "second", "second closed"]


async def test_one_that_blocks_delays_no_other_and_gets_everything_when_it_is_free() -> None:
    one, other = Watcher(stuck="interval"), Watcher()
    threads = ReporterThreads([other, one])
    play(threads)
    until(lambda: "interval1" in one.calls)
    until(lambda: other.calls == WHOLE[:4])
    assert one.calls == ["start", "interval1"]
    ending = asyncio.ensure_future(threads.complete(summary()))
    while len(other.calls) < len(WHOLE):
        await asyncio.sleep(0.001)
    one.gate.set()
    await asyncio.wait_for(ending, DEADLINE_S)
    assert one.calls == other.calls == WHOLE


async def test_one_that_never_ends_is_abandoned_and_named(logs: list[Any]) -> None:
    one, other = Watcher(stuck="interval"), Watcher()
    threads = ReporterThreads([one, other], timeout_s=0.05)
    play(threads)
    async with asyncio.timeout(DEADLINE_S):
        await threads.complete(summary())
    assert other.calls == WHOLE
    assert events_of(logs) == ["reporter Watcher did not finish within 0.05 s and was abandoned"]
    one.gate.set()
    until(lambda: one.calls == WHOLE)


async def test_one_that_is_too_slow_gets_the_number_of_requests_that_it_missed(logs: list[Any]) -> None:
    one = Counter(stuck="start")
    thread = ReporterThread(one, max_samples=10)
    thread.post(lambda: one.on_test_start(NOTHING))
    until(lambda: one.calls)
    for slot, size in enumerate((6, 5, 4, 1)):
        thread.post_samples(block(size, slot))
    assert thread.dropped_samples == 6
    one.gate.set()
    thread.finish(summary(16), ())
    assert await thread.ended(DEADLINE_S)
    assert one.calls == ["start", *["request0"] * 6, *["request2"] * 4, "complete", "close"]
    assert one.metrics.dropped == 6


async def test_room_for_samples_is_free_again_once_they_are_shown() -> None:
    one = Counter()
    thread = ReporterThread(one, max_samples=10)
    for number in range(20):
        thread.post_samples(block(10))
        until(lambda shown=10 * (number + 1): len(one.calls) == shown)
    assert await thread.ended(DEADLINE_S)
    assert thread.dropped_samples == 0


async def test_requests_that_were_lost_on_their_way_are_reported_too(logs: list[Any]) -> None:
    """An agent drops what its master takes too slowly; the totals are of the batches, which lose nothing."""
    one, other = Counter(), Watcher()
    threads = ReporterThreads([one, other])
    play(threads)
    await threads.complete(summary(1234))
    assert one.metrics.dropped == 1230
    assert events_of(logs) == ["1,230 requests were lost on their way to reporter Counter; the totals have them"]


async def test_too_slow_and_lost_are_reported_apart(logs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    one = Counter(stuck="start")
    threads = ReporterThreads([one])
    monkeypatch.setattr(threads._threads[0], "_max_samples", 3)
    threads.on_test_start(NOTHING)
    until(lambda: one.calls)
    for _ in range(2):
        threads.on_samples(block(3))
    one.gate.set()
    await threads.complete(summary(8))
    assert one.metrics.dropped == 5
    assert events_of(logs) == [
        "reporter Counter was too slow and was not shown 3 of the requests",
        "2 requests were lost on their way to reporter Counter; the totals have them",
    ]


async def test_intervals_and_news_have_a_bound_of_their_own_which_the_end_passes(logs: list[Any]) -> None:
    one = Counter(stuck="start")
    threads = ReporterThreads([one])
    thread = threads._threads[0]
    thread._max_events = 3
    threads.on_test_start(NOTHING)
    until(lambda: one.calls)
    for number in range(5):
        interval: Any = number + 1
        threads.on_samples(block(1, number))
        threads.on_interval(interval)
    one.gate.set()
    await threads.complete(summary(5))
    assert [entry for entry in one.calls if entry.startswith("interval")] == ["interval1", "interval2", "interval3"]
    assert sum(entry.startswith("request") for entry in one.calls) == 5
    assert one.calls[-2:] == ["complete", "close"]
    assert events_of(logs) == ["reporter Counter was too slow and missed 2 intervals and news"]


async def test_blocks_of_samples_take_no_room_from_intervals() -> None:
    """A hundred agents send a hundred small blocks a second."""
    one = Counter(stuck="start")
    thread = ReporterThread(one, max_events=2)
    thread.post(lambda: one.on_test_start(NOTHING))
    until(lambda: one.calls)
    for _ in range(50):
        thread.post_samples(block(1))
    thread.post(lambda: one.on_interval(NOTHING))
    one.gate.set()
    assert await thread.ended(DEADLINE_S)
    assert thread.dropped_events == 0
    assert one.calls[-2:] == ["interval", "close"]


async def test_something_that_is_only_like_a_reporter_may_follow_a_run() -> None:
    calls: list[str] = []

    class Like:
        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *arguments: calls.append(name)

    like: Any = Like()
    threads = ReporterThreads([like])
    assert not threads.want_samples
    play(threads)
    await threads.complete(summary())
    assert calls == ["on_test_start", "on_interval", "on_interval", "on_news", "on_test_complete", "close"]


async def test_who_ends_last_gets_the_summary_after_all_others_and_what_they_wrote() -> None:
    calls: list[str] = []

    class Writing(BaseReporter):
        def on_test_complete(self, summary: Any) -> None:
            calls.append("writing")
            self.written.append(Path("report.html"))

    class Failing(BaseReporter):
        def on_test_complete(self, summary: Any) -> None:
            self.written.append(Path("half.html"))
            raise OSError("the device is full")

    class Last(BaseReporter):
        ends_last = True

        def receive_files(self, files: Sequence[Path]) -> None:
            calls.extend(map(str, files))

        def on_test_complete(self, summary: Any) -> None:
            calls.append("last")

    with capture_logs():
        await ReporterThreads([Last(), Writing(), Failing()]).complete(judged(0))
    assert calls == ["writing", "report.html", "last"]
