"""How a virtual user waits: its coroutine suspends, and the engine or the timeline resumes it.

Users are coroutines without tasks or futures: a task costs several microseconds a wake-up and a kilobyte of memory.
The driver (`VirtualUser`) sends the first value; the engine, the timeline and the pool call `resume` exactly once per
suspension.
"""

from collections.abc import Generator
from types import coroutine
from typing import Any, Protocol


class Resumable(Protocol):
    """The driver of one suspended coroutine."""

    def resume(self, value: Any = None) -> None:
        """Continue the coroutine with `value`; returns when it suspends again or ends."""
        ...


@coroutine
def suspend() -> Generator[None, Any, Any]:
    """Wait until the driver's `resume(value)`; evaluates to `value`."""
    return (yield)
