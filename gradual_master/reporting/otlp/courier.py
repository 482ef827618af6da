"""Takes parcels to the receiver in a thread of its own, one after the other, and again when one did not arrive.

While a parcel is on its way the ledger goes on: what came meanwhile is in the next one. A parcel is sent again as it
is, byte for byte, so that a receiver that had taken it after all sees the same points once more, and no others.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from gradual_master.reporting.otlp.carriers import Carrier, Delayed, Delivered, Refused
from gradual_master.reporting.otlp.ledger import Ledger, Parcel
from gradual_master.results.measures.intervals import IntervalRecord

Encode = Callable[[Parcel], ExportMetricsServiceRequest]

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0


class BackOff:
    """Exponential, with jitter, so that many senders do not come back at one instant (OTLP specification)."""

    def __init__(self, first_s: float = FIRST_DELAY_S) -> None:
        self._first_s = first_s
        self._next_s = first_s

    def next_s(self) -> float:
        """The next delay: doubled each time, less up to a half of it."""
        delay = self._next_s
        self._next_s = min(2 * delay, LONGEST_DELAY_S)
        return delay * random.uniform(0.5, 1)  # noqa: S311 - spreads senders, keeps no secret

    def reset(self) -> None:
        """Something arrived."""
        self._next_s = self._first_s


@dataclass(slots=True)
class Account:
    """What became of the exports. `reason`: why the last that failed did; `stale`: the last sums did not arrive."""

    posted: int = 0
    delivered: int = 0
    rejected_points: int = 0
    lost_requests: int = 0
    stale: bool = False
    reason: str = ""


class Courier:
    """Brings a ledger's parcels to the receiver. `post` is for one thread, which never waits for the receiver."""

    def __init__(self, carrier: Carrier, ledger: Ledger, encode: Encode, where: str, back_off: BackOff | None = None):
        self.account = Account()
        self._carrier = carrier
        self._ledger = ledger
        self._encode = encode
        self._where = where
        self._back_off = back_off or BackOff()
        self._log = structlog.get_logger(__name__)
        self._changed = threading.Condition()
        self._busy = False
        self._hurried = False
        self._stopped = False
        self._bug: Exception | None = None
        self._failing = False
        self._said: set[str] = set()
        self._thread = threading.Thread(target=self._work, name="gradual-otlp", daemon=True)
        self._thread.start()

    # ── For the reporter ───────────────────────────────────────────────────────────────────────────────────────────

    def post(self, record: IntervalRecord) -> None:
        """Send this interval."""
        self.change(lambda ledger: ledger.add(record))

    def change(self, change: Callable[[Ledger], None]) -> None:
        """Put something into the ledger, and send it; raises what the thread failed with, if it did."""
        with self._changed:
            if self._bug is not None:
                raise self._bug
            change(self._ledger)
            self.account.posted += 1
            self._changed.notify_all()

    def finish(self, timeout_s: float) -> None:
        """Deliver what there is, for at most so long and one attempt; then stop. Again: nothing."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            self._changed.wait_for(self._is_done, timeout_s)
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()
        while not self._ledger.is_empty:
            self._note_lost(self._ledger.take(), self.account.reason)

    def _is_done(self) -> bool:
        return self._bug is not None or (not self._busy and self._ledger.is_empty)

    # ── In the thread ──────────────────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        try:
            while (parcel := self._next()) is not None:
                self._deliver(parcel)
                self._note_done()
        except Exception as bug:
            # Raised where the next interval is posted, so that whoever runs the reporter hears of it.
            self._note_done(bug)

    def _note_done(self, bug: Exception | None = None) -> None:
        with self._changed:
            self._busy = False
            self._bug = bug
            self._changed.notify_all()

    def _next(self) -> Parcel | None:
        """The next parcel, once there is something in it; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._ledger.is_empty)
            if self._stopped:
                return None
            self._busy = True
            return self._ledger.take()

    def _deliver(self, parcel: Parcel) -> None:
        request = self._encode(parcel)
        while True:
            match self._carrier.send(request):
                case Delivered() as delivered:
                    return self._note_delivered(parcel, delivered)
                case Refused(reason):
                    return self._note_lost(parcel, reason)
                case Delayed(reason, after_s):
                    self._note_delayed(reason)
                    if not self._pause(after_s):
                        return self._note_lost(parcel, reason)

    def _pause(self, demanded_s: float | None) -> bool:
        """Wait before the next attempt; whether there is to be one.

        At the end of a run nobody waits out a back-off of ours; what the receiver asked for stands.
        """
        with self._changed:
            delay = self._back_off.next_s() if demanded_s is None else demanded_s
            hurried = self._hurried
            self._changed.wait_for(
                lambda: self._stopped or (self._hurried and not hurried and demanded_s is None), delay
            )
            if self._hurried and not hurried:
                self._back_off.reset()
            return not self._stopped

    # ── What became of it ──────────────────────────────────────────────────────────────────────────────────────────

    def _note_delivered(self, parcel: Parcel, delivered: Delivered) -> None:
        self._back_off.reset()
        self.account.delivered += len(parcel.instants)
        self.account.rejected_points += delivered.rejected
        if parcel.sums:
            self.account.stale = False
        if self._failing:
            self._failing = False
            self._log.info(f"otlp: metrics reach {self._where} again")
        if delivered.rejected or delivered.message:
            said = f"{delivered.rejected} data points were rejected" if delivered.rejected else "a warning"
            self._warn_once(f"otlp: {self._where} took an export with a remark: {said}: {delivered.message}")

    def _note_delayed(self, reason: str) -> None:
        self.account.reason = reason
        if not self._failing:
            self._failing = True
            self._log.warning(f"otlp: metrics do not reach {self._where}: {reason}; they are kept and sent again")

    def _note_lost(self, parcel: Parcel, reason: str) -> None:
        self.account.reason = reason
        if parcel.sums:
            self.account.stale = True
            if parcel.temporality == "delta":
                self.account.lost_requests += parcel.requests
        if not self._stopped:
            self._warn_once(f"otlp: {self._where} refuses metrics: {reason}")

    def _warn_once(self, text: str) -> None:
        """Of each remark the first: a receiver may repeat it every second."""
        if text not in self._said and len(self._said) < 20:
            self._said.add(text)
            self._log.warning(text)
