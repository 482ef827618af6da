"""What an agent process gives to the engines of action kinds, and what makes one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gradual_agent.kinds.kind import Engine
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.timeline import Timeline
from gradual_common.net.certificates import Assets
from gradual_common.plan.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response, as `gradual try` shows it."""

    fields: Sequence[tuple[str, str]]
    body: bytes
    text: str


class Observer(Protocol):
    """Whoever wants to see each request and response; a run has none."""

    def show_request(self, title: str, message: Message) -> None:
        """A request is about to be sent."""

    def show_response(self, title: str, message: Message | None) -> None:
        """A response arrived, or none did: then the title is empty, and there is no message."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What an agent process gives to its engines."""

    loop: asyncio.AbstractEventLoop
    timeline: Timeline
    lease: Lease
    """Compared with the clock right before each write to the system (DESIGN 4.4)."""
    clock: Callable[[], int]
    """The agent's clock, ns."""
    wall_clock: Callable[[], float] = time.time
    """Seconds since 1970."""
    observer: Observer | None = None


MakeEngine = Callable[[Runtime, Plan, Assets], Engine]
"""Makes everything ready for the plan before a user runs; JobError when this agent cannot perform it."""
