"""Sends exports to the receiver in a thread of its own, one after the other, and again when one did not arrive.

While an export is on its way intervals go on to be added: what came meanwhile is in the next one.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from gradual_master.reporting.otlp.encoding import encode
from gradual_master.reporting.otlp.pending import Export, PendingMetrics
from gradual_master.reporting.otlp.transport import Accepted, Rejected, Transport, Undelivered

FIRST_DELAY_S = 1.0
MAX_DELAY_S = 30.0
MAX_WARNINGS = 20


def back_off_s() -> Iterator[float]:
    """Delays, each twice the last, less up to a half, so that many senders do not come back at one instant.

    Source: OTLP specification, "Retryable Response Codes".
    """
    delay = FIRST_DELAY_S
    while True:
        yield delay * random.uniform(0.5, 1)  # noqa: S311 - spreads senders, keeps no secret
        delay = min(2 * delay, MAX_DELAY_S)


@dataclass(slots=True)
class ExportCounts:
    """What became of the exports."""

    posted: int = 0
    delivered: int = 0
    rejected_points: int = 0
    lost_requests: int = 0
    """Of deltas, which no later export repeats."""
    are_sums_stale: bool = False
    """Whether the last sums did not arrive."""
    reason: str = ""
    """Why the last export that failed did."""


class ExportThread:
    """Sends what is pending. `post` is for one thread, which never waits for the receiver."""

    def __init__(self, transport: Transport, pending: PendingMetrics, resource: Resource, where: str) -> None:
        self.counts = ExportCounts()
        self._transport = transport
        self._pending = pending
        self._resource = resource
        self._where = where
        self._delays = back_off_s()
        self._log = structlog.get_logger(__name__)
        self._changed = threading.Condition()
        """Guards `_pending` and the four below, which both threads use; the rest is the sending thread's."""
        self._is_sending = False
        self._is_finishing = False
        self._is_stopped = False
        self._bug: Exception | None = None
        self._is_failing = False
        self._warned: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="gradual-otlp", daemon=True)
        self._thread.start()

    def post(self, add: Callable[[PendingMetrics], None]) -> None:
        """Let `add` put something into what is pending, and send it; raises what the thread failed with, if it did."""
        with self._changed:
            if self._bug is not None:
                raise self._bug
            add(self._pending)
            self.counts.posted += 1
            self._changed.notify_all()

    def finish(self, timeout_s: float) -> None:
        """Deliver what there is, for at most so long and one attempt; then stop. Again: nothing."""
        with self._changed:
            # Two flags, as the end has two steps. The first one wakes a thread that waits out a back-off, for one more
            # attempt; once there is nothing left, or the time is over, the second one ends it. An attempt that is under
            # way then ends within the endpoint's timeout, and what it did not deliver is counted as lost.
            self._is_finishing = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._bug is not None or (not self._is_sending and self._pending.is_empty), timeout_s
            )
            self._is_stopped = True
            self._changed.notify_all()
        self._thread.join()
        while not self._pending.is_empty:
            self._note_lost(self._pending.take(), self.counts.reason)

    def _run(self) -> None:
        """What the thread does; an unexpected error is raised by the next `post`, as one of the reporter."""
        try:
            while (export := self._next()) is not None:
                self._deliver(export)
                self._end_sending()
        except Exception as bug:
            self._end_sending(bug)

    def _next(self) -> Export | None:
        """The next export, once there is something in it; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or not self._pending.is_empty)
            if self._is_stopped:
                return None
            self._is_sending = True
            return self._pending.take()

    def _end_sending(self, bug: Exception | None = None) -> None:
        with self._changed:
            self._is_sending = False
            self._bug = bug
            self._changed.notify_all()

    def _deliver(self, export: Export) -> None:
        request = encode(export, self._resource)
        while True:
            match self._transport.send(request):
                case Accepted() as accepted:
                    return self._note_accepted(export, accepted)
                case Rejected(reason):
                    return self._note_lost(export, reason)
                case Undelivered(reason, after_s):
                    self.counts.reason = reason
                    if not self._is_failing:
                        self._is_failing = True
                        later = "they are kept and sent again"
                        self._log.warning(f"otlp: metrics do not reach {self._where}: {reason}; {later}")
                    if not self._pause(after_s):
                        return self._note_lost(export, reason)

    def _pause(self, demanded_s: float | None) -> bool:
        """Wait before the next attempt; whether there is to be one.

        At the end of a run no back-off of ours is waited out; what the receiver asked for is.
        """
        with self._changed:
            delay = next(self._delays) if demanded_s is None else demanded_s
            was_finishing = self._is_finishing
            self._changed.wait_for(
                lambda: self._is_stopped or (self._is_finishing and not was_finishing and demanded_s is None),
                delay,
            )
            if self._is_finishing and not was_finishing:
                self._delays = back_off_s()
            return not self._is_stopped

    def _note_accepted(self, export: Export, accepted: Accepted) -> None:
        self._delays = back_off_s()
        self.counts.delivered += len(export.intervals)
        self.counts.rejected_points += accepted.rejected
        if export.sums:
            self.counts.are_sums_stale = False
        if self._is_failing:
            self._is_failing = False
            self._log.info(f"otlp: metrics reach {self._where} again")
        if accepted.rejected or accepted.message:
            kind = f"{accepted.rejected} data points were rejected" if accepted.rejected else "a warning"
            self._warn_once(f"otlp: {self._where} took an export with a remark: {kind}: {accepted.message}")

    def _note_lost(self, export: Export, reason: str) -> None:
        self.counts.reason = reason
        if export.sums:
            self.counts.are_sums_stale = True
            if export.temporality == "delta":
                self.counts.lost_requests += sum(sums.requests for _, sums in export.sums)
        if not self._is_stopped:
            self._warn_once(f"otlp: {self._where} refuses metrics: {reason}")

    def _warn_once(self, text: str) -> None:
        """Each text once: a receiver may repeat it every second."""
        if text not in self._warned and len(self._warned) < MAX_WARNINGS:
            self._warned.add(text)
            self._log.warning(text)
