"""What an operator is told of one agent: how long it waits for its master, what to check, and why it ended."""

from __future__ import annotations

import structlog

from gradual_agent.coordination.contact import NOTICE_EVERY_NS, Redial
from gradual_agent.process.options import PROGRESS
from gradual_common.clock import NS_PER_S
from gradual_common.units import format_duration

MASTER_HINT = "check that gradual-master runs, that it listens there (--listen), and that no firewall is in between"


class AgentNotices:
    """The lines of one agent about the master at `target`."""

    def __init__(self, target: str, redial: Redial) -> None:
        self._target = target
        self._redial = redial
        self._was_connected = False
        """The master has been there since it was last waited for."""
        self._log = structlog.get_logger(__name__)
        self._progress = structlog.get_logger(PROGRESS)

    def say_welcomed(self, stream: int) -> None:
        """The master is there."""
        self._was_connected = True
        self._log.info("welcomed", stream=stream)

    def say_waiting(self, reason: str, now: int) -> None:
        """Say how long the agent waits for the master, and what to check; `reason`: why there is no stream."""
        if (waiting := self._redial.notice(now)) is None:
            return
        so_far, left = waiting[0], format_duration(-(-waiting[1] // NS_PER_S) * NS_PER_S)
        if self._was_connected:
            text = f"the connection to the master is lost: waiting for it at {self._target} for {left} at most"
            self._log.warning(text, reason=reason)
        elif so_far < NOTICE_EVERY_NS:
            self._progress.info(f"waiting for the master at {self._target} for {left} at most", reason=reason)
        else:
            since = format_duration(so_far // NS_PER_S * NS_PER_S)
            self._log.warning(
                f"no master at {self._target} for {since}, giving up in {left}: {MASTER_HINT}", reason=reason
            )
        self._was_connected = False

    def say_end(self, code: int, reason: str, dropped: tuple[int, ...]) -> None:
        """The agent ends with an exit code; `dropped`: the numbers of the batches that no master has taken."""
        say = self._log.error if code else self._progress.info
        facts: dict[str, object] = {"code": code}
        if dropped:
            reason += "; its last measurements were not delivered (dropped batches)"
            facts["dropped"] = list(dropped)
        say(f"this agent ends: {reason}", **facts)
