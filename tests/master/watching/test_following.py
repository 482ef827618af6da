"""The shell that asks, against a server of aiohttp: what a failure leaves, and that secrets are shown nowhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gradual_common.clock import NS_PER_S as S
from gradual_common.plan.model.watches import WatchedMetric
from gradual_master.coordination.events import Note
from gradual_master.errors import WatchError
from gradual_master.watching.courses import courses_of
from gradual_master.watching.following import Follower, due, fetch
from gradual_master.watching.requests import WatchQuery

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def fetched(handler: Handler, timeout_s: float = 60) -> bytes:
    async with serving(handler) as url, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(timeout_s)) as session:
        return await fetch(session, WatchQuery(url))


def answering(status: int, **fields: Any) -> Handler:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, **fields)

    return handle


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (answering(401), "answers 401; set auth: of the watch"),
        (answering(302, headers={"Location": "http://elsewhere"}), "answers 302"),
        (answering(400, text='{"status":"error","error":"parse error"}'), "400: Prometheus says: parse error"),
        (answering(200, body=bytes(17 << 20)), "more than 16 MiB"),
    ],
)
async def test_an_answer_without_a_value_says_why(handler: Handler, message: str) -> None:
    with pytest.raises(WatchError, match=message):
        await fetched(handler)


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(WatchError, match=r"no answer within 0.1 s"):
        await fetched(handle, timeout_s=0.1)


async def test_a_watch_that_fails_is_news_and_then_has_values_again() -> None:
    answers = iter(["", "jobs 3\n"])
    seen: list[str | None] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization"))
        return web.Response(text=next(answers, "jobs 3\n"))

    notes: list[Note] = []
    has_recovered = asyncio.Event()

    def tell(note: Note) -> None:
        notes.append(note)
        if note.level == "info":
            has_recovered.set()

    async with serving(handle) as url:
        watch = WatchedMetric(exporter=url, metric="jobs", auth={"bearer": "{{secrets.T}}"})
        courses = courses_of({"jobs": watch}, S)
        follower = Follower({"jobs": watch}, {"T": "t0ps3cret"}, tell)
        follower.start(courses, time.time_ns() - S)
        await asyncio.wait_for(has_recovered.wait(), 60)
        await follower.stop()
    assert set(seen) == {"Bearer t0ps3cret"}
    assert courses["jobs"].latest == 3
    assert [note.level for note in notes] == ["warning", "info"]
    assert "t0ps3cret" not in str(notes)


def test_intervals_shorter_than_a_second_are_asked_for_together() -> None:
    assert due(0, S // 10, origin=5 * S) == 6 * S
    assert due(3, 2 * S, origin=0) == 8 * S
