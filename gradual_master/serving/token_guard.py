"""Refuses calls without the fleet's join token, before anything of them is read.

Whoever tries tokens as fast as he can must neither fill the log nor keep the master busy. An attempt is logged with the
address that it came from, at most once a second. It is answered after a pause, the longer the more of them wait. A
connection has room for few calls (`server.OPTIONS`), so it makes few attempts.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import structlog

LOG_EVERY_S = 1.0
PAUSE_S, MAX_PAUSE_S = 0.5, 10.0
"""Before an attempt is answered."""

ANSWERS_PER_S = 200
"""An attempt takes 0.2 ms of a core."""

OPEN = ("/grpc.health.v1.Health/",)
"""Services that need no token: whether the master is ready is no secret."""

REFUSAL = "wrong join token; give this agent the token of the master (--token-file or GRADUAL_TOKEN)"


class TokenGuard(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Compares the token of every call, in a time that does not depend on where it differs."""

    def __init__(self, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._expected = f"Bearer {token}".encode()
        self._clock = clock
        self._refused = 0
        self._log_at = self._answer_at = 0.0
        self._log = structlog.get_logger("gradual.master")

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """The handler of a call, or one that refuses it."""
        if handler_call_details.method.startswith(OPEN) or self._accepts(handler_call_details.invocation_metadata):
            return await continuation(handler_call_details)
        return grpc.stream_stream_rpc_method_handler(self._refuse)

    def _accepts(self, metadata: Any) -> bool:
        given = next((value for key, value in metadata or () if key == "authorization"), "")
        shown = given if isinstance(given, bytes) else given.encode()
        return hmac.compare_digest(shown, self._expected)

    async def _refuse(self, _: Any, context: Any) -> None:
        self._refused += 1
        now = self._clock()
        if now >= self._log_at:
            calls = "a call" if self._refused == 1 else f"{self._refused} calls, the last of them"
            self._log.warning(f"refused {calls} without the right join token", peer=context.peer())
            self._refused, self._log_at = 0, now + LOG_EVERY_S
        await asyncio.sleep(self.pause(now))
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, REFUSAL)

    def pause(self, now: float) -> float:
        """How long an attempt waits: until those before it are answered."""
        turn = max(now + PAUSE_S, self._answer_at + 1 / ANSWERS_PER_S)
        self._answer_at = min(turn, now + MAX_PAUSE_S)
        return self._answer_at - now
