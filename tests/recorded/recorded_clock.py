"""A clock that the replay sets, and an event loop that lives by it: no time passes but what the loop would wait.

The patches are of the standard library alone, so that they hold whatever the packages are called. They come before
anything else is imported: `from time import time_ns` must find the replay's.
"""

from __future__ import annotations

import asyncio
import datetime as datetime_module
import math
import selectors
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

NS_PER_S = 1_000_000_000
BOOT_NS = 1_000_000 * NS_PER_S
EPOCH_NS = 1_767_323_045 * NS_PER_S
"""2026-01-02T03:04:05Z."""

MOST_WAITING_S = 30.0
_now = time.monotonic_ns
_sleep = time.sleep


class Clock:
    """`elapsed`: ns since the run's origin."""

    def __init__(self) -> None:
        self.elapsed = 0

    def install(self) -> None:
        """Let every clock of the standard library read this one."""
        time.clock_gettime_ns = lambda clock_id: BOOT_NS + self.elapsed
        time.monotonic_ns = time.perf_counter_ns = lambda: BOOT_NS + self.elapsed
        time.monotonic = time.perf_counter = lambda: (BOOT_NS + self.elapsed) / NS_PER_S
        time.time_ns = lambda: EPOCH_NS + self.elapsed
        time.time = lambda: (EPOCH_NS + self.elapsed) / NS_PER_S
        datetime_module.datetime = _datetime_of(self)  # type: ignore[misc]


def _datetime_of(clock: Clock) -> Any:
    real = datetime_module.datetime

    class Instances(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

    class Datetime(real, metaclass=Instances):
        __slots__ = ()  # as large as the real one, which C code looks at

        @classmethod
        def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
            microseconds = (EPOCH_NS + clock.elapsed) // 1000
            instant = real.fromtimestamp(0, datetime_module.UTC) + datetime_module.timedelta(microseconds=microseconds)
            return instant.astimezone(tz)

    return Datetime


class Jumping(selectors.DefaultSelector):
    """Instead of waiting it lets all other threads come to rest, and puts the clock forward."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        settle()
        if ready := super().select(0):
            return ready
        if timeout is None:
            raise RuntimeError("the replay waits for something that never comes")
        self._clock.elapsed += max(1, round(timeout * NS_PER_S))
        return ready


class Ticking(selectors.DefaultSelector):
    """For a recording: real time, read once a turn of the loop, so that a replay can bring each event at its instant.

    It stands still until `start`.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._begun = math.inf

    def start(self) -> None:
        self._begun = _now()

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(timeout)
        if self._begun < math.inf:
            self._clock.elapsed = int(_now() - self._begun)
        return ready


class Loop(asyncio.SelectorEventLoop):
    """Its time is the clock's, and what would go to a thread pool is done at once."""

    def __init__(self, clock: Clock, selector: selectors.BaseSelector) -> None:
        super().__init__(selector)
        self._elapsed = clock
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._elapsed.elapsed / NS_PER_S

    def run_in_executor(self, executor: Any, call: Callable[..., Any], *arguments: Any) -> Any:
        done: Future[Any] = Future()
        try:
            done.set_result(call(*arguments))
        except BaseException as error:
            done.set_exception(error)
        return asyncio.wrap_future(done, loop=self)


def use_loop(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Let `asyncio.run` make this loop."""
    asyncio.events.new_event_loop = asyncio.new_event_loop = make


def settle(prefixes: tuple[str, ...] = ("",)) -> None:
    """Wait until every other thread whose name begins with one of the prefixes waits for something to come."""
    deadline = _now() + int(MOST_WAITING_S * NS_PER_S)
    here = threading.get_ident()
    while True:
        frames = sys._current_frames()
        busy = [
            thread.name
            for thread in threading.enumerate()
            if thread.ident != here
            and thread is not threading.main_thread()
            and thread.name.startswith(prefixes)
            and thread.ident in frames
            and not _is_waiting(frames[thread.ident])
        ]
        del frames
        if not busy:
            return
        if _now() > deadline:
            raise RuntimeError(f"threads that do not come to rest: {busy}")
        _sleep(0.0002)


def _is_waiting(frame: Any) -> bool:
    """In `Condition.wait`, and not notified yet; or in a selector."""
    if frame.f_code is threading.Condition.wait.__code__:
        waiter, condition = frame.f_locals.get("waiter"), frame.f_locals["self"]
        return waiter is not None and waiter in condition._waiters
    return frame.f_code.co_filename == selectors.__file__
