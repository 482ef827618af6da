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
from gradual_common.secrecy.masking import Mask
from gradual_master.coordination.events import Note
from gradual_master.errors import WatchError
from gradual_master.watching.courses import WatchFailure, courses_of
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
        follower = Follower({"jobs": watch}, {"T": "t0ps3cret"}, tell, str)
        follower.start(courses, time.time_ns() - S)
        await asyncio.wait_for(has_recovered.wait(), 60)
        await follower.stop()
    assert set(seen) == {"Bearer t0ps3cret"}
    assert courses["jobs"].latest == 3
    assert [note.level for note in notes] == ["warning", "info"]
    assert "t0ps3cret" not in str(notes)


async def failed_with(handler: Handler) -> tuple[WatchFailure, Note]:
    """How a watch on Prometheus with a secret fails, and what is told of it."""
    told: asyncio.Future[Note] = asyncio.get_running_loop().create_future()
    async with serving(handler) as url:
        watch = WatchedMetric(prometheus=url, query="up", auth={"bearer": "{{secrets.T}}"})
        courses = courses_of({"up": watch}, S)
        hide = Mask(["t0ps3cret"]).hide_text
        follower = Follower({"up": watch}, {"T": "t0ps3cret"}, told.set_result, hide)
        # Three intervals are over: what is asked for at first are all of them.
        follower.start(courses, time.time_ns() - 3 * S)
        note = await asyncio.wait_for(told, 60)
        await follower.stop()
    return courses["up"].failures[0], note


async def test_a_reason_that_repeats_the_credential_is_kept_and_told_without_it() -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        said = {"status": "error", "error": f"not known: {request.headers['Authorization']}"}
        return web.json_response(said, status=401)

    failure, note = await failed_with(echo)
    assert failure.reason.startswith("401: Prometheus says: not known")
    assert "t0ps3cret" not in f"{failure}{note}"


async def test_an_answer_to_a_query_has_at_most_a_mebibyte() -> None:
    failure, _ = await failed_with(answering(200, body=bytes((1 << 20) + 1)))
    assert failure.reason == "the answer has more than 1 MiB; a watch is one series"


async def test_a_credential_is_masked_before_a_long_reason_is_cut() -> None:
    for padding in (190, 270):
        failure, _ = await failed_with(answering(400, text=f'{{"status":"error","error":"{"x" * padding}t0ps3cret"}}'))
        assert "t0p" not in failure.reason
        assert len(failure.reason) <= 300


async def test_a_mistake_of_ours_is_told_and_counts_from_the_first_interval_that_has_no_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def overflow(_: bytes) -> None:
        raise OverflowError("of t0ps3cret")

    monkeypatch.setattr("gradual_master.watching.following.read_range", overflow)
    failure, note = await failed_with(answering(200, text="{}"))
    assert failure == WatchFailure(0, "OverflowError: of ***")
    assert (note.level, note.text) == ("warning", "watch up has no values: OverflowError: of ***")


def test_intervals_shorter_than_a_second_are_asked_for_together() -> None:
    assert due(0, S // 10, origin=5 * S) == 6 * S
    assert due(3, 2 * S, origin=0) == 8 * S
