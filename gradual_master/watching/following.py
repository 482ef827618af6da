"""Asks for the values of watches while the load runs: the shell around the other modules.

Every watch has a task of its own. It never delays or ends a run: each request has a timeout and a limit of size, and
whatever goes wrong is a gap in the course, and news.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp

from gradual_common.clock import NS_PER_S
from gradual_common.plan.model.watches import WatchedMetric
from gradual_common.units import format_duration
from gradual_master.coordination.events import Note
from gradual_master.errors import WatchError
from gradual_master.watching.answers import read_range
from gradual_master.watching.courses import WatchCourse
from gradual_master.watching.exposition import read_selector, value_on_page
from gradual_master.watching.requests import Span, WatchQuery, ask

MIN_PERIOD_NS = NS_PER_S
"""A source is asked at most once a second."""

MAX_BYTES = 16 * 1024 * 1024
"""A larger answer is refused."""

MAX_RANGE_BYTES = 1024 * 1024
"""The same for a range query: Prometheus gives at most 11,000 points of a series, 30 bytes each. JSON's parser holds
the interpreter, also in a thread, so that a larger answer would stop the master's loop."""

MAX_REASON = 300
"""Characters of a reason; the rest of what a server said is left out."""

CHUNK = 64 * 1024

Tell = Callable[[Note], None]


Hide = Callable[[str], str]
"""Masks the secrets of a text."""


class Follower:
    """Fills the courses of a plan's watches. `origin`: the Unix time of the schedule's start, ns."""

    def __init__(
        self, watches: Mapping[str, WatchedMetric], secrets: Mapping[str, str], tell: Tell, hide: Hide
    ) -> None:
        self._watches = watches
        self._secrets = secrets
        self._tell = tell
        self._hide = hide
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, courses: Mapping[str, WatchCourse], origin: int) -> None:
        """Begin to ask; the schedule starts at `origin`."""
        for name, watch in self._watches.items():
            self._tasks.append(asyncio.create_task(self._follow(watch, courses[name], origin)))

    async def stop(self) -> None:
        """Ask no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _follow(self, watch: WatchedMetric, course: WatchCourse, origin: int) -> None:
        timeout = aiohttp.ClientTimeout(total=watch.timeout / NS_PER_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            first = 0
            while True:
                await asyncio.sleep(max(0, due(first, course.interval, origin) - time.time_ns()) / NS_PER_S)
                last = (time.time_ns() - origin) // course.interval - 1
                if last >= first:
                    await self._look(session, watch, course, Span(origin, course.interval, first, last))
                    first = last + 1

    async def _look(
        self, session: aiohttp.ClientSession, watch: WatchedMetric, course: WatchCourse, span: Span
    ) -> None:
        """Fetch the values of these intervals and keep them; a failure leaves gaps."""
        try:
            has_recovered = await self._ask(session, watch, course, span)
        except WatchError as error:
            self._fail(course, span, str(error))
        except Exception as bug:  # a run must not end because of what watches it
            self._fail(course, span, f"{type(bug).__name__}: {bug}")
        else:
            if has_recovered:
                self._tell(Note("info", f"watch {course.name} has values again"))

    def _fail(self, course: WatchCourse, span: Span, why: str) -> None:
        # Masked before it is kept: what a server says may repeat the credential, and goes into every report.
        reason = self._hide(why)[:MAX_REASON]
        is_news = course.fail(span.first, reason)
        course.fail(span.last, reason)
        if is_news:
            self._tell(Note("warning", f"watch {course.name} has no values: {reason}"))

    async def _ask(self, session: aiohttp.ClientSession, watch: WatchedMetric, course: WatchCourse, span: Span) -> bool:
        limit = MAX_RANGE_BYTES if watch.exporter is None else MAX_BYTES
        body = await fetch(session, ask(watch, span, self._secrets), limit)
        if watch.exporter is None:
            # In a thread, as below: an answer may have megabytes, and the master's loop also serves the agents.
            values = span.by_interval(await asyncio.to_thread(read_range, body))
            if not values:
                raise WatchError(f"the query gives no sample that is younger than {format_duration(watch.max_age)}")
            return course.take(values, span.last + 1)
        read_at = time.monotonic_ns()
        selector = read_selector(watch.metric or "")
        value = await asyncio.to_thread(value_on_page, body.decode(errors="replace"), selector)
        return course.read(span.last, read_at, value)


def due(first: int, interval: int, origin: int) -> int:
    """When the intervals from `first` on are asked for: Unix time, ns."""
    return origin + first * interval + max(interval, MIN_PERIOD_NS)


async def fetch(session: aiohttp.ClientSession, asked: WatchQuery, limit: int = MAX_BYTES) -> bytes:
    """The body of the answer; WatchError says why there is none. A redirect, which could take secrets along, is one."""
    try:
        async with session.get(
            asked.url, params=asked.params, headers=asked.headers, allow_redirects=False
        ) as response:
            body = await _read(response, limit)
    except TimeoutError as error:
        raise WatchError(f"no answer within {session.timeout.total:g} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise WatchError(str(error) or type(error).__name__) from error
    if response.status == HTTPStatus.OK:
        return body
    raise WatchError(await asyncio.to_thread(_refusal, response.status, body))


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > limit:
            raise WatchError(f"the answer has more than {limit >> 20} MiB; a watch is one series")
    return bytes(body)


def _refusal(status: int, body: bytes) -> str:
    """Why there is no value."""
    try:
        read_range(body)
    except WatchError as error:
        if "Prometheus says" in str(error):
            return f"{status}: {error}"
    hint = {401: "; set auth: of the watch", 403: "; auth: of the watch is not accepted", 404: "; is the path right?"}
    return f"the server answers {status}{hint.get(status, '')}"
