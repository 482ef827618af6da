"""The record of one step: every sample into its frame.

Which times are recorded:

    outcome                       response time     exchange, time to first byte
    success                       yes               yes
    failure, whole response       yes               yes
    timeout, no whole response    until it ended    no
    any other failure             no                no

Whether the response arrived whole follows from the kind of failure, or from the sample (`Sample.has_response`).

A successful sample costs three appends to arrays of machine integers and a few additions. Histograms, sums and counts
of messages are made from whole arrays when a batch is sealed.

Hot path (docs/design/style.md, 16): plain attributes and bound methods. No slots: they are not faster, and there is one
object per step. Measured on one busy core: 0.5 µs per successful sample.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from functools import partial

from gradual_agent.recording.frames import Cell, OpenFrame, StepFrame
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.kinds.failures import BUILT_IN_KINDS, KIND, FailureKinds
from gradual_common.protocol.batch import COUNTERS

TIMEOUT = KIND["timeout"]


class StepRecord:
    """What one step measured in the open frame."""

    def __init__(self, frame: OpenFrame, number: int, failures: FailureKinds = BUILT_IN_KINDS) -> None:
        self._frame = frame
        self._has_response_by_kind = failures.have_response
        """Whether a failure kind implies a whole response; None: the sample decides."""
        self._judged_kinds = failures.judged
        """Failure kinds of responses whose assertions were evaluated."""
        self.number = number
        self.assertion_count = 0
        self._always_has_exchange = True
        self._clear()

    def _clear(self) -> None:
        self.ok = ok = Cell()
        self.add_response_time = ok.response_times.append
        self.add_exchange = ok.exchanges.append
        self.add_ttfb = ok.ttfbs.append
        if not self._always_has_exchange:
            self.add_exchange, self.add_ttfb = partial(_add_if_any, ok.exchanges), partial(_add_if_any, ok.ttfbs)
        self.failed: defaultdict[int, Cell] = defaultdict(Cell)
        self.statuses = ok.statuses
        self.failed_assertions: defaultdict[int, int] = defaultdict(int)
        self.judged = 0
        self.sent = self.unsent = self.interrupted = self.skipped = 0
        self.hops = self.retried = self.resent = self.further = 0
        self.bytes_sent = self.bytes_received = self.auth_sent = 0

    def expect_none(self) -> None:
        """A successful sample may have no exchange: its exchange and its time to first byte are then below 0."""
        self._always_has_exchange = False
        self._clear()

    def record(self, sample: Sample) -> None:
        """Count a sample that ended, with any outcome."""
        ended = sample.ended
        frame = self._frame
        if ended >= frame.boundary:
            frame.roll(ended)
        if sample.kind:
            self._record_failure(sample)
            return
        written = sample.written
        self.add_response_time(ended - sample.started)
        self.add_exchange(ended - written)
        self.add_ttfb(sample.first_byte - written)
        self.statuses[sample.status_code] += 1
        self.bytes_sent += sample.bytes_sent
        self.bytes_received += sample.bytes_received
        if sample.connect >= 0:
            self.ok.connects.append(sample.connect)
        if sample.messages != 1:
            # `take` counts one message for each success.
            self.sent -= 1
            self.unsent += sample.messages == sample.auth_sent
            self._count_messages(sample)

    def skip(self, now: int) -> None:
        """Count a step that its condition left out."""
        if now >= self._frame.boundary:
            self._frame.roll(now)
        self.skipped += 1

    def _count_messages(self, sample: Sample) -> None:
        self.sent += sample.messages
        self.hops += sample.hops
        self.retried += sample.retried
        self.resent += sample.resent
        self.auth_sent += sample.auth_sent
        named = sample.hops + sample.retried + sample.resent + sample.auth_sent
        if (more := sample.messages - 1 - named) > 0:
            self.further += more

    def _record_failure(self, sample: Sample) -> None:
        self._count_messages(sample)
        self.bytes_sent += sample.bytes_sent
        self.bytes_received += sample.bytes_received
        if sample.kind == INTERRUPTED:
            # Neither request nor failure. A request that was cut before its first byte does not count as begun.
            if sample.messages > sample.auth_sent:
                self.interrupted += 1
            else:
                self._frame.begun -= 1
            return
        cell = self.failed[sample.kind]
        cell.count += 1
        self.unsent += sample.messages == sample.auth_sent
        if sample.connect >= 0:
            cell.connects.append(sample.connect)
        answered = self._has_response_by_kind[sample.kind]
        if answered or (answered is None and sample.has_response):
            cell.statuses[sample.status_code] += 1
            cell.response_times.append(sample.ended - sample.started)
            cell.exchanges.append(sample.ended - sample.written)
            cell.ttfbs.append(sample.first_byte - sample.written)
        elif sample.kind == TIMEOUT:
            cell.response_times.append(sample.ended - sample.started)
        if sample.kind in self._judged_kinds:
            self._count_assertions(sample.failed_assertions)

    def _count_assertions(self, failed: int) -> None:
        self.judged += 1
        # Bit n of `failed` is set when assertion n failed. Passed ones are the judged samples less the failed (`take`).
        for number in range(failed.bit_length()):
            self.failed_assertions[number] += failed >> number & 1

    def take(self) -> StepFrame | None:
        """What was measured since the last call; None if nothing was."""
        ok = self.ok
        ok.count = len(ok.response_times)
        if not (ok.count or self.failed or self.skipped or self.sent or self.interrupted):
            return None
        self.sent += ok.count
        counters = tuple(getattr(self, name) for name in COUNTERS)
        cells = [(0, ok), *self.failed.items()] if ok.count else list(self.failed.items())
        judged = ok.count + self.judged
        assertions = [
            (number, judged - self.failed_assertions[number], self.failed_assertions[number])
            for number in range(self.assertion_count if judged else 0)
        ]
        frame = StepFrame(self.number, cells, counters, assertions)
        self._clear()
        return frame


def _add_if_any(times: array[int], time: int) -> None:
    if time >= 0:
        times.append(time)
