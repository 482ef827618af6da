"""One performed Python action: a task runs the code, and the user's coroutine sends what the code asks for.

    task                         user's coroutine                 HTTP client
    await user.http.get() ──▶    starts the fetch          ──▶    writes
    (waits for a future)         (suspended)               ◀──    resumes the user
                          ◀──    steps the fetch; it has ended

The HTTP client resumes its user, not a task. So a fetch is stepped in the user's coroutine, as in an HTTP action, and
the task waits for a future. Everything else that the code awaits is the task's own.

The action's sample counts the messages of all requests as they end, so that it is right whenever the action is cut.
Its exchange is that of the last complete response. Deliberate waits are taken off by a later start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final

from gradual_agent.errors import ActionFailedError
from gradual_agent.http.client import HttpClient
from gradual_agent.http.request import HttpRequest
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import suspend
from gradual_agent.runtime.timeline import Timeline

DONE: Final = object()
"""Resumes a user whose code has ended."""

STOP: Final = object()
"""Resumes a user whose action is interrupted."""


class ActionRequest:
    """One request of the code."""

    __slots__ = ("done", "is_given_up", "request", "sample", "steps")

    def __init__(self, request: HttpRequest, started: int, done: asyncio.Future[None]) -> None:
        self.request = request
        self.sample = Sample()
        self.sample.reset(started)
        self.done = done
        self.steps: Generator[None, Any, None] | None = None
        self.is_given_up = False
        """The code does not wait for it any more."""


class ActionCall:
    """The state of one performed action, from its first to its last line.

    `user` performs it, and is resumed by it; `client` is its HTTP client. `run` ends with what the code raised, None if
    it returned; an action that is interrupted has a `sample` of kind INTERRUPTED.
    """

    def __init__(self, user: Any, client: HttpClient, sample: Sample, timeline: Timeline) -> None:
        self._user = user
        self._client = client
        self._sample = sample
        self._timeline = timeline
        self._lock = asyncio.Lock()
        self._fetch: ActionRequest | None = None
        self._requests = self._sleepers = 0
        self._paused_at: int | None = None
        self._outcome: BaseException | None = None
        self._is_over = self._is_interrupted = self._is_closed = False
        self._last: Sample | None = None
        """Of the last complete response."""
        self.request: HttpRequest | None = None
        """The last request."""
        self.task: asyncio.Task[BaseException | None] | None = None

    @property
    def scope(self) -> dict[str, Any]:
        """What templates read in this iteration."""
        scope: dict[str, Any] = self._user.scope
        return scope

    async def run(self, perform: Callable[[], Awaitable[Any]]) -> BaseException | None:
        """In the user's coroutine: run the code in a task, and step its requests, until it ends or is interrupted."""
        loop = asyncio.get_running_loop()
        self.task = loop.create_task(_guard(perform))
        self.task.add_done_callback(self._on_done)
        loop.call_soon(self._note_wait)  # Runs after the first step of the task.
        while not (self._is_over or self._is_interrupted):
            self._react(await suspend())
        self.close()
        self._finish()
        return self._outcome

    def interrupt(self) -> None:
        """End the action, and resume the user; not in the user's own coroutine."""
        self._is_interrupted = True
        if self._fetch is not None:
            self._client.interrupt()
        else:
            self._user.resume(STOP)

    def close(self) -> None:
        """The user goes on, or is cut: nothing more is sent, and a task that is not done is cancelled."""
        self._is_closed = True
        self._end_pause()
        if (fetch := self._fetch) is not None:
            self._client.cut()
            self._absorb(fetch)
            fetch.done.cancel()
        if self.task is not None and not self.task.done():
            self.task.cancel()

    async def fetch(self, request: HttpRequest) -> Sample:
        """In the task: have a request sent when those before it have ended, and wait for its end."""
        self._requests += 1
        self._note_pause()
        try:
            async with self._lock:
                return await self._fetch_now(request)
        finally:
            self._requests -= 1
            self._note_pause()

    async def _fetch_now(self, request: HttpRequest) -> Sample:
        self._check_open()
        fetch = ActionRequest(request, self._user.now(), asyncio.get_running_loop().create_future())
        self._user.resume(fetch)
        try:
            await fetch.done
        except asyncio.CancelledError:
            # By the code, such as `asyncio.timeout`, or because the action is over: then it is not in flight any more.
            if self._fetch is fetch:
                fetch.is_given_up = True
                self._client.interrupt()
            raise
        return fetch.sample

    async def sleep(self, duration: int) -> None:
        """In the task: wait, ns."""
        self._check_open()
        woken = asyncio.get_running_loop().create_future()
        self._sleepers += 1
        self._note_pause()  # Before the clock is read for the wait: what was thought is never shorter than it.
        entry = self._timeline.at(self._user.now() + duration, _wake, woken)
        try:
            await woken
        finally:
            self._timeline.cancel(entry)
            self._sleepers -= 1
            self._note_pause()

    def cookie(self, name: str) -> str | None:
        """The value of the user's latest cookie of this name."""
        return self._client.cookie(name)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ActionFailedError("the action has ended, and with it what it may do")

    def _note_pause(self) -> None:
        """The user thinks while the code sleeps, unless it also sends."""
        wanted = self._sleepers > 0 and not self._requests
        if self._is_closed or wanted == (self._paused_at is not None):
            return
        if not wanted:
            self._end_pause()
            return
        self._paused_at = self._user.now()
        if not self._user.begin_pause():
            self.interrupt()

    def _end_pause(self) -> None:
        """Take a deliberate wait off the action's time."""
        if self._paused_at is not None:
            self._sample.started += self._user.now() - self._paused_at
            self._paused_at = None
            self._user.end_pause()

    def _note_wait(self) -> None:
        if not self._is_closed and self.task is not None and not self.task.done():
            self._user.note_wait()

    def _on_done(self, task: asyncio.Task[BaseException | None]) -> None:
        if not self._is_closed:
            self._outcome = asyncio.CancelledError() if task.cancelled() else task.result()
            self._user.resume(DONE)

    def _react(self, value: Any) -> None:
        """What resumed the user: the code, `interrupt`, or the HTTP client."""
        if value is DONE:
            self._is_over = True
        elif isinstance(value, ActionRequest):
            self._fetch, self.request = value, value.request
            value.steps = self._client.fetch(value.request, value.sample)
            self._step(value, None)
        elif self._fetch is not None:
            self._step(self._fetch, value)

    def _step(self, fetch: ActionRequest, value: Any) -> None:
        assert fetch.steps is not None, "a fetch is stepped when it is started"
        try:
            fetch.steps.send(value)
        except StopIteration:
            self._absorb(fetch)
        except Exception:
            self._absorb(fetch)
            raise
        else:
            return
        if fetch.sample.kind == INTERRUPTED and not fetch.is_given_up:
            # By `interrupt`, or because the agent has no lease.
            self._is_interrupted = True
        if not fetch.done.done():
            fetch.done.set_result(None)

    def _absorb(self, fetch: ActionRequest) -> None:
        """Add a request that has ended to the action's sample."""
        self._fetch = None
        mine, its = self._sample, fetch.sample
        mine.messages += its.messages
        mine.hops += its.hops
        mine.retried += its.retried
        mine.resent += its.resent
        mine.auth_sent += its.auth_sent
        mine.bytes_sent += its.bytes_sent
        mine.bytes_received += its.bytes_received
        mine.trace = its.trace
        mine.token = its.token or mine.token
        if its.connect >= 0:
            mine.connect = max(0, mine.connect) + its.connect
        if its.status_code:
            self._last = its

    def _finish(self) -> None:
        """Fill the sample's times; its kind is judged by what the code raised."""
        sample, last = self._sample, self._last
        sample.ended = self._user.now()
        if self._is_interrupted:
            sample.kind = INTERRUPTED
            sample.detail = "stopped before its code had ended"
        if last is None:
            # Below 0: there was no exchange (`StepRecord.expect_none`).
            sample.written, sample.first_byte = sample.ended + 1, sample.ended
            return
        # The code may go on after the last response. So the recorder gets its durations, up to the end of the action.
        sample.written = sample.ended - (last.ended - last.written)
        sample.first_byte = sample.written + (last.first_byte - last.written)
        sample.status_code = last.status_code
        sample.response = last.response


async def _guard(perform: Callable[[], Awaitable[Any]]) -> BaseException | None:
    """Run the code; what it raised. Also SystemExit and KeyboardInterrupt, which would end the agent's loop."""
    try:
        await perform()
    except GeneratorExit:
        raise
    except BaseException as error:
        return error
    return None


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
