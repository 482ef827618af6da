"""The thread that sends exports to the receiver, one after the other, and retries.

While an export is being sent, intervals are added to the pending metrics; they are in the next export.
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
"""Bounds of the back-off between two attempts."""

MAX_WARNINGS = 20
"""Different texts of a receiver that are logged."""


def back_off_s() -> Iterator[float]:
    """Delays that double, each reduced by a random part of up to a half: many senders must not retry at the same time.

    Source: OTLP specification, "Retryable Response Codes".
    """
    delay = FIRST_DELAY_S
    while True:
        yield delay * random.uniform(0.5, 1)  # noqa: S311 - spreads senders, keeps no secret
        delay = min(2 * delay, MAX_DELAY_S)


@dataclass(slots=True)
class ExportCounts:
    """The results of the exports, for the report at the end."""

    posted: int = 0
    """Intervals, and the verdict."""
    delivered: int = 0
    """How many of them the receiver accepted."""
    rejected_points: int = 0
    """Data points that the receiver rejected in accepted exports."""
    lost_requests: int = 0
    """Requests in lost deltas: no later export repeats them."""
    are_sums_stale: bool = False
    """Whether the last sums that were sent are lost."""
    reason: str = ""
    """Why the last failed export failed."""


class ExportThread:
    """Sends pending metrics. One other thread calls `post`, which never waits for the receiver."""

    def __init__(self, transport: Transport, pending: PendingMetrics, resource: Resource, where: str) -> None:
        self.counts = ExportCounts()
        self._transport = transport
        self._pending = pending
        self._resource = resource
        self._where = where
        self._delays = back_off_s()
        self._log = structlog.get_logger(__name__)
        self._changed = threading.Condition()
        """Guards `_pending` and the four flags below, which both threads use; the sending thread alone uses the
        rest."""
        self._is_sending = False
        self._is_finishing = False
        self._is_stopped = False
        self._bug: Exception | None = None
        self._is_failing = False
        self._warned: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="gradual-otlp", daemon=True)
        self._thread.start()

    def post(self, add: Callable[[PendingMetrics], None]) -> None:
        """Call `add` with the pending metrics and wake the thread; raise the error that ended the thread, if there is
        one."""
        with self._changed:
            if self._bug is not None:
                raise self._bug
            add(self._pending)
            self.counts.posted += 1
            self._changed.notify_all()

    def finish(self, timeout_s: float) -> None:
        """Deliver what is pending for at most `timeout_s` and one attempt, then stop. A second call does nothing."""
        with self._changed:
            # Two flags, because the end has two steps:
            # 1. `_is_finishing` wakes the thread from a back-off for one more attempt.
            # 2. `_is_stopped` ends it, when nothing is pending or the time is over. An attempt that is running ends
            #    within the timeout of the endpoint; what it did not deliver is counted as lost.
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
        """The loop of the thread. An unexpected error is kept; the next `post` raises it as an error of the
        reporter."""
        try:
            while (export := self._next()) is not None:
                self._deliver(export)
                self._end_sending()
        except Exception as bug:
            self._end_sending(bug)

    def _next(self) -> Export | None:
        """Wait for pending metrics and take them; None at the end."""
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
        """Wait before the next attempt; return whether there is one.

        The end of the run cuts our own back-off short, but not a delay that the receiver asked for (Retry-After).
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
            kind = f"{accepted.rejected} data points were rejected" if accepted.rejected else "warning"
            self._warn_once(f"otlp: {self._where} accepted an export, but: {kind}: {accepted.message}")

    def _note_lost(self, export: Export, reason: str) -> None:
        self.counts.reason = reason
        if export.sums:
            self.counts.are_sums_stale = True
            if export.temporality == "delta":
                self.counts.lost_requests += sum(sums.requests for _, sums in export.sums)
        if not self._is_stopped:
            self._warn_once(f"otlp: {self._where} rejects metrics: {reason}")

    def _warn_once(self, text: str) -> None:
        """Log each text once: a receiver may repeat it every second."""
        if text not in self._warned and len(self._warned) < MAX_WARNINGS:
            self._warned.add(text)
            self._log.warning(text)
